//! What `cargo xtask test` built.

use std::path::PathBuf;

/// Absolute paths.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The measured runtime (`VERACRUZ_RUNTIME`).
    pub runtime: PathBuf,
    /// The command line (`VERACRUZ_BIN`).
    pub veracruz: PathBuf,
    /// The program of the example `psi` (`VERACRUZ_PSI_PROGRAM`).
    pub psi_program: PathBuf,
}

impl Artifacts {
    /// From the environment; where it says nothing, prints that the test is skipped, and why.
    ///
    /// # Panics
    /// Where a variable names a file that is not there: that is a mistake, not a missing build.
    #[must_use]
    pub fn find() -> Option<Self> {
        Some(Self {
            runtime: path("VERACRUZ_RUNTIME")?,
            veracruz: path("VERACRUZ_BIN")?,
            psi_program: path("VERACRUZ_PSI_PROGRAM")?,
        })
    }
}

fn path(variable: &str) -> Option<PathBuf> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else {
        println!("skipped: {variable} is not set; `cargo xtask test` builds and sets everything");
        return None;
    };
    assert!(
        path.is_file(),
        "{variable}: there is no file {}",
        path.display()
    );
    Some(path)
}
