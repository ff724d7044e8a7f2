//! Where what stands.

/// Most bytes of an image: ours has 20 MB.
pub const MAX_EIF_BYTES: u64 = 512 << 20;

/// Most ramdisks: 32 sections but kernel, command line and metadata.
pub const MAX_RAMDISKS: usize = MAX_SECTIONS as usize - 3;

pub(super) const MAGIC: &[u8; 4] = b".eif";
pub(super) const VERSION: u16 = 4;
/// In the header's flags: for Arm.
pub(super) const ARM: u16 = 1;

pub(super) const MAX_SECTIONS: u16 = 32;
/// magic(4) version(2) flags(2) memory(8) processors(8) reserved(2) count(2) offsets(8·32)
/// sizes(8·32) unused(4) crc(4)
pub(super) const HEADER_BYTES: u64 = 548;
pub(super) const OFFSETS_AT: u64 = 28;
pub(super) const SIZES_AT: u64 = 284;
pub(super) const CRC_AT: u64 = 544;
/// type(2) flags(2) size(8)
pub(super) const SECTION_HEADER_BYTES: u64 = 12;

pub(super) const KERNEL: u16 = 1;
pub(super) const COMMAND_LINE: u16 = 2;
pub(super) const RAMDISK: u16 = 3;
pub(super) const SIGNATURE: u16 = 4;
pub(super) const METADATA: u16 = 5;
