//! What images measure to, against values that Python computed: `expected.py`.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use veracruz_images::eif::Eif;
use veracruz_images::tpm::{Firmware, GuestMemory, Loading, authenticode, pcr4, pcr9};
use veracruz_images::{CommandLine, ImageError, NitroImage, ProcessImage, Runtime, initramfs};
use veracruz_policy::Sha256;

const RUNTIME: &str = "8f28c6bc5f342a0637ae3557997391ced7ff41ec84e1a306b5048bb6390b5401";
const INITRAMFS: &str = "fd3936337b14394362b449c8926c99d3cc3df4e0c0d16315e41f9691fedb0adb";
const MACHINE: &str = "58b40d73d80893e5153286a01dbc56e8fe6cbb95aebec9f0dd8fcc4aa39a0283";
const AUTHENTICODE: &str = "3395a6d3573a9184580770695fa466057ab17fc67dfe17b744f92e592216a8cb";
const PCR4_OF_256_MIB: &str = "c49c5177a453551656306d8ad4d6346e8e3b70fbd65aa6796d598df8db35fc9b";
const PCR4_OF_1024_MIB: &str = "603f4a124bcd44089e1bc5bd28303d11b5661e9aff5e5988bada1018b5ccc186";
const PCR4_AS_IT_IS: &str = "b4053c79c5de710be9032aae1ddd0e40d30329c146d0f030683472b3a15b163d";
const PCR9: &str = "b3124bb40a213d77c8674359d86323421592f6c4acf8ab7771cc5fa24faee6d9";
const NITRO_PCR0: &str = "b8056d17b08abf0f9134e66abf865dd6b08547eb86372fe76a1a88e1a633439c738449a057733339f86b2cfc482ed62f";
const NITRO_PCR1: &str = "92654f67b22bbf70c4460f91383e4aa40410eb5709ddec9913d770a3dac1881f99fe94150cdff7648d3f2aa0df4406bd";
const NITRO_PCR2: &str = "b7f36026ff2746449dff2e554ae6a32da752ab9afe13e61114b41d8f660f0ce342102afe9af95d31cf1b2e016612e32e";
const EIF: &str = "37984b7b5cff53a4091d921ffbb5d93778d7da3bb428074b19779361a3f963ec";

#[test]
fn a_process_is_measured_by_the_digest_of_its_runtime() {
    let image = ProcessImage::new(Runtime::parse(support::runtime()).unwrap());
    assert_eq!(image.measurement().to_string(), RUNTIME);
}

#[test]
fn an_initramfs_is_the_same_bytes_from_the_same_runtime() {
    let machine = support::machine();
    assert_eq!(machine.initramfs().sha256().to_string(), INITRAMFS);
    assert_eq!(machine.runtime().unwrap().to_string(), RUNTIME);
}

#[test]
fn a_machine_without_firmware_is_measured_by_its_kernel_files_and_command_line() {
    assert_eq!(support::machine().measurement().to_string(), MACHINE);
}

#[test]
fn firmware_knows_a_kernel_by_its_authenticode() {
    let kernel = authenticode(&support::bzimage()).unwrap();
    assert_eq!(kernel.to_string(), AUTHENTICODE);
    assert_eq!(pcr4(kernel).to_string(), PCR4_AS_IT_IS);
}

#[test]
fn a_signature_and_a_checksum_are_not_part_of_an_application() {
    let unsigned = support::bzimage();
    let mut signed = unsigned.clone();
    let optional = 0x40 + 24;
    support::put(&mut signed, optional + 64, &[1, 2, 3, 4]);
    let entry = [signed.len() as u32, 200].map(u32::to_le_bytes).concat();
    support::put(&mut signed, optional + 112 + 32, &entry);
    signed.extend([0x55; 200]);
    assert_eq!(authenticode(&signed).unwrap().to_string(), AUTHENTICODE);

    let mut other = unsigned;
    support::put(&mut other, 0x2000, &[0, 0, 0, 0]);
    assert_ne!(authenticode(&other).unwrap().to_string(), AUTHENTICODE);
}

#[test]
fn a_machine_with_firmware_is_measured_into_a_tpm() {
    let machine = support::machine();
    let initramfs = machine.initramfs().sha256();
    assert_eq!(pcr9(support::COMMAND_LINE, initramfs).to_string(), PCR9);
    assert_eq!(pcr4_of(&machine, Loading::Patched, 256), PCR4_OF_256_MIB);
    assert_eq!(pcr4_of(&machine, Loading::Patched, 1024), PCR4_OF_1024_MIB);
    assert_eq!(pcr4_of(&machine, Loading::AsItIs, 256), PCR4_AS_IT_IS);
}

fn pcr4_of(machine: &veracruz_images::MachineImage, loading: Loading, mebibytes: u32) -> String {
    let kernel = machine.tpm_kernel(loading, GuestMemory::from_mebibytes(mebibytes));
    pcr4(kernel.unwrap()).to_string()
}

#[test]
fn a_policy_names_the_kernel_in_both_ways_in_which_it_is_handed_on() {
    let pcr0 = Sha256::of(b"measured by somebody");
    let firmware = Firmware::parse(support::firmware()).unwrap();
    let memory = GuestMemory::from_mebibytes(256);
    let pcrs = support::machine()
        .tpm_pcrs(&firmware.measuring_to(pcr0), memory)
        .unwrap();
    let texts = |index| pcrs[&index].iter().map(ToString::to_string);
    assert!(pcrs.keys().eq(&[0, 4, 9]));
    assert!(texts(0).eq([pcr0.to_string()]));
    assert!(texts(4).eq([PCR4_OF_256_MIB, PCR4_AS_IT_IS]));
    assert!(texts(9).eq([PCR9]));
}

#[test]
fn pcrs_of_firmware_that_nobody_measured_are_refused() {
    let firmware = Firmware::parse(support::firmware()).unwrap();
    let memory = GuestMemory::from_mebibytes(256);
    let refused = support::machine().tpm_pcrs(&firmware, memory);
    assert!(matches!(
        refused,
        Err(ImageError::UnknownFirmware { found }) if found == Sha256::of(&support::firmware())
    ));
}

#[test]
fn an_enclave_is_measured_whole_its_kernel_and_its_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let image = NitroImage::build(
        &support::kernel(folder.path()),
        &Runtime::parse(support::runtime()).unwrap(),
        support::command_line(),
    )
    .unwrap();
    let pcrs = image.pcrs();
    assert_eq!(pcrs.image.to_string(), NITRO_PCR0);
    assert_eq!(pcrs.kernel.to_string(), NITRO_PCR1);
    assert_eq!(pcrs.application.to_string(), NITRO_PCR2);
    assert_eq!(image.runtime().unwrap().to_string(), RUNTIME);
}

#[test]
fn an_enclaves_file_is_the_one_that_others_write() {
    let runtime = Runtime::parse(support::runtime()).unwrap();
    let (folders, init) = (
        initramfs::folders().unwrap(),
        initramfs::runtime(&runtime).unwrap(),
    );
    let kernel = support::bzimage();
    let eif = Eif {
        architecture: runtime.architecture(),
        default_memory: 1 << 30,
        default_processors: 2,
        kernel: &kernel,
        command_line: CommandLine::parse(support::COMMAND_LINE).unwrap(),
        metadata: b"{}",
        ramdisks: vec![&folders, &init],
        signature: None,
    };
    let written = eif.to_bytes().unwrap();
    assert_eq!(Sha256::of(&written).to_string(), EIF);
    assert_eq!(Eif::parse(&written).unwrap(), eif);
}
