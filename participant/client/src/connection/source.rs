//! Where the bytes of an upload come from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256 as Hasher};
use tokio::task::spawn_blocking;
use veracruz_policy::{FilePath, Sha256};

use super::stamp::Stamp;
use crate::error::Error;

/// What is uploaded.
#[derive(Clone, Debug)]
pub enum Source {
    /// A local file. It is read twice: its digest is announced before its contents are sent.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Bytes),
    /// What came from a stream.
    Spooled(Spool),
}

/// What came from a stream: in a file that has no name, so that nothing is left of it however
/// this process ends. It lies where temporary files do (`TMPDIR`).
#[derive(Clone, Debug)]
pub struct Spool {
    file: Arc<File>,
    sha256: Sha256,
    length: u64,
}

/// A source that was read once: its digest is known.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) source: Source,
    pub(super) sha256: Sha256,
    pub(super) length: u64,
    /// By which it is noticed that the file is not the one any more that was read.
    pub(super) stamp: Option<Stamp>,
}

/// Bytes that are read from a file at once. Whatever is in memory is at most five of these.
pub(super) const CHUNK: usize = 256 << 10;

impl Source {
    /// Reads it once, beside whatever else goes on, and computes its digest.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::FileChanged`] where somebody writes to it meanwhile.
    pub async fn prepare(&self) -> Result<Prepared, Error> {
        let (sha256, length, stamp) = match self {
            Self::Bytes(bytes) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (Sha256::of(bytes), length, None)
            }
            Self::Spooled(spool) => (spool.sha256, spool.length, None),
            Self::File(path) => {
                let path = path.clone();
                let hashed = spawn_blocking(move || hash_file(&path));
                hashed.await.map_err(stopped)??
            }
        };
        Ok(Prepared {
            source: self.clone(),
            sha256,
            length,
            stamp,
        })
    }
}

impl Prepared {
    /// The digest that is announced.
    pub fn sha256(&self) -> &Sha256 {
        &self.sha256
    }

    /// The length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The local file, where it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }
}

impl Spool {
    /// Reads `stream` to its end, at most `max_bytes` of it, for the policy's file `path`.
    ///
    /// # Errors
    /// [`Error::FileTooLarge`] as soon as there is one byte too many; [`Error::File`] where the
    /// stream cannot be read or there is no room for it.
    pub fn read(mut stream: impl Read, path: &FilePath, max_bytes: u64) -> Result<Self, Error> {
        let folder = std::env::temp_dir();
        let mut file = tempfile::tempfile_in(&folder).map_err(Error::file(&folder, "write"))?;
        let mut hasher = Hasher::new();
        let mut length: u64 = 0;
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => buffer.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::file("the stream", "read")(error)),
            };
            length = length.saturating_add(u64::try_from(read.len()).unwrap_or(u64::MAX));
            if length > max_bytes {
                return Err(Error::FileTooLarge {
                    path: path.clone(),
                    expected: max_bytes,
                    found: length,
                });
            }
            hasher.update(read);
            file.write_all(read)
                .map_err(Error::file(&folder, "write"))?;
        }
        Ok(Self {
            file: Arc::new(file),
            sha256: Sha256::from_bytes(hasher.finalize().into()),
            length,
        })
    }

    /// How many bytes came.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A reader from `offset`, with a place of its own: an earlier connection's reader may not
    /// have ended yet.
    pub(super) fn reader(&self, offset: u64) -> impl Read + Send + 'static {
        At {
            file: Arc::clone(&self.file),
            offset,
        }
    }
}

struct At {
    file: Arc<File>,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.offset)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.offset)?;
        self.offset = self
            .offset
            .saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

fn hash_file(path: &Path) -> Result<(Sha256, u64, Option<Stamp>), Error> {
    let mut file = File::open(path).map_err(Error::file(path, "open"))?;
    let stamp = |file: &File| Stamp::of(file).map_err(Error::file(path, "read"));
    let before = stamp(&file)?;
    let mut hasher = Hasher::new();
    let length = hash_rest(&mut file, &mut hasher).map_err(Error::file(path, "read"))?;
    if stamp(&file)? != before {
        return Err(Error::FileChanged { path: path.into() });
    }
    Ok((
        Sha256::from_bytes(hasher.finalize().into()),
        length,
        Some(before),
    ))
}

/// Hashes all that is left in a file; returns how many bytes that were.
pub(super) fn hash_rest(file: &mut File, hasher: &mut Hasher) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut length: u64 = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

/// Opens the file that was prepared, at `offset`.
pub(super) fn reopen(path: &Path, stamp: Option<&Stamp>, offset: u64) -> Result<File, Error> {
    let mut file = File::open(path).map_err(Error::file(path, "open"))?;
    unchanged(&file, path, stamp)?;
    file.seek(SeekFrom::Start(offset))
        .map_err(Error::file(path, "read"))?;
    Ok(file)
}

/// Refuses a file that somebody has written to, or put another one in the place of.
pub(super) fn unchanged(file: &File, path: &Path, stamp: Option<&Stamp>) -> Result<(), Error> {
    let found = Stamp::of(file).map_err(Error::file(path, "read"))?;
    match stamp {
        Some(stamp) if *stamp != found => Err(Error::FileChanged { path: path.into() }),
        _ => Ok(()),
    }
}

pub(crate) fn stopped(error: tokio::task::JoinError) -> Error {
    Error::Machine {
        reason: format!("a task of this client ended early: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> FilePath {
        FilePath::parse("/input/a").unwrap()
    }

    #[test]
    fn a_stream_is_read_up_to_the_policys_limit_and_not_a_byte_further() {
        let spool = Spool::read(&b"abc"[..], &input(), 3).unwrap();
        assert_eq!((spool.sha256, spool.length), (Sha256::of(b"abc"), 3));
        let mut rest = String::new();
        spool.reader(1).read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "bc");
        let error = Spool::read(io::repeat(7), &input(), 10_000_000).unwrap_err();
        assert!(matches!(
            error,
            Error::FileTooLarge {
                expected: 10_000_000,
                ..
            }
        ));
    }

    #[test]
    fn a_file_that_was_written_to_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        let (sha256, length, stamp) = hash_file(&path).unwrap();
        assert_eq!((sha256, length), (Sha256::of(b"abc"), 3));
        reopen(&path, stamp.as_ref(), 1).unwrap();
        let other = folder.path().join("b");
        std::fs::write(&other, "abc").unwrap();
        std::fs::rename(&other, &path).unwrap();
        let error = reopen(&path, stamp.as_ref(), 1).unwrap_err();
        assert!(matches!(error, Error::FileChanged { .. }), "{error:?}");
        let (_, _, stamp) = hash_file(&path).unwrap();
        std::fs::write(&path, "abcd").unwrap();
        assert!(reopen(&path, stamp.as_ref(), 1).is_err());
    }
}
