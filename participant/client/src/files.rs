//! Files of the participant's: private, whole or not there, never overwritten by accident.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::modes::{others_may_read, sync_folder, with_mode};

/// Readable by its owner alone.
const PRIVATE: u32 = 0o600;

/// Makes a file that must not exist yet: beside its place first, so that it is there whole or not
/// at all.
pub(crate) fn create_new(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let unique = getrandom::u64().map_err(io::Error::other)?;
    let part = beside(path, &format!(".{unique:016x}.part"));
    let mut options = OpenOptions::new();
    let mut file = with_mode(options.write(true).create_new(true), mode).open(&part)?;
    let put = file
        .write_all(contents)
        .and_then(|()| file.sync_all())
        .and_then(|()| put_in_place(&part, path, false));
    if put.is_err() {
        // What is left of it helps nobody.
        let _ = fs::remove_file(&part);
    }
    put
}

/// Opens a private file for writing from its end; makes it if it is not there.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    with_mode(options.read(true).append(true).create(true), PRIVATE).open(path)
}

/// Opens an empty private file for a lock.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    with_mode(options.write(true).create(true).truncate(false), PRIVATE).open(path)
}

/// Makes or replaces a private file as a whole: whoever reads it sees the old or the new one.
///
/// # Errors
/// What the operating system says; the old one is there then.
pub fn replace_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let next = beside(path, ".next");
    replace(&next, contents, PRIVATE)?;
    if let Err(error) = fs::rename(&next, path) {
        let _ = fs::remove_file(&next);
        return Err(error);
    }
    sync_folder(path)
}

/// Writes a file anew, in the place of what may stand there. For a moment there is none.
pub(crate) fn replace(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create_new(path, contents, mode)
}

/// Reads a file of at most `limit` bytes that nobody else can read.
pub(crate) fn read_private(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    // Of the file that is open, not of what may stand at its path by now.
    let metadata = file.metadata()?;
    if others_may_read(&metadata) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "others can read it; `chmod 600` it, and think about who may have read it",
        ));
    }
    let mut contents = Zeroizing::new(Vec::with_capacity(room(&metadata, limit)));
    read_into(file, limit, &mut contents)?;
    Ok(contents)
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut contents = Vec::with_capacity(room(&file.metadata()?, limit));
    read_into(file, limit, &mut contents)?;
    Ok(contents)
}

/// So much that nothing is moved while it is read, which would leave copies of secrets.
fn room(metadata: &Metadata, limit: u64) -> usize {
    let length = usize::try_from(metadata.len().min(limit));
    length.unwrap_or(0).saturating_add(1)
}

fn read_into(file: File, limit: u64, contents: &mut Vec<u8>) -> io::Result<()> {
    file.take(limit.saturating_add(1)).read_to_end(contents)?;
    if u64::try_from(contents.len()).is_ok_and(|length| length <= limit) {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {limit} bytes"),
        ))
    }
}

/// Puts `from` at `to`, in the same folder.
///
/// # Errors
/// `AlreadyExists` where something is at `to` and `overwrite` is not set.
pub(crate) fn put_in_place(from: &Path, to: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite {
        fs::rename(from, to)?;
    } else {
        // A link, since renaming would replace what came there in the meantime.
        match fs::hard_link(from, to) {
            Ok(()) => fs::remove_file(from)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // Not every file system has links.
            Err(_) if to.symlink_metadata().is_err() => fs::rename(from, to)?,
            Err(error) => return Err(error),
        }
    }
    sync_folder(to)
}

/// `path` with `suffix` after its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create_new(&path, b"one", PRIVATE).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = create_new(&path, b"two", PRIVATE).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(*read_private(&path, 3).unwrap(), b"one");
    }

    #[test]
    fn refuses_files_that_others_can_read_and_files_that_are_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        create_new(&path, b"four", PRIVATE).unwrap();
        assert_eq!(
            read_private(&path, 3).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        for mode in [0o640, 0o604, 0o660, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read_private(&path, 4).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{mode:o}");
        }
    }

    #[test]
    fn nothing_is_overwritten_unless_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        create_new(&from, b"new", PRIVATE).unwrap();
        create_new(&to, b"old", PRIVATE).unwrap();
        let error = put_in_place(&from, &to, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"old");
        put_in_place(&from, &to, true).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!from.exists());
    }
}
