//! Puts an image together.

use super::Eif;
use super::layout::{
    ARM, COMMAND_LINE, HEADER_BYTES, KERNEL, MAGIC, MAX_EIF_BYTES, MAX_RAMDISKS, MAX_SECTIONS,
    METADATA, RAMDISK, SECTION_HEADER_BYTES, VERSION,
};
use crate::{Architecture, ImageError};

impl Eif<'_> {
    /// The image as one file: kernel, command line, metadata, ramdisks.
    ///
    /// # Errors
    /// `TooLarge`; `Differs` for no or too many ramdisks; `NotSupported` for a signed image, whose
    /// signature would not fit any more.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ImageError> {
        if self.signature.is_some() {
            return Err(ImageError::NotSupported {
                what: "writing a signed EIF",
                reason: "its signer alone can sign what is written",
            });
        }
        if !(1..=MAX_RAMDISKS).contains(&self.ramdisks.len()) {
            return Err(ImageError::differs(
                "EIF",
                format!("1 to {MAX_RAMDISKS} ramdisks"),
                self.ramdisks.len(),
            ));
        }
        let sections = self.sections();
        let size = sections.iter().fold(HEADER_BYTES, |size, (_, content)| {
            size.saturating_add(SECTION_HEADER_BYTES)
                .saturating_add(content.len() as u64)
        });
        if size > MAX_EIF_BYTES {
            return Err(ImageError::TooLarge {
                part: "EIF",
                limit: MAX_EIF_BYTES,
                found: size,
            });
        }
        let mut image = self.header(&sections);
        let mut body = Vec::new();
        for (kind, content) in sections {
            body.extend(kind.to_be_bytes());
            body.extend(0_u16.to_be_bytes());
            body.extend((content.len() as u64).to_be_bytes());
            body.extend(content);
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&image);
        crc.update(&body);
        image.extend(crc.finalize().to_be_bytes());
        image.append(&mut body);
        Ok(image)
    }

    fn sections(&self) -> Vec<(u16, &[u8])> {
        let mut sections = vec![
            (KERNEL, self.kernel),
            (COMMAND_LINE, self.command_line.as_str().as_bytes()),
            (METADATA, self.metadata),
        ];
        sections.extend(self.ramdisks.iter().map(|ramdisk| (RAMDISK, *ramdisk)));
        sections
    }

    /// Everything before the CRC.
    fn header(&self, sections: &[(u16, &[u8])]) -> Vec<u8> {
        let flags = match self.architecture {
            Architecture::X86_64 => 0,
            Architecture::Aarch64 => ARM,
        };
        let mut header = Vec::new();
        header.extend(MAGIC);
        header.extend(VERSION.to_be_bytes());
        header.extend(flags.to_be_bytes());
        header.extend(self.default_memory.to_be_bytes());
        header.extend(self.default_processors.to_be_bytes());
        header.extend(0_u16.to_be_bytes());
        // Bounded by the check of ramdisks.
        let count = u16::try_from(sections.len()).unwrap_or(MAX_SECTIONS);
        header.extend(count.to_be_bytes());
        let places = usize::from(MAX_SECTIONS);
        let mut next = HEADER_BYTES;
        let offsets = sections.iter().map(|(_, content)| {
            let offset = next;
            next = next
                .saturating_add(SECTION_HEADER_BYTES)
                .saturating_add(content.len() as u64);
            offset
        });
        for offset in offsets.chain(std::iter::repeat(0)).take(places) {
            header.extend(offset.to_be_bytes());
        }
        let sizes = sections.iter().map(|(_, content)| content.len() as u64);
        for size in sizes.chain(std::iter::repeat(0)).take(places) {
            header.extend(size.to_be_bytes());
        }
        header.extend(0_u32.to_be_bytes());
        header
    }
}
