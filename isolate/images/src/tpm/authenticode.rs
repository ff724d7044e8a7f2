//! The digest by which firmware knows an EFI application: that of its contents without signatures
//! (Microsoft, "Windows Authenticode Portable Executable Signature Format", section "Calculating the
//! PE Image Hash"; the format is in "PE Format").

use sha2::{Digest as _, Sha256 as Hasher};
use veracruz_policy::Sha256;

use crate::ImageError;
use crate::bytes::Bytes;

/// Sections that an application may have: the Windows loader takes 96.
const MAX_SECTIONS: u16 = 96;
const SECTION_BYTES: u64 = 40;
/// Size of the header before the optional one, with its signature.
const FILE_HEADER_BYTES: u64 = 24;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
/// Offset of the checksum in the optional header.
const CHECKSUM: u64 = 64;
/// Which data directory says where signatures are, and how long an entry is.
const SIGNATURES: u32 = 4;
const DIRECTORY_BYTES: u64 = 8;

/// SHA-256 of an EFI application: everything but its checksum, its directory entry of signatures,
/// and the signatures.
///
/// # Errors
/// `Differs` and `Truncated` for what is no PE file.
pub fn authenticode(application: &[u8]) -> Result<Sha256, ImageError> {
    let bytes = Bytes::new("EFI application", application);
    let headers = Headers::read(&bytes)?;
    let mut hasher = Hasher::new();
    let mut add = |from: u64, to: u64| -> Result<(), ImageError> {
        let length = to
            .checked_sub(from)
            .ok_or_else(|| bytes.differs(format!("an end after byte {from}"), to))?;
        hasher.update(bytes.range(from, length)?);
        Ok(())
    };

    add(0, headers.checksum)?;
    let after = headers.checksum.saturating_add(4);
    match headers.signatures_entry {
        None => add(after, headers.size)?,
        Some(entry) => {
            add(after, entry)?;
            add(entry.saturating_add(DIRECTORY_BYTES), headers.size)?;
        }
    }
    // What is hashed is counted, and what is left at the end of the file is hashed too.
    let mut hashed = headers.size;
    for (start, size) in headers.sections(&bytes)? {
        let end = start.saturating_add(size);
        add(start, end)?;
        hashed = hashed.saturating_add(size);
    }
    let end = bytes.length().saturating_sub(headers.signatures_size);
    if end > hashed {
        add(hashed, end)?;
    }
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

/// Where in the file what is that counts.
struct Headers {
    /// Bytes of all headers.
    size: u64,
    checksum: u64,
    signatures_entry: Option<u64>,
    signatures_size: u64,
    section_table: u64,
    section_count: u16,
}

impl Headers {
    fn read(bytes: &Bytes<'_>) -> Result<Self, ImageError> {
        bytes.expect(0, b"MZ")?;
        let start = u64::from(bytes.u32_le(0x3c)?);
        bytes.expect(start, b"PE\0\0")?;
        let section_count = bytes.u16_le(start.saturating_add(6))?;
        if section_count > MAX_SECTIONS {
            return Err(bytes.differs(format!("at most {MAX_SECTIONS} sections"), section_count));
        }
        let optional_size = u64::from(bytes.u16_le(start.saturating_add(20))?);
        let optional = start.saturating_add(FILE_HEADER_BYTES);
        let directories = match bytes.u16_le(optional)? {
            PE32 => 96,
            PE32_PLUS => 112,
            other => return Err(bytes.differs("PE32 or PE32+", format!("{other:#x}"))),
        };
        let directories = optional.saturating_add(directories);
        let entries = bytes.u32_le(directories.saturating_sub(4))?;
        let entry = directories.saturating_add(u64::from(SIGNATURES) * DIRECTORY_BYTES);
        let has_signatures = entries > SIGNATURES;
        let signatures_size = match has_signatures {
            true => u64::from(bytes.u32_le(entry.saturating_add(4))?),
            false => 0,
        };
        Ok(Self {
            size: u64::from(bytes.u32_le(optional.saturating_add(60))?),
            checksum: optional.saturating_add(CHECKSUM),
            signatures_entry: has_signatures.then_some(entry),
            signatures_size,
            section_table: optional.saturating_add(optional_size),
            section_count,
        })
    }

    /// Start and size in the file of each section that has bytes there, by where they start.
    fn sections(&self, bytes: &Bytes<'_>) -> Result<Vec<(u64, u64)>, ImageError> {
        let mut sections = Vec::with_capacity(usize::from(self.section_count));
        for index in 0..u64::from(self.section_count) {
            let at = self
                .section_table
                .saturating_add(index.saturating_mul(SECTION_BYTES));
            let size = u64::from(bytes.u32_le(at.saturating_add(16))?);
            let start = u64::from(bytes.u32_le(at.saturating_add(20))?);
            if size > 0 {
                sections.push((start, size));
            }
        }
        sections.sort_unstable();
        Ok(sections)
    }
}
