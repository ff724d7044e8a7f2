//! Bytes from outside: refused or understood, never a panic, and nothing that was changed passes.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use veracruz_images::eif::Eif;
use veracruz_images::snp::{Launch, Processor};
use veracruz_images::tpm::{Firmware, authenticode};
use veracruz_images::{Architecture, CommandLine, Runtime, initramfs};

fn eif(kernel: &[u8], command_line: &str, ramdisks: &[Vec<u8>], arm: bool) -> Vec<u8> {
    let eif = Eif {
        architecture: if arm {
            Architecture::Aarch64
        } else {
            Architecture::X86_64
        },
        default_memory: 1 << 30,
        default_processors: 2,
        kernel,
        command_line: CommandLine::parse(command_line).unwrap(),
        metadata: b"{}",
        ramdisks: ramdisks.iter().map(Vec::as_slice).collect(),
        signature: None,
    };
    let bytes = eif.to_bytes().unwrap();
    assert_eq!(Eif::parse(&bytes).unwrap(), eif);
    bytes
}

proptest! {
    #[test]
    fn an_eif_is_read_as_it_was_written_and_not_with_one_byte_changed(
        kernel in prop::collection::vec(any::<u8>(), 0..300),
        command_line in "[ -uw-~]{0,80}",
        ramdisks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5),
        arm in any::<bool>(),
        place in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut bytes = eif(&kernel, &command_line, &ramdisks, arm);
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Eif::parse(&bytes).is_err());
    }

    #[test]
    fn an_eif_that_ends_early_or_late_is_refused(
        cut in any::<prop::sample::Index>(),
        more in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let bytes = eif(b"kernel", "quiet", &[b"one".to_vec()], false);
        prop_assert!(Eif::parse(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(Eif::parse(&[bytes, more].concat()).is_err());
    }

    #[test]
    fn sections_that_lie_about_themselves_are_refused_whatever_the_crc(
        place in 4_usize..544,
        value in any::<u8>(),
    ) {
        let mut bytes = eif(b"kernel", "quiet", &[b"one".to_vec()], false);
        let same = bytes[place] == value;
        bytes[place] = value;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&bytes[..544]);
        crc.update(&bytes[548..]);
        bytes[544..548].copy_from_slice(&crc.finalize().to_be_bytes());
        // Memory, processors, reserved fields and the places of sections that are not there may
        // say anything; whatever is measured may not.
        if let Ok(parsed) = Eif::parse(&bytes) {
            let original = eif(b"kernel", "quiet", &[b"one".to_vec()], false);
            prop_assert!(same || parsed.pcrs() == Eif::parse(&original).unwrap().pcrs());
        }
    }

    #[test]
    fn nothing_that_reads_bytes_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = Eif::parse(&bytes);
        let _ = authenticode(&bytes);
        let _ = initramfs::runtime_in(&bytes);
        let _ = Runtime::parse(bytes);
    }

    #[test]
    fn a_changed_application_or_archive_is_no_reason_to_panic(
        place in any::<prop::sample::Index>(),
        values in prop::collection::vec(any::<u8>(), 1..8),
    ) {
        let mut kernel = support::bzimage();
        // Where the headers are, mostly.
        let at = place.index(0x200);
        support::put(&mut kernel, at, &values);
        let _ = authenticode(&kernel);

        let runtime = Runtime::parse(support::runtime()).unwrap();
        let mut archive = initramfs::whole(&runtime).unwrap();
        support::put(&mut archive, place.index(800), &values);
        let _ = initramfs::runtime_in(&archive);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn changed_firmware_is_no_reason_to_panic(
        place in any::<prop::sample::Index>(),
        in_table in any::<bool>(),
        values in prop::collection::vec(any::<u8>(), 1..6),
    ) {
        let mut firmware = support::firmware();
        let end = firmware.len();
        let at = if in_table { end - 200 + place.index(190) } else { end - 4096 + place.index(90) };
        support::put(&mut firmware, at, &values);
        let firmware = Firmware::parse(firmware).unwrap();
        let launch = Launch::new(2, Processor::EPYC_MILAN);
        let _ = support::machine().snp_measurement(&firmware, launch);
    }
}
