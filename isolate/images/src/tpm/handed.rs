//! The kernel as firmware gets it. QEMU fills in the kernel's header for a boot loader of its own,
//! and OVMF measures what it got: so PCR 4 depends on where QEMU would put the initramfs, which
//! depends on how much memory the guest has.

use std::borrow::Cow;

use crate::ImageError;
use crate::bytes::Bytes;
use crate::files::Part;

/// Memory of a guest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GuestMemory {
    bytes: u64,
}

impl GuestMemory {
    /// So many MiB.
    #[must_use]
    pub const fn from_mebibytes(mebibytes: u32) -> Self {
        Self {
            bytes: (mebibytes as u64) << 20,
        }
    }

    /// How much of it is below 4 GiB on QEMU's `q35`.
    const fn low(self) -> u64 {
        const ALL_LOW: u64 = 0xb000_0000;
        if self.bytes < ALL_LOW {
            self.bytes
        } else {
            0x8000_0000
        }
    }
}

/// How QEMU hands a kernel to firmware.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loading {
    /// With its header filled in: QEMU before 10, or OVMF before 2025.02.
    Patched,
    /// As it is in the file, which QEMU offers from 10 on and OVMF from 2025.02 on takes.
    AsItIs,
}

// Linux' boot protocol, "The Real-Mode Kernel Header": offsets in the file.
const MAGIC: (u64, &[u8]) = (0x202, b"HdrS");
const PROTOCOL: u64 = 0x206;
const LOADER: usize = 0x210;
const LOAD_FLAGS: usize = 0x211;
const INITRAMFS_ADDRESS: usize = 0x218;
const INITRAMFS_SIZE: usize = 0x21c;
const HEAP_END: usize = 0x224;
const COMMAND_LINE: usize = 0x228;
const INITRAMFS_MAX: u64 = 0x22c;
const MORE_LOAD_FLAGS: u64 = 0x236;
/// Older ones have no address of the highest initramfs; ours has 2.15.
const OLDEST_PROTOCOL: u16 = 0x20c;
const LOADED_HIGH: u8 = 1;
const HEAP_USABLE: u8 = 0x80;
const ABOVE_4G: u16 = 2;

/// QEMU's number as a boot loader.
const QEMU: u8 = 0xb0;
/// Where it puts the command line, and where the heap before it ends, seen from 0x10000 + 0x200.
const COMMAND_LINE_ADDRESS: u32 = 0x2_0000;
const HEAP_END_OFFSET: u16 = 0xfe00;
/// What it keeps free for ACPI tables at the end of low memory.
const ACPI_BYTES: u64 = 0x2_8000;
const PAGE: u64 = 4096;

impl Loading {
    /// The kernel as firmware measures it.
    ///
    /// # Errors
    /// `Differs` and `Truncated` for what is no kernel; `NotSupported` for one of before 2013;
    /// `TooLarge` for an initramfs that does not fit into the guest's memory.
    pub(super) fn handed<'a>(
        self,
        kernel: &'a [u8],
        initramfs: &Part,
        memory: GuestMemory,
    ) -> Result<Cow<'a, [u8]>, ImageError> {
        match self {
            Self::AsItIs => Ok(Cow::Borrowed(kernel)),
            Self::Patched => {
                patched(kernel, initramfs.bytes().len() as u64, memory).map(Cow::Owned)
            }
        }
    }
}

fn patched(kernel: &[u8], initramfs: u64, memory: GuestMemory) -> Result<Vec<u8>, ImageError> {
    let bytes = Bytes::new("kernel", kernel);
    bytes.expect(MAGIC.0, MAGIC.1)?;
    let flags = bytes.u8(LOAD_FLAGS as u64)?;
    if bytes.u16_le(PROTOCOL)? < OLDEST_PROTOCOL || flags & LOADED_HIGH == 0 {
        return Err(ImageError::NotSupported {
            what: "a kernel of before Linux 3.8",
            reason: "QEMU loads it in another way",
        });
    }
    let highest = match bytes.u16_le(MORE_LOAD_FLAGS)? & ABOVE_4G {
        0 => bytes.u32_le(INITRAMFS_MAX)?,
        _ => u32::MAX,
    };
    let (address, size) = place(u64::from(highest), initramfs, memory)?;

    let mut patched = kernel.to_vec();
    let mut put = |at: usize, value: &[u8]| {
        let end = at.saturating_add(value.len());
        // The header was read up to there already.
        if let Some(field) = patched.get_mut(at..end) {
            field.copy_from_slice(value);
        }
    };
    put(LOADER, &[QEMU, flags | HEAP_USABLE]);
    put(INITRAMFS_ADDRESS, &address.to_le_bytes());
    put(INITRAMFS_SIZE, &size.to_le_bytes());
    put(HEAP_END, &HEAP_END_OFFSET.to_le_bytes());
    put(COMMAND_LINE, &COMMAND_LINE_ADDRESS.to_le_bytes());
    Ok(patched)
}

/// Where QEMU would put an initramfs: as high as it may, on a whole page.
fn place(highest: u64, size: u64, memory: GuestMemory) -> Result<(u32, u32), ImageError> {
    let free = memory.low().saturating_sub(ACPI_BYTES);
    let highest = if highest >= free {
        free.saturating_sub(1)
    } else {
        highest
    };
    let too_large = || ImageError::TooLarge {
        part: "initramfs",
        limit: highest,
        found: size,
    };
    let address = highest.checked_sub(size).ok_or_else(too_large)? & !(PAGE - 1);
    match (u32::try_from(address), u32::try_from(size)) {
        (Ok(address), Ok(size)) => Ok((address, size)),
        _ => Err(too_large()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_initramfs_is_put_where_qemu_puts_it() {
        let place = |highest, size, mebibytes| {
            place(highest, size, GuestMemory::from_mebibytes(mebibytes)).unwrap()
        };
        let everything = u64::from(u32::MAX);
        // (256 MiB - 0x28000 - 1 - 5,000,000) & ~4095
        assert_eq!(place(everything, 5_000_000, 256), (0xfb1_3000, 5_000_000));
        // What the kernel says counts where it is less: (0x3fffffff - 4096) & ~4095
        assert_eq!(place(0x3fff_ffff, 4096, 2048), (0x3fff_e000, 4096));
        // From 2.75 GiB on, 2 GiB are low.
        assert_eq!(place(everything, 4096, 2815), (0xafed_6000, 4096));
        assert_eq!(place(everything, 4096, 2816), (0x7ffd_6000, 4096));
    }

    #[test]
    fn an_initramfs_that_does_not_fit_is_refused() {
        let memory = GuestMemory::from_mebibytes(16);
        assert!(matches!(
            place(u64::from(u32::MAX), 17 << 20, memory),
            Err(ImageError::TooLarge {
                found: 0x110_0000,
                ..
            })
        ));
        assert!(place(u64::MAX, 1, GuestMemory::from_mebibytes(0)).is_err());
    }
}
