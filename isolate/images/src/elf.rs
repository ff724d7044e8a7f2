//! As much of ELF as shows that a file is what it is taken for (System V ABI, chapter 4).

use crate::bytes::Bytes;
use crate::{Architecture, ImageError};

/// Program headers that an executable may have: Linux takes 64 KiB of them.
const MAX_PROGRAM_HEADERS: u16 = 1170;
const PROGRAM_HEADER_BYTES: u64 = 56;
const INTERPRETER: u32 = 3;
const EXECUTABLE: u16 = 2;
/// An executable that can be loaded anywhere.
const POSITION_INDEPENDENT: u16 = 3;

/// Refuses anything but a 64-bit executable for `architecture` that needs no other file.
pub(crate) fn check_static(
    part: &'static str,
    bytes: &[u8],
    architecture: Architecture,
) -> Result<(), ImageError> {
    let bytes = Bytes::new(part, bytes);
    check_executable(&bytes, architecture)?;
    let table = bytes.u64_le(32)?;
    let count = bytes.u16_le(56)?;
    if count > MAX_PROGRAM_HEADERS {
        return Err(bytes.differs(format!("at most {MAX_PROGRAM_HEADERS} headers"), count));
    }
    for index in 0..u64::from(count) {
        let at = table.saturating_add(index.saturating_mul(PROGRAM_HEADER_BYTES));
        if bytes.u32_le(at)? == INTERPRETER {
            return Err(bytes.differs("a static executable", "one that needs a dynamic linker"));
        }
    }
    Ok(())
}

/// Refuses anything but a 64-bit executable for `architecture`.
pub(crate) fn check_kernel(
    part: &'static str,
    bytes: &[u8],
    architecture: Architecture,
) -> Result<(), ImageError> {
    check_executable(&Bytes::new(part, bytes), architecture)
}

/// Which architecture an executable is for, where it is for one that isolates run on.
pub(crate) fn architecture(part: &'static str, bytes: &[u8]) -> Result<Architecture, ImageError> {
    let bytes = Bytes::new(part, bytes);
    // 64 bits, least byte first.
    bytes.expect(0, b"\x7fELF\x02\x01")?;
    let found = bytes.u16_le(18)?;
    Architecture::ALL
        .into_iter()
        .find(|architecture| machine(*architecture) == found)
        .ok_or_else(|| {
            bytes.differs(
                "a program for x86_64 or aarch64",
                format!("machine {found}"),
            )
        })
}

fn check_executable(bytes: &Bytes<'_>, architecture: Architecture) -> Result<(), ImageError> {
    bytes.expect(0, b"\x7fELF\x02\x01")?;
    let kind = bytes.u16_le(16)?;
    if ![EXECUTABLE, POSITION_INDEPENDENT].contains(&kind) {
        return Err(bytes.differs("an executable", format!("ELF of type {kind}")));
    }
    let found = bytes.u16_le(18)?;
    if found != machine(architecture) {
        return Err(bytes.differs(
            format!("machine {} ({architecture})", machine(architecture)),
            found,
        ));
    }
    Ok(())
}

/// `e_machine`.
const fn machine(architecture: Architecture) -> u16 {
    match architecture {
        Architecture::X86_64 => 62,
        Architecture::Aarch64 => 183,
    }
}
