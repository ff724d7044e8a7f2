//! A kernel as `cargo xtask kernel` leaves it.

use std::path::Path;

use crate::bytes::Bytes;
use crate::files::{self, Part};
use crate::{Architecture, ImageError, Runtime, elf};

/// Most bytes of a kernel in any form: ours has 20 MB at most, as ELF.
pub(crate) const MAX_KERNEL_BYTES: u64 = 256 << 20;

pub(crate) const ELF: &str = "kernel.elf";
pub(crate) const BZIMAGE: &str = "kernel.bzimage";
pub(crate) const IMAGE: &str = "kernel.image";

/// One kernel in the forms that its architecture has.
#[derive(Clone, Debug)]
pub struct KernelFolder {
    pub(crate) kernel: Kernel,
}

/// The forms of one kernel.
#[derive(Clone, Debug)]
pub(crate) enum Kernel {
    X86_64 {
        /// What is started without firmware.
        elf: Part,
        /// What firmware and enclaves start.
        bzimage: Part,
    },
    Aarch64 {
        /// What all of them start.
        image: Part,
    },
}

impl KernelFolder {
    /// Reads `vmlinux` and `bzImage`, or on Arm `Image`.
    ///
    /// # Errors
    /// `File`, `TooLarge`, and `Differs` or `Truncated` for what is no such kernel.
    pub fn read(folder: &Path, architecture: Architecture) -> Result<Self, ImageError> {
        let read = |file: &str, part| {
            files::read(&folder.join(file), part, MAX_KERNEL_BYTES).map(Part::new)
        };
        let kernel = match architecture {
            Architecture::X86_64 => {
                Kernel::of_x86_64(read("vmlinux", ELF)?, read("bzImage", BZIMAGE)?)?
            }
            Architecture::Aarch64 => Kernel::of_aarch64(read("Image", IMAGE)?)?,
        };
        Ok(Self { kernel })
    }

    /// What it runs on.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.kernel.architecture()
    }

    /// Refuses a runtime for another architecture.
    pub(crate) fn fits(&self, runtime: &Runtime) -> Result<(), ImageError> {
        if self.architecture() == runtime.architecture() {
            return Ok(());
        }
        Err(ImageError::differs(
            "architecture of the runtime",
            self.architecture(),
            runtime.architecture(),
        ))
    }
}

impl Kernel {
    pub(crate) fn of_x86_64(elf: Part, bzimage: Part) -> Result<Self, ImageError> {
        elf::check_kernel(ELF, elf.bytes(), Architecture::X86_64)?;
        // Linux' boot protocol, "The Real-Mode Kernel Header".
        let bytes = Bytes::new(BZIMAGE, bzimage.bytes());
        bytes.expect(0x1fe, &[0x55, 0xaa])?;
        bytes.expect(0x202, b"HdrS")?;
        Ok(Self::X86_64 { elf, bzimage })
    }

    pub(crate) fn of_aarch64(image: Part) -> Result<Self, ImageError> {
        // Linux, Documentation/arch/arm64/booting.rst.
        Bytes::new(IMAGE, image.bytes()).expect(0x38, b"ARM\x64")?;
        Ok(Self::Aarch64 { image })
    }

    pub(crate) const fn architecture(&self) -> Architecture {
        match self {
            Self::X86_64 { .. } => Architecture::X86_64,
            Self::Aarch64 { .. } => Architecture::Aarch64,
        }
    }

    /// What is started without firmware.
    pub(crate) const fn direct(&self) -> &Part {
        match self {
            Self::X86_64 { elf, .. } => elf,
            Self::Aarch64 { image } => image,
        }
    }

    /// What firmware starts, and what goes into an enclave: it unpacks itself.
    pub(crate) const fn self_extracting(&self) -> &Part {
        match self {
            Self::X86_64 { bzimage, .. } => bzimage,
            Self::Aarch64 { image } => image,
        }
    }
}
