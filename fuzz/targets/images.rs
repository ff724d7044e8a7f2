//! What images are made of and opened as: enclaves, kernels, archives, firmware, runtimes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_images::eif::Eif;
use veracruz_images::tpm::{Firmware, authenticode};
use veracruz_images::{Architecture, CommandLine, Runtime, initramfs, snp};

/// Where an EIF has its CRC, and where its sections begin.
const CRC: usize = 544;
const BODY: usize = 548;

fuzz_target!(|bytes: &[u8]| {
    let _ = authenticode(bytes);
    let _ = initramfs::runtime_in(bytes);
    let _ = Runtime::parse(bytes.to_vec());
    if let Ok(firmware) = Firmware::parse(bytes.to_vec()) {
        let launch = snp::Launch::new(2, snp::Processor::EPYC_MILAN);
        let started = snp::Started {
            kernel: firmware.sha256(),
            initramfs: firmware.sha256(),
            command_line: &CommandLine::of_a_machine(Architecture::X86_64),
        };
        let _ = snp::launch_digest(&firmware, &started, launch);
    }

    // Behind a CRC nothing is found by chance, so the right one is put there.
    let mut image = bytes.to_vec();
    if let Some((header, body)) = image.split_at_mut_checked(BODY) {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&header[..CRC]);
        crc.update(body);
        header[CRC..].copy_from_slice(&crc.finalize().to_be_bytes());
    }
    if let Ok(eif) = Eif::parse(&image) {
        let _ = eif.pcrs();
        if eif.signature.is_none() {
            let written = eif.to_bytes().expect("what was read can be written");
            assert_eq!(Eif::parse(&written).expect("and read again"), eif);
        }
    }
});
