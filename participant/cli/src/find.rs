//! Where things are that belong together: the runtime beside this binary, the example's files.

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

/// The folder of the demo's example.
pub(crate) fn example(given: Option<&Path>) -> Result<PathBuf, CliError> {
    let path = given.unwrap_or(Path::new("programs/examples/psi"));
    existing(path.to_owned(), "the example's folder")
}

/// The demo's program.
pub(crate) fn program(given: Option<&Path>) -> Result<PathBuf, CliError> {
    let built = Path::new("programs/target/wasm32-wasip1/release/psi.wasm");
    existing(
        given.unwrap_or(built).to_owned(),
        "the example's compiled program",
    )
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
