//! The enclave image format of AWS Nitro, version 4, and what an image in it measures to.
//!
//! A header of 548 bytes says where up to 32 sections are; each has a header of its own; numbers
//! have their greatest byte first; a CRC-32 covers everything but itself. The format is AWS'
//! (`aws-nitro-enclaves-image-format`); the meaning of the PCRs stands in AWS' user guide, "Where to
//! get an enclave's measurements".

mod layout;
mod pcrs;
mod read;
mod write;

pub use layout::{MAX_EIF_BYTES, MAX_RAMDISKS};
pub use pcrs::NitroPcrs;

use crate::{Architecture, CommandLine};

/// An enclave's image, taken apart. [`Eif::parse`] and [`Eif::to_bytes`] are each other's inverse
/// for images without a signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Eif<'a> {
    /// What it runs on.
    pub architecture: Architecture,
    /// Memory that the enclave gets where nobody says how much, in bytes.
    pub default_memory: u64,
    /// Processors that it gets where nobody says how many.
    pub default_processors: u64,
    /// `bzImage` on x86-64, `Image` on Arm.
    pub kernel: &'a [u8],
    /// What the kernel is started with.
    pub command_line: CommandLine,
    /// What the image says about itself, JSON. Nothing measures it.
    pub metadata: &'a [u8],
    /// Archives that the kernel unpacks one after the other. The first counts as part of the
    /// operating system, the others as the application.
    pub ramdisks: Vec<&'a [u8]>,
    /// Signatures of PCR 0, CBOR. They are not verified here; an image that is written has none.
    pub signature: Option<&'a [u8]>,
}
