//! Images of Nitro enclaves.

use std::path::{Path, PathBuf};

use veracruz_policy::Sha256;

use crate::eif::{Eif, MAX_EIF_BYTES, NitroPcrs};
use crate::files::{self, Part};
use crate::kernel::KernelFolder;
use crate::manifest::{Files, Manifest};
use crate::{Architecture, CommandLine, ImageError, ImageKind, Runtime, initramfs};

const FILE: &str = "image.eif";
const DEFAULT_MEMORY: u64 = 1 << 30;
const DEFAULT_PROCESSORS: u64 = 2;

/// What AWS' tools want to read about an image. Nothing in it depends on when or where the image
/// was made, and nothing measures it.
const METADATA: &str = concat!(
    r#"{"ImageName":"veracruz","ImageVersion":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","BuildMetadata":{"BuildTime":"1970-01-01T00:00:00Z","BuildTool":"veracruz","#,
    r#""BuildToolVersion":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","OperatingSystem":"Linux","KernelVersion":"6.12"},"DockerInfo":null,"#,
    r#""CustomMetadata":null}"#
);

/// An enclave: `image.json` and `image.eif`, which `nitro-cli run-enclave` takes too.
#[derive(Clone, Debug)]
pub struct NitroImage {
    eif: Part,
    architecture: Architecture,
    command_line: CommandLine,
    pcrs: NitroPcrs,
}

impl NitroImage {
    /// Puts an image together. The first ramdisk is the same for every runtime, so PCR 1 says which
    /// kernel it is and PCR 2 which runtime.
    ///
    /// # Errors
    /// `Differs`: kernel and runtime are for different architectures. `TooLarge`.
    pub fn build(
        kernel: &KernelFolder,
        runtime: &Runtime,
        command_line: CommandLine,
    ) -> Result<Self, ImageError> {
        kernel.fits(runtime)?;
        let folders = initramfs::folders()?;
        let init = initramfs::runtime(runtime)?;
        let eif = Eif {
            architecture: runtime.architecture(),
            default_memory: DEFAULT_MEMORY,
            default_processors: DEFAULT_PROCESSORS,
            kernel: kernel.kernel.self_extracting().bytes(),
            command_line,
            metadata: METADATA.as_bytes(),
            ramdisks: vec![&folders, &init],
            signature: None,
        };
        Self::of(Part::new(eif.to_bytes()?))
    }

    /// Reads an EIF that stands alone, by whomever it was made.
    ///
    /// # Errors
    /// `File`, and as [`Eif::parse`].
    pub fn read_eif(path: &Path) -> Result<Self, ImageError> {
        Self::of(Part::new(files::read(path, FILE, MAX_EIF_BYTES)?))
    }

    /// Reads a folder, and checks every file in it against its digest.
    ///
    /// # Errors
    /// As [`crate::Image::open`]; `Differs` for an image of another kind.
    pub fn open(folder: &Path) -> Result<Self, ImageError> {
        Self::with(folder, &Manifest::read(folder)?)
    }

    /// Where the EIF of an image in `folder` is, for `nitro-cli`.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    pub(crate) fn with(folder: &Path, manifest: &Manifest) -> Result<Self, ImageError> {
        manifest.is(ImageKind::Nitro)?;
        let image = Self::of(manifest.part(folder, FILE, MAX_EIF_BYTES)?)?;
        manifest.is_for(image.architecture)?;
        let said = manifest.command_line()?;
        if said != image.command_line {
            return Err(ImageError::differs(
                "command_line in image.json",
                &image.command_line,
                said,
            ));
        }
        Ok(image)
    }

    fn of(part: Part) -> Result<Self, ImageError> {
        let eif = Eif::parse(part.bytes())?;
        let (architecture, pcrs) = (eif.architecture, eif.pcrs());
        let command_line = eif.command_line;
        Ok(Self {
            eif: part,
            architecture,
            command_line,
            pcrs,
        })
    }

    /// Writes it into a new folder.
    ///
    /// # Errors
    /// `File`.
    pub fn write(&self, folder: &Path) -> Result<(), ImageError> {
        let files = Files {
            image_eif: Some(self.eif.sha256()),
            ..Files::default()
        };
        let command_line = Some(&self.command_line);
        Manifest::new(ImageKind::Nitro, self.architecture, command_line, files).write(folder)?;
        files::write_new(&folder.join(FILE), self.eif.bytes(), false)
    }

    /// What it runs on.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The EIF.
    #[must_use]
    pub const fn eif(&self) -> &Part {
        &self.eif
    }

    /// What the kernel is started with, before the hypervisor adds its devices.
    #[must_use]
    pub const fn command_line(&self) -> &CommandLine {
        &self.command_line
    }

    /// What it measures to.
    #[must_use]
    pub const fn pcrs(&self) -> NitroPcrs {
        self.pcrs
    }

    /// The SHA-256 of the runtime in it.
    ///
    /// # Errors
    /// `Differs`: it is not an image of ours.
    pub fn runtime(&self) -> Result<Sha256, ImageError> {
        let eif = Eif::parse(self.eif.bytes())?;
        let last = eif.ramdisks.last().copied().unwrap_or_default();
        initramfs::runtime_in(last)
    }
}
