//! WASI over in-memory files, without an engine: preview 1 over a guest memory, and 0.2.
//!
//! All 46 functions of `wasi_snapshot_preview1` are methods of [`Wasi`], written once against
//! [`GuestMemory`]; [`for_each_function!`] lists them, so that an engine binds them all without a
//! list of its own. Files are those of `veracruz-vfs`, time stands still but for what a program
//! sleeps, randomness comes from a seed, and sockets answer that they are not supported: a run
//! can be repeated, and a program can do nothing but compute.
//!
//! [`interfaces`] has what components import, WASI 0.2, over the same files, clock and streams.
//!
//! It is not an engine, starts no program, and never reads the host's files, clock or randomness.
//!
//! ```
//! use veracruz_vfs::{Quotas, Rights, Rules, Vfs};
//! use veracruz_wasi::{Config, IntoWasm, Sink, Wasi};
//!
//! let vfs = Vfs::new(Rules::new(), Quotas { bytes: 0, files: 0 }, 0);
//! let mut config = Config::new(vfs, [7; 32]);
//! config.stdout = Sink::Keep { max_bytes: 1024 };
//! let mut wasi = Wasi::new(config)?;
//!
//! // What a program does to print "hi": one vector at address 0 that points to address 16.
//! let mut memory = vec![0u8; 65536];
//! memory[0..8].copy_from_slice(&[16, 0, 0, 0, 2, 0, 0, 0]);
//! memory[16..18].copy_from_slice(b"hi");
//! assert_eq!(wasi.fd_write(memory.as_mut_slice(), 1, 0, 1, 8).into_wasm(), Ok(0));
//! assert_eq!(wasi.finish().stdout, b"hi");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod abi;
mod answer;
mod args;
mod clock;
mod config;
mod context;
mod descriptor;
mod errno;
mod fd_io;
mod fd_seek;
mod fd_status;
mod fd_table;
pub mod interfaces;
mod memory;
mod path;
mod path_open;
mod poll;
mod process;
mod random;
mod readdir;
mod socket;
mod table;
mod time;
mod vectors;

pub use abi::flags;
pub use answer::{Exit, IntoWasm};
pub use config::{Config, ConfigError, Input, Limits, Live, Output, Preopen, Sink};
pub use context::{Finished, LimitMet, Wasi};
pub use errno::Errno;
pub use memory::GuestMemory;
pub use table::{FUNCTIONS, Function, MODULE, ValueType};
