//! What `cargo xtask test` built.

use std::path::PathBuf;
use veracruz_machine::{Board, Tools};

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

/// The image of a virtual machine (`VERACRUZ_IMAGES`, folder `microvm`), where this machine can run
/// it; else prints that the test is skipped, and why.
#[must_use]
pub fn microvm() -> Option<PathBuf> {
    machine_image("microvm", Board::Q35)
}

/// The image of that name in `VERACRUZ_IMAGES`, where this machine can run it; else prints that the
/// test is skipped, and why.
#[must_use]
pub fn machine_image(name: &str, board: Board) -> Option<PathBuf> {
    let Some(images) = std::env::var_os("VERACRUZ_IMAGES").map(PathBuf::from) else {
        println!("skipped: VERACRUZ_IMAGES is not set; `cargo xtask image` makes the images");
        return None;
    };
    let image = images.join(name);
    let tools = Tools::find();
    let emulator = tools.emulator(board).is_some_and(|path| path.is_file());
    let vsock = tools.vsock.as_ref().is_some_and(|path| path.is_file());
    for (found, what) in [
        (image.is_dir(), "an image in VERACRUZ_IMAGES"),
        (emulator, "a QEMU"),
        (vsock, "a vhost-device-vsock (VERACRUZ_VSOCK)"),
    ] {
        if !found {
            println!("skipped: {name} with {board}: there is no {what}");
            return None;
        }
    }
    Some(image)
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
