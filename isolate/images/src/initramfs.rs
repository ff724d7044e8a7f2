//! The files that a guest starts with: an archive in `newc` format, uncompressed, the same bytes
//! from the same runtime on every machine and at every time.
//!
//! `dev`, `proc` and `sys` are empty folders to mount upon, `dev/console` is what the kernel opens
//! before anything is mounted, and `init` is the runtime. There is nothing else: no shell, no
//! library, no module.

use std::io::{Cursor, Write as _};

use cpio::newc::{self, Builder, Reader};
use veracruz_policy::Sha256;

use crate::ImageError;
use crate::bytes::Bytes;
use crate::process::{MAX_RUNTIME_BYTES, Runtime};

/// Most bytes of an archive: a runtime and a page.
pub const MAX_INITRAMFS_BYTES: u64 = MAX_RUNTIME_BYTES + 4096;

const PART: &str = "initramfs";
/// Loaders put several archives one after the other; so each is whole blocks.
const BLOCK: usize = 512;
/// Entries that are read before an archive is taken for something else.
const MAX_ENTRIES: usize = 64;
const INIT: &str = "init";

const FOLDERS: [&str; 3] = ["dev", "proc", "sys"];
const FOLDER_MODE: u32 = 0o040_755;
const CONSOLE: &str = "dev/console";
const CONSOLE_MODE: u32 = 0o020_600;
/// `/dev/console` in Linux' list of devices.
const CONSOLE_DEVICE: (u32, u32) = (5, 1);
const INIT_MODE: u32 = 0o100_755;

/// The whole archive of a virtual machine.
///
/// # Errors
/// `TooLarge`.
pub fn whole(runtime: &Runtime) -> Result<Vec<u8>, ImageError> {
    let mut archive = Archive::new();
    archive.folders()?;
    archive.init(runtime)?;
    archive.finish()
}

/// The first archive of an enclave: what is there without the runtime.
///
/// # Errors
/// None that this version knows; writing to memory can fail by its type.
pub fn folders() -> Result<Vec<u8>, ImageError> {
    let mut archive = Archive::new();
    archive.folders()?;
    archive.finish()
}

/// The second archive of an enclave: the runtime alone.
///
/// # Errors
/// `TooLarge`.
pub fn runtime(runtime: &Runtime) -> Result<Vec<u8>, ImageError> {
    let mut archive = Archive::new();
    archive.init(runtime)?;
    archive.finish()
}

/// The SHA-256 of the runtime in an archive that somebody else made.
///
/// # Errors
/// `Differs`: it is no such archive, or has no `init`, or two. `TooLarge`.
pub fn runtime_in(archive: &[u8]) -> Result<Sha256, ImageError> {
    let bytes = Bytes::new(PART, archive);
    bytes.at_most(MAX_INITRAMFS_BYTES)?;
    let mut rest = Cursor::new(archive);
    let mut found = None;
    for _ in 0..MAX_ENTRIES {
        let malformed = |error: std::io::Error| bytes.differs("a newc archive", error);
        let reader = Reader::new(rest).map_err(malformed)?;
        if reader.entry().is_trailer() {
            return found.ok_or_else(|| bytes.differs("a file `init`", "none"));
        }
        let is_init = reader.entry().name() == INIT;
        if is_init && found.is_some() {
            return Err(bytes.differs("one file `init`", "two"));
        }
        // What the entry says of its size was not compared with what is there.
        let mut content = Vec::new();
        rest = reader.to_writer(&mut content).map_err(malformed)?;
        if is_init {
            found = Some(Sha256::of(&content));
        }
    }
    Err(bytes.differs(format!("at most {MAX_ENTRIES} entries"), "more"))
}

/// An archive that is being written.
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            entries: 0,
        }
    }

    fn folders(&mut self) -> Result<(), ImageError> {
        for name in FOLDERS {
            self.add(Builder::new(name).mode(FOLDER_MODE), &[])?;
        }
        let (major, minor) = CONSOLE_DEVICE;
        let console = Builder::new(CONSOLE).mode(CONSOLE_MODE);
        self.add(console.rdev_major(major).rdev_minor(minor), &[])
    }

    fn init(&mut self, runtime: &Runtime) -> Result<(), ImageError> {
        self.add(Builder::new(INIT).mode(INIT_MODE), runtime.bytes())
    }

    /// Adds an entry. Its time is 0, its owner is root, and its number is its place.
    fn add(&mut self, entry: Builder, content: &[u8]) -> Result<(), ImageError> {
        let too_large = || ImageError::TooLarge {
            part: PART,
            limit: u64::from(u32::MAX),
            found: content.len() as u64,
        };
        let length = u32::try_from(content.len()).map_err(|_| too_large())?;
        self.entries = self.entries.saturating_add(1);
        let mut writer = entry.ino(self.entries).write(&mut self.bytes, length);
        let written = writer.write_all(content).and_then(|()| writer.finish());
        written.map(|_| ()).map_err(in_memory)
    }

    fn finish(self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = newc::trailer(self.bytes).map_err(in_memory)?;
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        Ok(bytes)
    }
}

/// Memory takes everything; the types of an archive's writer do not know that.
fn in_memory(error: std::io::Error) -> ImageError {
    ImageError::file(std::path::Path::new(PART), error)
}
