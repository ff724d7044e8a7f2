//! Takes an image apart.

use super::Eif;
use super::layout::{
    ARM, COMMAND_LINE, CRC_AT, HEADER_BYTES, KERNEL, MAGIC, MAX_EIF_BYTES, MAX_SECTIONS, METADATA,
    OFFSETS_AT, RAMDISK, SECTION_HEADER_BYTES, SIGNATURE, SIZES_AT, VERSION,
};
use crate::bytes::Bytes;
use crate::{Architecture, CommandLine, ImageError};

impl<'a> Eif<'a> {
    /// Takes the bytes of an image apart.
    ///
    /// It is stricter than AWS' tools: sections stand one after the other without gaps, in an order
    /// where kernel and command line come before ramdisks, and nothing follows the last.
    ///
    /// # Errors
    /// `TooLarge`, `Truncated`, `Differs`; `NotSupported` for what a command line may not have.
    pub fn parse(image: &'a [u8]) -> Result<Self, ImageError> {
        let bytes = Bytes::new("EIF", image);
        bytes.at_most(MAX_EIF_BYTES)?;
        bytes.expect(0, MAGIC)?;
        let version = bytes.u16_be(4)?;
        if version != VERSION {
            return Err(bytes.differs(format!("version {VERSION}"), version));
        }
        let flags = bytes.u16_be(6)?;
        let architecture = match flags {
            0 => Architecture::X86_64,
            ARM => Architecture::Aarch64,
            other => return Err(bytes.differs("flags 0 or 1", other)),
        };
        check_crc(&bytes)?;
        let sections = sections(&bytes)?;
        let only = |kind| sections.iter().filter(move |section| section.kind == kind);
        let mut ramdisks = Vec::new();
        ramdisks.extend(only(RAMDISK).map(|section| section.content));
        if ramdisks.is_empty() {
            return Err(bytes.differs("a ramdisk", "none"));
        }
        let one = |kind, name| {
            let mut all = only(kind);
            match (all.next(), all.next()) {
                (Some(section), None) => Ok(section.content),
                (None, _) => Err(bytes.differs(name, "none")),
                _ => Err(bytes.differs(name, "more than one")),
            }
        };
        let at_most_one = |kind, name| match only(kind).count() {
            0 => Ok(None),
            _ => one(kind, name).map(Some),
        };
        let command_line = std::str::from_utf8(one(COMMAND_LINE, "one command line")?)
            .map_err(|error| bytes.differs("a command line in ASCII", error))?;
        Ok(Self {
            architecture,
            default_memory: bytes.u64_be(8)?,
            default_processors: bytes.u64_be(16)?,
            kernel: one(KERNEL, "one kernel")?,
            command_line: CommandLine::parse(command_line)?,
            metadata: at_most_one(METADATA, "one section of metadata")?.unwrap_or_default(),
            ramdisks,
            signature: at_most_one(SIGNATURE, "one section of signatures")?,
        })
    }
}

struct Section<'a> {
    kind: u16,
    content: &'a [u8],
}

fn sections<'a>(bytes: &Bytes<'a>) -> Result<Vec<Section<'a>>, ImageError> {
    let count = bytes.u16_be(26)?;
    if count > MAX_SECTIONS {
        return Err(bytes.differs(format!("at most {MAX_SECTIONS} sections"), count));
    }
    let mut sections = Vec::with_capacity(usize::from(count));
    let mut next = HEADER_BYTES;
    let mut ramdisks = false;
    for index in 0..u64::from(count) {
        let place = index.saturating_mul(8);
        let offset = bytes.u64_be(OFFSETS_AT.saturating_add(place))?;
        if offset != next {
            return Err(bytes.differs(format!("section {index} at byte {next}"), offset));
        }
        let size = bytes.u64_be(SIZES_AT.saturating_add(place))?;
        let kind = bytes.u16_be(offset)?;
        let again = bytes.u64_be(offset.saturating_add(4))?;
        if again != size {
            return Err(bytes.differs(format!("{size} bytes in section {index}"), again));
        }
        match kind {
            // The order is that of measuring.
            KERNEL | COMMAND_LINE if ramdisks => {
                return Err(bytes.differs("kernel and command line before ramdisks", kind));
            }
            RAMDISK => ramdisks = true,
            KERNEL | COMMAND_LINE | SIGNATURE | METADATA => {}
            other => return Err(bytes.differs("a section of type 1 to 5", other)),
        }
        let start = offset.saturating_add(SECTION_HEADER_BYTES);
        let content = bytes.range(start, size)?;
        next = start.saturating_add(size);
        sections.push(Section { kind, content });
    }
    if next != bytes.length() {
        return Err(bytes.differs(format!("an end at byte {next}"), bytes.length()));
    }
    Ok(sections)
}

fn check_crc(bytes: &Bytes<'_>) -> Result<(), ImageError> {
    let said = bytes.u32_be(CRC_AT)?;
    let mut crc = crc32fast::Hasher::new();
    crc.update(bytes.range(0, CRC_AT)?);
    crc.update(bytes.from(HEADER_BYTES)?);
    let found = crc.finalize();
    if found == said {
        return Ok(());
    }
    Err(bytes.differs(format!("CRC-32 {said:08x}"), format!("{found:08x}")))
}
