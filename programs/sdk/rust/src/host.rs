//! Where the files of a policy are.

use std::path::PathBuf;

/// In an isolate, and wherever else this is WebAssembly, a file is at its path. Natively, for debuggers
/// and profilers, it is below the folder that the variable `VERACRUZ_ROOT` names, if it names one.
pub(crate) fn place(path: &str) -> PathBuf {
    match root() {
        Some(root) => root.join(path.trim_start_matches('/')),
        None => PathBuf::from(path),
    }
}

#[cfg(target_os = "wasi")]
fn root() -> Option<PathBuf> {
    None
}

#[cfg(not(target_os = "wasi"))]
fn root() -> Option<PathBuf> {
    std::env::var_os("VERACRUZ_ROOT").map(PathBuf::from)
}
