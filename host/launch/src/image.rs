//! The runtime's binary.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::LaunchError;

/// An opened file that holds the runtime's static binary.
///
/// It is not measured here: the attester measures the bytes that it will execute.
#[derive(Debug)]
pub struct RuntimeImage {
    file: File,
    path: PathBuf,
}

impl RuntimeImage {
    /// Opens the binary at `path`.
    ///
    /// # Errors
    ///
    /// A file that is not there, may not be read, or is no regular file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LaunchError> {
        let path = path.as_ref().to_path_buf();
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(nonblocking)
            .open(&path);
        let file = opened.map_err(|source| LaunchError::NoImage {
            path: path.clone(),
            source,
        })?;
        let metadata = file.metadata().map_err(|source| LaunchError::NoImage {
            path: path.clone(),
            source,
        })?;
        if !metadata.is_file() {
            return Err(LaunchError::ImageIsNoFile { path });
        }
        Ok(Self { file, path })
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}
