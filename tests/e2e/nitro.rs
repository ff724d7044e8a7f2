//! The demo in an emulated Nitro enclave: the image, the vsock, the sign of life, the security
//! module and its document are what they are on AWS, but for the signature, which nobody made.

use std::path::PathBuf;
use std::process::{Command, Output};
use veracruz_tests::Artifacts;

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

    fn demo(veracruz: &PathBuf) -> Output {
        Command::new(veracruz)
            .args(["demo", "--isolate", "nitro-emulated"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .expect("the demo starts")
    }
}

/// What the demo said, in one line and one space a gap.
fn said(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Its policy names registers that were computed from the image alone, so that the emulated module
/// has computed the same.
#[test]
fn the_whole_demo_runs_in_an_emulated_enclave_and_says_that_this_proves_nothing() {
    let Some(emulator) = Emulator::find() else {
        return;
    };
    let demo = Emulator::demo(&emulator.accepting);
    let said = said(&demo);
    assert!(demo.status.success(), "{said}");
    for words in [
        "ISOLATE: nitro-emulated",
        "PROVES NOTHING",
        "IT PROTECTS NOBODY",
        "Answers equal the published ones.",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_veracruz_for_users_refuses_what_an_emulator_says() {
    let Some(emulator) = Emulator::find() else {
        return;
    };
    let demo = Emulator::demo(&emulator.artifacts.veracruz);
    let said = said(&demo);
    assert!(!demo.status.success(), "{said}");
    assert!(said.contains("VC-0213"), "{said}");
    assert!(said.contains("an emulator made it"), "{said}");
}
