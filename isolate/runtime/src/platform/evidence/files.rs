//! Files through which kernels give evidence: short, and read whole.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use super::EvidenceError;

/// Reads a file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Writes a whole attribute in one call: kernels take each write as a value of its own.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), std::io::Error> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let written = file.write(bytes)?;
    if written == bytes.len() {
        return Ok(());
    }
    Err(std::io::ErrorKind::WriteZero.into())
}

/// The most bytes of an attribute that is one word.
pub(super) const MAX_WORD_BYTES: usize = 64;

/// The word that an attribute holds, without the line break at its end.
pub(super) fn word(attribute: std::io::Result<Vec<u8>>) -> Result<String, EvidenceError> {
    let bytes = attribute.map_err(|_| EvidenceError("an attribute cannot be read"))?;
    let text = String::from_utf8(bytes).map_err(|_| EvidenceError("an attribute is no text"))?;
    Ok(text.trim_end().to_owned())
}
