//! The launch digest of SEV-SNP, against PyPI's `sev-snp-measure` (IBM and others).
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use veracruz_images::snp::{Launch, Processor};
use veracruz_images::tpm::Firmware;
use veracruz_images::{ImageError, MachineImage};

/// What `sev-snp-measure` 0.0.13 prints for the samples, with one processor and with four.
const ONE_MILAN: &str = "dd4f9c8aaff421768faaec9fb284eee10c66e03fba151cff9a5d38f77d48b7cfa8a4afec8683f3e2a53086b1c1a52a6a";
const FOUR_GENOA: &str = "133bdbf0f6689d7c479297ea76cba07e47c0f95a0e8ed2e6a3ee679b49980b867f3f702b5fe09502e4797db6d5d42ac8";

fn measured(machine: &MachineImage, firmware: &[u8], launch: Launch) -> String {
    let firmware = Firmware::parse(firmware.to_vec()).unwrap();
    machine
        .snp_measurement(&firmware, launch)
        .unwrap()
        .to_string()
}

#[test]
fn a_launch_digest_is_that_of_another_tool() {
    let (machine, firmware) = (support::machine(), support::firmware());
    let one = Launch::new(1, Processor::EPYC_MILAN);
    assert_eq!(measured(&machine, &firmware, one), ONE_MILAN);
    let four = Launch::new(4, Processor::EPYC_GENOA);
    assert_eq!(measured(&machine, &firmware, four), FOUR_GENOA);
}

#[test]
fn a_launch_digest_is_that_of_the_other_tool_where_it_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    support::machine()
        .write(&folder.path().join("image"))
        .unwrap();
    let firmware = folder.path().join("firmware");
    fs::write(&firmware, support::firmware()).unwrap();
    let machine = MachineImage::open(&folder.path().join("image")).unwrap();
    for (name, features) in [
        ("EPYC-v4", 1),
        ("EPYC-Rome", 0x21),
        ("EPYC-Milan-v2", 1),
        ("EPYC-Genoa", 1),
        ("EPYC-Turin", 1),
    ] {
        let mut launch = Launch::new(3, name.parse().unwrap());
        launch.features = features;
        let Some(expected) = other_tool(folder.path(), name, features) else {
            println!(
                "skipped: no Python package `sev-snp-measure` here (`cargo xtask test` installs it)"
            );
            return;
        };
        assert_eq!(
            measured(&machine, &support::firmware(), launch),
            expected,
            "{name}"
        );
    }
}

fn other_tool(folder: &Path, processor: &str, features: u64) -> Option<String> {
    let there = Command::new("python3")
        .args(["-c", "import sevsnpmeasure.cli"])
        .output();
    if !there.is_ok_and(|tried| tried.status.success()) {
        return None;
    }
    let run = Command::new("python3")
        .args(["-m", "sevsnpmeasure.cli", "--mode", "snp", "--vcpus", "3"])
        .args(["--vcpu-type", processor, "--append", support::COMMAND_LINE])
        .args(["--guest-features", &features.to_string()])
        .arg("--ovmf")
        .arg(folder.join("firmware"))
        .arg("--kernel")
        .arg(folder.join("image/kernel.bzimage"))
        .arg("--initrd")
        .arg(folder.join("image/initramfs"))
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    Some(String::from_utf8(run.stdout).unwrap().trim().to_owned())
}

#[test]
fn firmware_that_checks_no_digests_is_refused() {
    let machine = support::machine();
    let launch = Launch::new(1, Processor::EPYC_MILAN);
    let mut firmware = support::firmware();
    // The type of the last section: memory, not digests.
    let at = firmware.len() - 0x1000 + 16 + 12 * 5 + 8;
    support::put(&mut firmware, at, &1_u32.to_le_bytes());
    let refused = machine
        .snp_measurement(&Firmware::parse(firmware).unwrap(), launch)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("a page for the digests of the kernel"),
        "{refused}"
    );

    let no_table = Firmware::parse(support::pattern(8192, 5)).unwrap();
    assert!(matches!(
        machine.snp_measurement(&no_table, launch),
        Err(ImageError::Differs {
            part: "firmware",
            ..
        })
    ));
}

#[test]
fn a_guest_has_at_least_one_processor_of_a_known_kind() {
    let firmware = Firmware::parse(support::firmware()).unwrap();
    let none = Launch::new(0, Processor::EPYC_MILAN);
    assert!(matches!(
        support::machine().snp_measurement(&firmware, none),
        Err(ImageError::Differs {
            part: "processors",
            ..
        })
    ));
    assert!("EPYC-Milan-v2".parse::<Processor>().unwrap() == Processor::EPYC_MILAN);
    assert!("Skylake-Server".parse::<Processor>().is_err());
}
