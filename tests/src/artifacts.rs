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
    /// The folder with the programs of the examples (`VERACRUZ_PROGRAMS`).
    pub programs: PathBuf,
    /// The one of the example `psi`.
    pub psi_program: PathBuf,
}

impl Artifacts {
    /// From the environment; where it says nothing, prints that the test is skipped, and why.
    ///
    /// # Panics
    /// Where a variable names what is not there, or only some of them are set: that is a mistake,
    /// not a missing build.
    #[must_use]
    pub fn find() -> Option<Self> {
        let names = ["VERACRUZ_RUNTIME", "VERACRUZ_BIN", "VERACRUZ_PROGRAMS"];
        let set = names.map(|name| std::env::var_os(name).map(PathBuf::from));
        let [Some(runtime), Some(veracruz), Some(programs)] = set else {
            let missing = names.iter().zip(&set).filter(|(_, value)| value.is_none());
            let missing: Vec<_> = missing.map(|(name, _)| *name).collect();
            assert_eq!(missing.len(), names.len(), "not set: {missing:?}");
            println!("skipped: {missing:?} are not set; `cargo xtask test` builds and sets all");
            return None;
        };
        let psi_program = programs.join("psi.wasm");
        for path in [&runtime, &veracruz, &psi_program] {
            assert!(path.is_file(), "there is no file {}", path.display());
        }
        Some(Self {
            runtime,
            veracruz,
            programs,
            psi_program,
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
