//! What firmware says about itself at its end (EDK2, `OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm`
//! and `X64/OvmfSevMetadata.asm`): a table of entries that is read from its end, and in it the place
//! of another, with the pages that the guest needs before it runs.

use crate::ImageError;
use crate::bytes::Bytes;
use crate::tpm::MAX_FIRMWARE_BYTES;

const PART: &str = "firmware";
/// The table ends so many bytes before the file.
const AFTER_TABLE: u64 = 32;
/// size(2) GUID(16), behind the contents of an entry.
const ENTRY_BYTES: u64 = 18;
/// Bytes of all pages together that a section may name: OVMF names some hundred KiB.
const MAX_SECTION_BYTES: u32 = 64 << 20;
const MAX_SECTIONS: u32 = 64;
const SECTION_BYTES: u64 = 12;
const HEADER_BYTES: u64 = 16;
const METADATA_VERSION: u32 = 1;

type Guid = [u8; 16];
// As they stand in the file: the first three groups have their least byte first.
const TABLE: Guid = guid(0x96b5_82de, 0x1fb2, 0x45f7, 0xbaea_a366_c55a_082d);
const HASH_TABLE: Guid = guid(0x7255_371f, 0x3a3b, 0x4b04, 0x927b_1da6_efa8_d454);
const RESET: Guid = guid(0x00f7_71de, 0x1a7e, 0x4fcb, 0x890e_68c7_7e2f_b44e);
const METADATA: Guid = guid(0xdc88_6566, 0x984a, 0x4798, 0xa75e_5585_a7bf_67cc);

/// Firmware, with its table.
#[derive(Clone, Copy, Debug)]
pub(super) struct SnpFirmware<'a> {
    bytes: Bytes<'a>,
    content: &'a [u8],
}

/// Pages that the hypervisor puts into the guest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    /// Where in the guest.
    pub(super) address: u64,
    /// In bytes.
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SectionKind {
    /// Validated before the guest runs, zero.
    Memory,
    Secrets,
    Cpuid,
    /// For a service module at a higher privilege; zero.
    CallingArea,
    /// Digests of kernel, initramfs and command line.
    KernelHashes,
}

impl<'a> SnpFirmware<'a> {
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, ImageError> {
        let bytes = Bytes::new(PART, content);
        bytes.at_most(MAX_FIRMWARE_BYTES)?;
        Ok(Self { bytes, content })
    }

    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.content
    }

    /// Where it is in the guest: it ends at 4 GiB.
    pub(super) fn address(&self) -> u64 {
        (1_u64 << 32).saturating_sub(self.bytes.length())
    }

    /// Where other processors than the first begin.
    pub(super) fn reset_address(&self) -> Result<u32, ImageError> {
        self.number(RESET, "an entry with the reset address of SEV-ES")
    }

    /// Where in the guest the table with digests is.
    pub(super) fn hash_table_address(&self) -> Result<u64, ImageError> {
        let missing = "an entry with the place of digests (a build for SEV)";
        match self.number(HASH_TABLE, missing)? {
            0 => Err(self.bytes.differs(missing, "an empty one")),
            address => Ok(u64::from(address)),
        }
    }

    /// The pages, in the order in which they are put there. One of them is for digests: without
    /// one, the measurement would not say which kernel was started.
    pub(super) fn sections(&self) -> Result<Vec<Section>, ImageError> {
        let from_end = self.number(METADATA, "an entry with the place of SEV metadata")?;
        let start = self.bytes.length().checked_sub(u64::from(from_end));
        let start = start.ok_or_else(|| self.bytes.differs("metadata in the file", from_end))?;
        self.bytes.expect(start, b"ASEV")?;
        let field = |at: u64| self.bytes.u32_le(start.saturating_add(at));
        let version = field(8)?;
        if version != METADATA_VERSION {
            return Err(self.bytes.differs("SEV metadata of version 1", version));
        }
        let count = field(12)?;
        if count > MAX_SECTIONS {
            return Err(self
                .bytes
                .differs(format!("at most {MAX_SECTIONS} sections"), count));
        }
        let first = start.saturating_add(HEADER_BYTES);
        let sections = (0..u64::from(count))
            .map(|index| self.section(first.saturating_add(index.saturating_mul(SECTION_BYTES))))
            .collect::<Result<Vec<_>, _>>()?;
        let has_hashes = sections
            .iter()
            .any(|section| section.kind == SectionKind::KernelHashes);
        if !has_hashes {
            return Err(self.bytes.differs(
                "a page for the digests of the kernel (the build `OvmfPkg/AmdSev`)",
                "none",
            ));
        }
        Ok(sections)
    }

    fn section(&self, at: u64) -> Result<Section, ImageError> {
        let field = |offset: u64| self.bytes.u32_le(at.saturating_add(offset));
        let (address, size) = (field(0)?, field(4)?);
        if size > MAX_SECTION_BYTES || !size.is_multiple_of(4096) {
            return Err(self
                .bytes
                .differs("a section of whole pages, at most 64 MiB", size));
        }
        let kind = match field(8)? {
            1 => SectionKind::Memory,
            2 => SectionKind::Secrets,
            3 => SectionKind::Cpuid,
            4 => SectionKind::CallingArea,
            0x10 => SectionKind::KernelHashes,
            other => return Err(self.bytes.differs("a section of type 1 to 4 or 16", other)),
        };
        Ok(Section {
            kind,
            address: u64::from(address),
            size: u64::from(size),
        })
    }

    /// The number at the start of an entry.
    fn number(&self, wanted: Guid, expected: &'static str) -> Result<u32, ImageError> {
        let missing = || self.bytes.differs(expected, "none");
        let footer = self.bytes.length().checked_sub(AFTER_TABLE + ENTRY_BYTES);
        let footer = footer.ok_or_else(missing)?;
        if self.guid(footer)? != TABLE {
            return Err(missing());
        }
        // The last entry says how long all are, itself included.
        let size = u64::from(self.bytes.u16_le(footer)?);
        let end = footer.saturating_add(ENTRY_BYTES);
        let start = end.checked_sub(size).ok_or_else(missing)?;
        let mut end = footer;
        while end >= start.saturating_add(ENTRY_BYTES) {
            let entry = end.saturating_sub(ENTRY_BYTES);
            let size = u64::from(self.bytes.u16_le(entry)?);
            if size < ENTRY_BYTES {
                return Err(self.bytes.differs("an entry of at least 18 bytes", size));
            }
            let content = end.checked_sub(size).filter(|content| *content >= start);
            let content =
                content.ok_or_else(|| self.bytes.differs("an entry in the table", size))?;
            if self.guid(entry)? == wanted {
                return if size < ENTRY_BYTES + 4 {
                    Err(self.bytes.differs(expected, "an empty one"))
                } else {
                    self.bytes.u32_le(content)
                };
            }
            end = content;
        }
        Err(missing())
    }

    /// The GUID of the entry whose header starts at `entry`.
    fn guid(&self, entry: u64) -> Result<Guid, ImageError> {
        self.bytes.array(entry.saturating_add(2))
    }
}

/// The bytes of a GUID that is written `a-b-c-dddd-dddddddddddd`.
pub(super) const fn guid(a: u32, b: u16, c: u16, d: u64) -> Guid {
    let (a, b, c, d) = (
        a.to_le_bytes(),
        b.to_le_bytes(),
        c.to_le_bytes(),
        d.to_be_bytes(),
    );
    [
        a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6],
        d[7],
    ]
}
