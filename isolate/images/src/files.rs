//! Files of an image: read once, within bounds; written once, over nothing.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use veracruz_policy::Sha256;

use crate::ImageError;

/// The bytes of one file of an image, and their digest. Where they are from an image that was
/// opened, the digest is the one that `image.json` names.
#[derive(Clone)]
pub struct Part {
    bytes: Vec<u8>,
    sha256: Sha256,
}

impl Part {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::of(&bytes);
        Self { bytes, sha256 }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} bytes, {})", self.bytes.len(), self.sha256)
    }
}

/// Reads a regular file of at most `limit` bytes.
pub(crate) fn read(path: &Path, part: &'static str, limit: u64) -> Result<Vec<u8>, ImageError> {
    let failed = |error| ImageError::file(path, error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(ImageError::differs(part, "a regular file", path.display()));
    }
    let mut bytes = Vec::new();
    // One more than is allowed: a file may grow while it is read.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let found = bytes.len() as u64;
    if found > limit {
        let found = found.max(metadata.len());
        return Err(ImageError::TooLarge { part, limit, found });
    }
    Ok(bytes)
}

/// Writes a file that is not there yet. What is executable is so for everybody; nothing is secret.
pub(crate) fn write_new(path: &Path, bytes: &[u8], executable: bool) -> Result<(), ImageError> {
    let failed = |error| ImageError::file(path, error);
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    for_everybody(&file, executable).map_err(failed)
}

/// Sets the mode, whatever the umask is, so that one image is one on every machine.
#[cfg(unix)]
fn for_everybody(file: &File, executable: bool) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if executable { 0o755 } else { 0o644 };
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// Systems without modes start no isolates: their images are to be measured, or carried elsewhere.
#[cfg(not(unix))]
fn for_everybody(_: &File, _: bool) -> std::io::Result<()> {
    Ok(())
}
