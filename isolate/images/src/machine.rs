//! Images of virtual machines: kernel, initramfs and command line.

use std::path::Path;

use veracruz_evidence::sw_rot;
use veracruz_policy::Sha256;

use crate::files::{self, Part};
use crate::kernel::{BZIMAGE, ELF, IMAGE, Kernel, MAX_KERNEL_BYTES};
use crate::manifest::{Files, Manifest};
use crate::{Architecture, CommandLine, ImageError, ImageKind, KernelFolder, Runtime, initramfs};

const INITRAMFS: &str = "initramfs";

/// A virtual machine. A value of this type has passed every check: its parts are the bytes that
/// were digested, and not files that may change.
#[derive(Clone, Debug)]
pub struct MachineImage {
    kernel: Kernel,
    initramfs: Part,
    command_line: CommandLine,
}

impl MachineImage {
    /// Puts an image together.
    ///
    /// # Errors
    /// `Differs`: kernel and runtime are for different architectures. `TooLarge`.
    pub fn build(
        kernel: KernelFolder,
        runtime: &Runtime,
        command_line: CommandLine,
    ) -> Result<Self, ImageError> {
        kernel.fits(runtime)?;
        Ok(Self {
            kernel: kernel.kernel,
            initramfs: Part::new(initramfs::whole(runtime)?),
            command_line,
        })
    }

    /// Reads a folder, and checks every file in it against its digest.
    ///
    /// # Errors
    /// As [`crate::Image::open`]; `Differs` for an image of another kind.
    pub fn open(folder: &Path) -> Result<Self, ImageError> {
        Self::with(folder, &Manifest::read(folder)?)
    }

    pub(crate) fn with(folder: &Path, manifest: &Manifest) -> Result<Self, ImageError> {
        manifest.is(ImageKind::MicroVm)?;
        let kernel = |name| manifest.part(folder, name, MAX_KERNEL_BYTES);
        let kernel = match manifest.architecture {
            Architecture::X86_64 => Kernel::of_x86_64(kernel(ELF)?, kernel(BZIMAGE)?)?,
            Architecture::Aarch64 => Kernel::of_aarch64(kernel(IMAGE)?)?,
        };
        Ok(Self {
            kernel,
            initramfs: manifest.part(folder, INITRAMFS, initramfs::MAX_INITRAMFS_BYTES)?,
            command_line: manifest.command_line()?,
        })
    }

    /// Writes it into a new folder.
    ///
    /// # Errors
    /// `File`.
    pub fn write(&self, folder: &Path) -> Result<(), ImageError> {
        let mut files = Files {
            initramfs: Some(self.initramfs.sha256()),
            ..Files::default()
        };
        let kernels: Vec<(&str, &Part)> = match &self.kernel {
            Kernel::X86_64 { elf, bzimage } => {
                files.kernel_elf = Some(elf.sha256());
                files.kernel_bzimage = Some(bzimage.sha256());
                vec![(ELF, elf), (BZIMAGE, bzimage)]
            }
            Kernel::Aarch64 { image } => {
                files.kernel_image = Some(image.sha256());
                vec![(IMAGE, image)]
            }
        };
        Manifest::new(
            ImageKind::MicroVm,
            self.architecture(),
            Some(&self.command_line),
            files,
        )
        .write(folder)?;
        for (name, part) in kernels.into_iter().chain([(INITRAMFS, &self.initramfs)]) {
            files::write_new(&folder.join(name), part.bytes(), false)?;
        }
        Ok(())
    }

    /// What it runs on.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.kernel.architecture()
    }

    /// What is started without firmware: `vmlinux` on x86-64, `Image` on Arm.
    #[must_use]
    pub const fn kernel(&self) -> &Part {
        self.kernel.direct()
    }

    /// What firmware starts: `bzImage` on x86-64, `Image` on Arm, both with an EFI stub.
    #[must_use]
    pub const fn efi_kernel(&self) -> &Part {
        self.kernel.self_extracting()
    }

    /// The files that the guest starts with.
    #[must_use]
    pub const fn initramfs(&self) -> &Part {
        &self.initramfs
    }

    /// What the kernel is started with.
    #[must_use]
    pub const fn command_line(&self) -> &CommandLine {
        &self.command_line
    }

    /// What the attester measures of a machine that is started without firmware: the value of
    /// `isolates.microvm.image` in a policy.
    #[must_use]
    pub fn measurement(&self) -> Sha256 {
        sw_rot::machine_measurement(
            &self.kernel().sha256(),
            &self.initramfs.sha256(),
            self.command_line.as_str().as_bytes(),
        )
    }

    /// The SHA-256 of the runtime in it.
    ///
    /// # Errors
    /// As [`initramfs::runtime_in`].
    pub fn runtime(&self) -> Result<Sha256, ImageError> {
        initramfs::runtime_in(self.initramfs.bytes())
    }
}
