//! The files that a machine starts from.

use std::fmt;
use std::os::fd::BorrowedFd;

use minicbor::{Decode, Encode};

/// A file that a machine starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Part {
    /// The kernel: an ELF file with a PVH entry or a bzImage; for aarch64 an Image.
    #[n(0)]
    Kernel,
    /// The initramfs: a cpio archive.
    #[n(1)]
    Initramfs,
    /// Firmware, executed first.
    #[n(2)]
    Firmware,
    /// The firmware's variables as they are at first; each machine gets a copy.
    #[n(3)]
    Variables,
    /// An enclave image file (EIF).
    #[n(4)]
    Enclave,
}

impl Part {
    /// What it is called.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Initramfs => "initramfs",
            Self::Firmware => "firmware",
            Self::Variables => "firmware's variables",
            Self::Enclave => "enclave image",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A part and the file that is it.
#[derive(Clone, Copy, Debug)]
pub struct PartFile<'a> {
    /// Which part.
    pub part: Part,
    /// A file that nobody changes any more.
    pub file: BorrowedFd<'a>,
}

/// All that a machine starts from.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    /// The kernel's command line: printable ASCII, less than [`MAX_COMMAND_LINE`](crate::MAX_COMMAND_LINE) bytes. Empty for an
    /// enclave image, which has its own.
    pub command_line: String,
    /// The files, each part once.
    pub files: Vec<PartFile<'a>>,
}

impl Parts<'_> {
    /// The file of a part, if it is there.
    #[must_use]
    pub fn find(&self, part: Part) -> Option<BorrowedFd<'_>> {
        let found = self.files.iter().find(|file| file.part == part);
        found.map(|found| found.file)
    }
}
