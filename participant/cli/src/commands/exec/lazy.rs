//! Files of this machine that are read when the program reads them.

use std::path::PathBuf;
use std::sync::OnceLock;
use veracruz_vfs::Storage;

/// A file of a folder: it is as long as it was when the folder was loaded, and its bytes are
/// fetched when somebody looks at them. So a large folder costs what is read of it.
pub(super) struct LazyFile {
    path: PathBuf,
    size: u64,
    fetched: OnceLock<Result<Vec<u8>, std::io::Error>>,
}

impl LazyFile {
    pub(super) fn new(path: PathBuf, size: u64) -> Self {
        Self {
            path,
            size,
            fetched: OnceLock::new(),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Why it could not be fetched, where somebody tried. The program has read zeros then.
    pub(super) fn failure(&self) -> Option<std::io::Error> {
        let error = self.fetched.get()?.as_ref().err()?;
        Some(std::io::Error::new(error.kind(), error.to_string()))
    }

    fn fetch(&self) -> Result<Vec<u8>, std::io::Error> {
        let bytes = std::fs::read(&self.path)?;
        if bytes.len() as u64 == self.size {
            Ok(bytes)
        } else {
            Err(std::io::Error::other("it changed while the program ran"))
        }
    }
}

impl Storage for LazyFile {
    /// What it should have been, in zeros, where it cannot be had: the length must not change.
    fn as_slice(&self) -> &[u8] {
        match self.fetched.get_or_init(|| self.fetch()) {
            Ok(bytes) => bytes,
            Err(_) => &[],
        }
    }

    fn size(&self) -> u64 {
        self.size
    }
}
