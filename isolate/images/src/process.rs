//! The runtime by itself: what a `process` isolate runs, and what every other image contains.

use std::path::Path;

use veracruz_policy::Sha256;

use crate::files::{self, Part};
use crate::manifest::{Files, Manifest};
use crate::{Architecture, ImageError, ImageKind, elf};

/// Most bytes of a runtime: it has 16 MB.
pub(crate) const MAX_RUNTIME_BYTES: u64 = 256 << 20;

pub(crate) const FILE: &str = "runtime";

/// A runtime that can run where nothing else is: a static executable.
#[derive(Clone, Debug)]
pub struct Runtime {
    part: Part,
    architecture: Architecture,
}

impl Runtime {
    /// Reads an executable.
    ///
    /// # Errors
    /// `File`; `TooLarge`; `Differs` and `Truncated` for anything but a static executable.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        Self::parse(files::read(path, FILE, MAX_RUNTIME_BYTES)?)
    }

    /// Takes the bytes of an executable.
    ///
    /// # Errors
    /// `TooLarge`; `Differs` and `Truncated` for anything but a static executable.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ImageError> {
        crate::bytes::Bytes::new(FILE, &bytes).at_most(MAX_RUNTIME_BYTES)?;
        let architecture = elf::architecture(FILE, &bytes)?;
        elf::check_static(FILE, &bytes, architecture)?;
        Ok(Self {
            part: Part::new(bytes),
            architecture,
        })
    }

    /// What it runs on.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The executable.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.part.bytes()
    }

    /// Its SHA-256: what `isolates.process.runtime` of a policy names.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.part.sha256()
    }
}

/// An image for `process` isolates: `image.json` and `runtime`.
#[derive(Clone, Debug)]
pub struct ProcessImage {
    runtime: Runtime,
}

impl ProcessImage {
    /// The image of `runtime`.
    #[must_use]
    pub const fn new(runtime: Runtime) -> Self {
        Self { runtime }
    }

    /// Writes it into a new folder.
    ///
    /// # Errors
    /// `File`.
    pub fn write(&self, folder: &Path) -> Result<(), ImageError> {
        let files = Files {
            runtime: Some(self.runtime.sha256()),
            ..Files::default()
        };
        Manifest::new(ImageKind::Process, self.runtime.architecture, None, files).write(folder)?;
        files::write_new(&folder.join(FILE), self.runtime.bytes(), true)
    }

    pub(crate) fn open(folder: &Path, manifest: &Manifest) -> Result<Self, ImageError> {
        let part = manifest.part(folder, FILE, MAX_RUNTIME_BYTES)?;
        let runtime = Runtime::parse(part.into_bytes())?;
        manifest.is_for(runtime.architecture)?;
        Ok(Self { runtime })
    }

    /// The runtime.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// SHA-256 of the runtime.
    #[must_use]
    pub const fn measurement(&self) -> Sha256 {
        self.runtime.sha256()
    }
}
