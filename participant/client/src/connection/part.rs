//! What has arrived of a download so far.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};
use tokio::task::spawn_blocking;
use veracruz_policy::Sha256;

use super::source::{hash_rest, stopped};
use crate::error::Error;
use crate::files;

/// A private file, and the digest of what is in it.
pub(crate) struct Part {
    file: File,
    /// Where it is; `None` where it has no name.
    path: Option<PathBuf>,
    hasher: Hasher,
    length: u64,
}

/// What a name may have beside the digest, with room for it below the 255 bytes of a file system.
const MAX_NAME: usize = 200;

impl Part {
    /// The part beside `destination` of contents with this digest: what an earlier download left,
    /// or a new one.
    pub(crate) async fn beside(destination: &Path, sha256: &Sha256) -> Result<Self, Error> {
        let path = name_beside(destination, sha256);
        spawn_blocking(move || Self::open(path))
            .await
            .map_err(stopped)?
    }

    /// A part that nobody else sees and of which nothing is left, however this process ends.
    pub(crate) fn without_a_name() -> Result<Self, Error> {
        let folder = std::env::temp_dir();
        let file = tempfile::tempfile_in(&folder).map_err(Error::file(&folder, "write"))?;
        Ok(Self {
            file,
            path: None,
            hasher: Hasher::new(),
            length: 0,
        })
    }

    fn open(path: PathBuf) -> Result<Self, Error> {
        let mut file = files::append_private(&path).map_err(Error::file(&path, "write"))?;
        // Two downloads into one file would spoil it.
        file.try_lock()
            .map_err(|error| Error::file(&path, "lock")(error.into()))?;
        let mut hasher = Hasher::new();
        file.seek(SeekFrom::Start(0))
            .map_err(Error::file(&path, "read"))?;
        let length = hash_rest(&mut file, &mut hasher).map_err(Error::file(&path, "read"))?;
        Ok(Self {
            file,
            path: Some(path),
            hasher,
            length,
        })
    }

    /// How many bytes have arrived.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The digest of those.
    pub(crate) fn sha256(&self) -> Sha256 {
        Sha256::from_bytes(self.hasher.clone().finalize().into())
    }

    /// Forgets what has arrived.
    pub(crate) fn start_again(&mut self) -> Result<(), Error> {
        let cut = self.file.set_len(0);
        cut.and_then(|()| self.file.seek(SeekFrom::Start(0)).map(drop))
            .map_err(|error| self.failed(error))?;
        self.hasher = Hasher::new();
        self.length = 0;
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length = self
            .length
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// An error in writing it.
    pub(crate) fn failed(&self, error: io::Error) -> Error {
        match &self.path {
            Some(path) => Error::file(path, "write")(error),
            None => Error::file(std::env::temp_dir(), "write")(error),
        }
    }

    /// Removes it: it is not what it should be.
    pub(crate) fn remove(self) -> Result<(), Error> {
        match self.path {
            Some(path) => fs::remove_file(&path).map_err(Error::file(&path, "remove")),
            None => Ok(()),
        }
    }

    /// Writes it through to the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|error| self.failed(error))
    }

    /// Puts it where it belongs.
    pub(crate) fn put_in_place(self, destination: &Path, overwrite: bool) -> Result<(), Error> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        files::put_in_place(path, destination, overwrite).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                Error::DestinationExists {
                    path: destination.into(),
                }
            } else {
                Error::file(destination, "write")(error)
            }
        })
    }

    /// The file, to be read from its beginning.
    pub(crate) fn into_file(mut self) -> Result<File, Error> {
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|error| self.failed(error))?;
        Ok(self.file)
    }
}

/// Whether an earlier download may have left something beside `destination`.
pub(crate) fn left_beside(destination: &Path) -> bool {
    let start = start_of_name(destination);
    let folder = match destination.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(&start) && name.ends_with(ENDING)
    })
}

const ENDING: &str = ".part";

/// The name has the digest in it, so that what is there can only be a beginning of the same.
fn name_beside(destination: &Path, sha256: &Sha256) -> PathBuf {
    let digest = sha256.to_string();
    let digest = digest.get(..16).unwrap_or_default();
    let start = start_of_name(destination);
    destination.with_file_name(format!("{start}{digest}{ENDING}"))
}

fn start_of_name(destination: &Path) -> String {
    let name = destination.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let mut start = String::from(".");
    for c in name.chars() {
        if start.len().saturating_add(c.len_utf8()) > MAX_NAME {
            break;
        }
        start.push(c);
    }
    start.push('.');
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_there_is_hashed_and_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".out.part");
        let open = || Part::open(path.clone());
        let mut part = open().unwrap();
        part.write(b"abc").unwrap();
        drop(part);
        let mut part = open().unwrap();
        assert_eq!((part.length(), part.sha256()), (3, Sha256::of(b"abc")));
        part.write(b"def").unwrap();
        assert_eq!(part.sha256(), Sha256::of(b"abcdef"));
        // A second one would spoil it.
        assert!(open().is_err());
        part.start_again().unwrap();
        part.write(b"x").unwrap();
        drop(part);
        assert_eq!(fs::read(&path).unwrap(), b"x");
        open().unwrap().remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn parts_of_different_contents_have_different_names() {
        let destination = Path::new("/tmp/out.csv");
        let one = name_beside(destination, &Sha256::of(b"1"));
        assert_ne!(one, name_beside(destination, &Sha256::of(b"2")));
        assert_eq!(one.parent(), destination.parent());
        let long = format!("/tmp/{}", "é".repeat(127));
        let name = name_beside(Path::new(&long), &Sha256::of(b"1"));
        assert!(name.file_name().unwrap().len() <= 255);
    }

    #[test]
    fn what_an_earlier_download_left_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("out.csv");
        assert!(!left_beside(&destination));
        fs::write(folder.path().join(".other.csv.00.part"), "").unwrap();
        assert!(!left_beside(&destination));
        fs::write(name_beside(&destination, &Sha256::of(b"1")), "").unwrap();
        assert!(left_beside(&destination));
        assert!(!left_beside(Path::new("/nowhere/at/all")));
    }
}
