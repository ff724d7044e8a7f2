//! The demo in an emulated Nitro enclave: the image, the vsock, the sign of life, the security
//! module and its document are what they are on AWS, but for the signature, which nobody made.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use veracruz_tests::{Artifacts, Demo};

/// What the emulator needs; `None`, with the reason printed, where something is not there.
struct Emulator {
    artifacts: Artifacts,
    /// The `veracruz` that accepts what nobody signed.
    accepting: PathBuf,
}

impl Emulator {
    fn find() -> Option<Self> {
        let artifacts = Artifacts::find()?;
        let set = |variable: &str| {
            let value = std::env::var_os(variable).map(PathBuf::from);
            if value.is_none() {
                println!("skipped: {variable} is not set; `cargo xtask test` says why");
            }
            value
        };
        set("VERACRUZ_QEMU_NITRO")?;
        set("VERACRUZ_VSOCK")?;
        let image = set("VERACRUZ_IMAGES")?.join("nitro");
        if !image.is_dir() {
            println!("skipped: there is no image {}", image.display());
            return None;
        }
        Some(Self {
            artifacts,
            accepting: set("VERACRUZ_BIN_TEST_EVIDENCE")?,
        })
    }

    fn demo(veracruz: &Path) -> Demo {
        Demo::run(veracruz, ["--isolate", "nitro-emulated"].map(OsStr::new))
    }
}

/// Its policy names registers that were computed from the image alone, so that the emulated module
/// has computed the same.
#[test]
fn the_whole_demo_runs_in_an_emulated_enclave_and_says_that_this_proves_nothing() {
    let Some(emulator) = Emulator::find() else {
        return;
    };
    Emulator::demo(&emulator.accepting).assert_says(&[
        "ISOLATE: nitro-emulated",
        "PROVES NOTHING",
        "IT PROTECTS NOBODY",
        "Answers equal the published ones.",
    ]);
}

#[test]
fn a_veracruz_for_users_refuses_what_an_emulator_says() {
    let Some(emulator) = Emulator::find() else {
        return;
    };
    let Demo { succeeded, said } = Emulator::demo(&emulator.artifacts.veracruz);
    assert!(!succeeded, "{said}");
    assert!(said.contains("VC-0213"), "{said}");
    assert!(said.contains("an emulator made it"), "{said}");
}
