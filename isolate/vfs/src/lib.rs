//! In-memory files with rights and quotas: all that a program can see of a file system.
//!
//! A [`Vfs`] is a tree of folders, files and symbolic links. What a program may do is decided by
//! [`Rules`] on the canonical path that a walk ends at, never on the text that the program gave;
//! what it has no right to does not exist for it. Inputs stand behind [`Storage`] and are shared
//! without a copy until somebody writes to them; outputs grow in extents; [`Quotas`] are checked
//! before anything grows.
//!
//! It is not a way to the host's files, knows no WASI and no descriptors (see `veracruz-wasi`),
//! reads no clock ([`Vfs::set_time`]) and holds no lock.
//!
//! ```
//! use std::sync::Arc;
//! use veracruz_vfs::{OpenOptions, Opened, Quotas, Rights, Rules, Vfs};
//!
//! let mut rules = Rules::new();
//! rules.grant("/input/", Rights::READ)?;
//! rules.grant("/output/sum.csv", Rights::READ_WRITE)?;
//! let mut vfs = Vfs::new(rules, Quotas { bytes: 1 << 20, files: 16 }, 0);
//! vfs.provide("/input/ids.csv", Arc::new(b"1\n2\n".to_vec()))?;
//!
//! let root = vfs.open_folder("/")?;
//! let create = OpenOptions { create: true, write: true, ..OpenOptions::default() };
//! if let Opened::File(file) = vfs.open(&root, "output/sum.csv", create)? {
//!     vfs.write(&file, 0, b"3\n")?;
//!     vfs.close_file(file);
//! }
//! assert_eq!(vfs.file("/output/sum.csv").map(|file| file.size()), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod change;
mod content;
mod directory;
mod error;
mod export;
mod inode;
mod io;
mod listing;
mod open;
mod path;
mod provision;
mod rename;
mod rules;
mod status;
mod storage;
mod tree;
mod walk;

pub use content::EXTENT_BYTES;
pub use error::Error;
pub use export::{Entry, File};
pub use inode::{InodeId, Kind};
pub use listing::Listed;
pub use open::{OpenDirectory, OpenFile, OpenOptions, Opened};
pub use path::{MAX_LINKS, MAX_NAME_BYTES, MAX_PATH_BYTES};
pub use rules::{Rights, RuleError, Rules};
pub use status::{Status, Times};
pub use storage::Storage;
pub use tree::{Quotas, Vfs};
