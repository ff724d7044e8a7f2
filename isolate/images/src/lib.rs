//! Makes the images of every kind of isolate, opens them, and computes what they measure to.
//!
//! An image is a folder: `image.json` and the files whose digests stand in it. [`Image::open`]
//! checks every digest before anything is used, and keeps what it read, so that what was checked is
//! what runs. Measurements are computed from the image alone, by the formulas that firmware,
//! hypervisor or processor use ([`tpm`], [`eif`], [`snp`]); `docs/reference/images.md` has them with
//! their sources.
//!
//! Nothing here starts anything, and nothing here is trusted by a participant: whoever doubts an
//! image builds it anew and compares.
//!
//! ```no_run
//! use std::path::Path;
//! use veracruz_images::{Image, ImageError};
//!
//! fn main() -> Result<(), ImageError> {
//!     let Image::Machine(machine) = Image::open(Path::new("target/images/microvm"))? else {
//!         return Ok(());
//!     };
//!     println!("{}", machine.measurement());
//!     Ok(())
//! }
//! ```

mod architecture;
mod bytes;
mod command_line;
pub mod eif;
mod elf;
mod error;
mod files;
mod image;
pub mod initramfs;
mod kernel;
mod machine;
mod manifest;
mod nitro;
mod process;
pub mod sgx;
pub mod snp;
pub mod tpm;

pub use architecture::Architecture;
pub use command_line::{CommandLine, MAX_COMMAND_LINE_BYTES};
pub use error::ImageError;
pub use files::Part;
pub use image::{Image, ImageKind};
pub use kernel::KernelFolder;
pub use machine::MachineImage;
pub use nitro::NitroImage;
pub use process::{ProcessImage, Runtime};
