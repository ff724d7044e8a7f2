//! A folder of any kind.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
use crate::{Architecture, ImageError, MachineImage, NitroImage, ProcessImage};

/// What an image is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImageKind {
    /// A sandboxed process: the runtime alone.
    Process,
    /// A virtual machine, with or without firmware, vTPM or encrypted memory.
    MicroVm,
    /// An AWS Nitro enclave.
    Nitro,
}

impl ImageKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Process, Self::MicroVm, Self::Nitro];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::MicroVm => "microvm",
            Self::Nitro => "nitro",
        }
    }

    /// The files beside `image.json`.
    pub(crate) const fn files(self, architecture: Architecture) -> &'static [&'static str] {
        match (self, architecture) {
            (Self::Process, _) => &["runtime"],
            (Self::MicroVm, Architecture::X86_64) => &["kernel.elf", "kernel.bzimage", "initramfs"],
            (Self::MicroVm, Architecture::Aarch64) => &["kernel.image", "initramfs"],
            (Self::Nitro, _) => &["image.eif"],
        }
    }
}

impl fmt::Display for ImageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ImageKind {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| ImageError::differs("kind", "process, microvm or nitro", text))
    }
}

/// An image whose files are those that `image.json` names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Image {
    /// For a sandboxed process.
    Process(ProcessImage),
    /// For a virtual machine.
    Machine(MachineImage),
    /// For a Nitro enclave.
    Nitro(NitroImage),
}

impl Image {
    /// Reads a folder, and checks every file in it against its digest.
    ///
    /// # Errors
    /// `File`, `Manifest`, `TooLarge`; `Digest` for a file that was changed; `Differs` and
    /// `Truncated` for one that never was right.
    pub fn open(folder: &Path) -> Result<Self, ImageError> {
        let manifest = Manifest::read(folder)?;
        Ok(match manifest.kind {
            ImageKind::Process => Self::Process(ProcessImage::open(folder, &manifest)?),
            ImageKind::MicroVm => Self::Machine(MachineImage::with(folder, &manifest)?),
            ImageKind::Nitro => Self::Nitro(NitroImage::with(folder, &manifest)?),
        })
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ImageKind {
        match self {
            Self::Process(_) => ImageKind::Process,
            Self::Machine(_) => ImageKind::MicroVm,
            Self::Nitro(_) => ImageKind::Nitro,
        }
    }
}
