//! Samples: small files with just what is looked at. `expected.py` makes the same.

#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "samples of a known size; a test fails by panicking"
)]
#![allow(dead_code, reason = "not every test file uses every sample")]

use std::path::Path;

use veracruz_images::{Architecture, CommandLine, KernelFolder, MachineImage, Runtime};

/// What the samples are started with.
pub(crate) const COMMAND_LINE: &str = "console=ttyS0 quiet -- guest";

/// Where each section of the sample kernel starts, and its size.
const SECTIONS: [(u32, u32); 3] = [(0x1000, 0x800), (0x1800, 0x1400), (0x2c00, 0x400)];

/// Bytes that look like nothing.
pub(crate) fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|index| ((index * 31 + index / 251 + seed) % 256) as u8)
        .collect()
}

pub(crate) fn put(data: &mut [u8], at: usize, value: &[u8]) {
    data[at..at + value.len()].copy_from_slice(value);
}

fn elf(length: usize, seed: usize, machine: u16, entry: u64, headers: u16) -> Vec<u8> {
    let mut data = pattern(length, seed);
    put(&mut data, 0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    put(&mut data, 16, &2_u16.to_le_bytes());
    put(&mut data, 18, &machine.to_le_bytes());
    put(&mut data, 20, &1_u32.to_le_bytes());
    put(&mut data, 24, &entry.to_le_bytes());
    put(&mut data, 32, &64_u64.to_le_bytes());
    put(&mut data, 40, &[0; 12]);
    for (at, value) in [(52, 64), (54, 56), (56, headers), (58, 0), (60, 0), (62, 0)] {
        put(&mut data, at, &u16::to_le_bytes(value));
    }
    data
}

/// A static executable with one segment.
pub(crate) fn runtime() -> Vec<u8> {
    runtime_for(62)
}

/// The same for another machine.
pub(crate) fn runtime_for(machine: u16) -> Vec<u8> {
    let mut data = elf(5000, 7, machine, 0x40_1000, 1);
    put(&mut data, 64, &1_u32.to_le_bytes());
    put(&mut data, 68, &5_u32.to_le_bytes());
    data
}

/// The kernel as it is started without firmware.
pub(crate) fn vmlinux() -> Vec<u8> {
    elf(9000, 1, 62, 0x100_0000, 0)
}

/// The kernel as firmware starts it.
pub(crate) fn bzimage() -> Vec<u8> {
    let mut data = pattern(0x3000 + 100, 3);
    put(&mut data, 0, b"MZ");
    put(&mut data, 0x3c, &0x40_u32.to_le_bytes());
    put(&mut data, 0x40, b"PE\0\0");
    put(&mut data, 0x44, &[0x64, 0x86, SECTIONS.len() as u8, 0]);
    put(&mut data, 0x48, &[0; 12]);
    put(&mut data, 0x54, &[0xa0, 0, 0x06, 0x02]);
    let optional = 0x40 + 24;
    put(&mut data, optional, &0x20b_u16.to_le_bytes());
    put(&mut data, optional + 60, &0x1000_u32.to_le_bytes());
    put(&mut data, optional + 108, &6_u32.to_le_bytes());
    put(&mut data, optional + 112 + 32, &[0; 8]);
    for (index, (start, size)) in SECTIONS.into_iter().enumerate() {
        let at = optional + 0xa0 + 40 * index;
        put(&mut data, at + 16, &size.to_le_bytes());
        put(&mut data, at + 20, &start.to_le_bytes());
    }
    put(&mut data, 0x1fe, &[0x55, 0xaa]);
    put(&mut data, 0x202, b"HdrS");
    put(&mut data, 0x206, &0x20f_u16.to_le_bytes());
    put(&mut data, 0x210, &[0, 1]);
    put(&mut data, 0x22c, &0x7fff_ffff_u32.to_le_bytes());
    put(&mut data, 0x236, &[0, 0]);
    data
}

/// Firmware for SEV-SNP: a table at its end, and what it names.
pub(crate) fn firmware() -> Vec<u8> {
    const LENGTH: usize = 64 << 10;
    const METADATA_FROM_END: u32 = 0x1000;
    let mut data = pattern(LENGTH, 11);

    let sections: [(u32, u32, u32); 6] = [
        (0x80_0000, 0x9000, 1),
        (0x80_a000, 0x3000, 1),
        (0x80_d000, 0x1000, 2),
        (0x80_e000, 0x1000, 3),
        (0x80_f000, 0x1000, 4),
        (0x81_0000, 0x1000, 0x10),
    ];
    let mut metadata = Vec::new();
    metadata.extend(b"ASEV");
    metadata.extend((16 + 12 * sections.len() as u32).to_le_bytes());
    metadata.extend(1_u32.to_le_bytes());
    metadata.extend((sections.len() as u32).to_le_bytes());
    for (address, size, kind) in sections {
        metadata.extend([address, size, kind].map(u32::to_le_bytes).as_flattened());
    }
    put(&mut data, LENGTH - METADATA_FROM_END as usize, &metadata);

    // GUIDs as they stand in a file.
    let entries: [(&str, Vec<u8>); 3] = [
        (
            "1f3755723b3a044b927b1da6efa8d454",
            [0x81_0c00, 1024].map(u32::to_le_bytes).concat(),
        ),
        (
            "de71f7007e1acb4f890e68c77e2fb44e",
            0x80_b004_u32.to_le_bytes().to_vec(),
        ),
        (
            "666588dc4a989847a75e5585a7bf67cc",
            METADATA_FROM_END.to_le_bytes().to_vec(),
        ),
    ];
    let mut table = Vec::new();
    for (guid, content) in &entries {
        table.extend(content);
        table.extend((content.len() as u16 + 18).to_le_bytes());
        table.extend(hex(guid));
    }
    table.extend((table.len() as u16 + 18).to_le_bytes());
    table.extend(hex("de82b596b21ff745baeaa366c55a082d"));
    put(&mut data, LENGTH - 32 - table.len(), &table);
    data
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
        .collect()
}

/// A folder as `cargo xtask kernel` leaves it.
pub(crate) fn kernel(folder: &Path) -> KernelFolder {
    std::fs::write(folder.join("vmlinux"), vmlinux()).unwrap();
    std::fs::write(folder.join("bzImage"), bzimage()).unwrap();
    KernelFolder::read(folder, Architecture::X86_64).unwrap()
}

/// The sample machine.
pub(crate) fn machine() -> MachineImage {
    let folder = tempfile::tempdir().unwrap();
    MachineImage::build(
        kernel(folder.path()),
        &Runtime::parse(runtime()).unwrap(),
        command_line(),
    )
    .unwrap()
}

pub(crate) fn command_line() -> CommandLine {
    CommandLine::parse(COMMAND_LINE).unwrap()
}
