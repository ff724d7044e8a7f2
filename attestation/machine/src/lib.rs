//! Starts virtual machines from parts that somebody else has measured, and removes what they leave.
//!
//! A [`Description`] says in types what a machine is: its board, its memory, which devices it has.
//! Its [`Parts`] (kernel, initramfs, firmware) come as descriptors, so that what was measured is
//! what runs. From both follows one command line of QEMU, by a pure function. A [`Warden`] is a
//! process of its own in namespaces of its own: it starts the device daemons and QEMU, waits, and
//! when one of them dies ends the others and removes the machine's folder.
//!
//! What it is not: it measures nothing, vouches for nothing and speaks to no guest. Nor does it
//! take a path or an argument for QEMU from whoever wants a machine: programs are found by
//! [`Tools`], by whoever runs this process.
//!
//! ```no_run
//! use std::os::fd::AsFd;
//! use veracruz_machine::{Description, Order, Part, PartFile, Parts, Tools, Warden};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (kernel, initramfs) = (std::fs::File::open("kernel.elf")?, std::fs::File::open("initramfs")?);
//! let parts = Parts {
//!     command_line: "console=ttyS0 quiet -- guest".into(),
//!     files: vec![
//!         PartFile { part: Part::Kernel, file: kernel.as_fd() },
//!         PartFile { part: Part::Initramfs, file: initramfs.as_fd() },
//!     ],
//! };
//! let order = Order {
//!     description: &Description::microvm(),
//!     parts: &parts,
//!     tools: &Tools::find(),
//!     folder: "/run/veracruz/machine".as_ref(),
//!     tpm_authority: None,
//!     evidence: None,
//!     user: None,
//! };
//! let warden = Warden::start(&order, |_process| Ok(()))?;
//! # let _ = warden;
//! # Ok(()) }
//! ```

mod command;
mod confidential;
mod description;
mod folder;
mod kvm;
mod parts;
mod shown;
mod tools;
mod tpm;
mod vsock;
mod warden;

pub use command::{Wiring, qemu};
pub use confidential::{Cca, Confidential, Epyc, MeasurementAlgorithm, QuoteService, SevSnp, Tdx};
pub use description::{Acceleration, Board, Description, DescriptionError, MAX_COMMAND_LINE};
pub use folder::{clear, remove};
pub use kvm::{KvmSpeed, probe};
pub use parts::{Part, PartFile, Parts};
pub use shown::{Named, shown};
pub use tools::Tools;
pub use tpm::TpmAuthority;
pub use vsock::{SOCKET, STARTING};
pub use warden::{Exit, Order, Stage, StartError, User, Warden, Word, fork_into};
