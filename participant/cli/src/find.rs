//! Where things are that belong together.

#[cfg(target_os = "linux")]
mod parts;

#[cfg(target_os = "linux")]
pub(crate) use parts::{example, isolates, program};

use crate::error::CliError;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// This binary.
pub(crate) fn executable() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|source| CliError::file(Path::new("veracruz"), source))
}

/// The runtime: as given, or `veracruz-runtime` beside this binary.
pub(crate) fn runtime(given: Option<&Path>) -> Result<PathBuf, CliError> {
    match given {
        Some(path) => existing(path.to_owned(), "the runtime's binary"),
        None => existing(
            executable()?.with_file_name("veracruz-runtime"),
            "the runtime's binary",
        ),
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn digest(path: &Path) -> Result<String, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::file(path, source))?;
    Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

fn existing(path: PathBuf, what: &'static str) -> Result<PathBuf, CliError> {
    // Children run in other folders.
    std::path::absolute(&path)
        .ok()
        .filter(|path| path.exists())
        .ok_or(CliError::Missing { what, path })
}
