//! What a program is started with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use veracruz_vfs::{Storage, Vfs};

use crate::Errno;

/// Everything that a program can see besides its own memory.
pub struct Config {
    /// Arguments, the program's name first. None by default.
    pub args: Vec<String>,
    /// Environment: names and values. None by default.
    pub env: Vec<(String, String)>,
    /// Its files.
    pub vfs: Vfs,
    /// The folders that it starts with, from descriptor 3 on. Only `/` by default.
    pub preopens: Vec<Preopen>,
    /// Standard input. Empty by default.
    pub stdin: Option<Arc<dyn Storage>>,
    /// Standard output. Discarded by default: it is an output like any other.
    pub stdout: Sink,
    /// Standard error. Discarded by default.
    pub stderr: Sink,
    /// Standard streams that lead somewhere while the program runs. None by default.
    pub live: Live,
    /// The time at the start, in nanoseconds since 1970. It moves on only by what the program
    /// sleeps in `poll_oneoff`. By default 2000-01-01.
    pub realtime_ns: u64,
    /// Where randomness comes from: the key of ChaCha20. Whoever knows it can repeat the run.
    pub seed: [u8; 32],
    /// How much may be in use at once.
    pub limits: Limits,
}

impl Config {
    /// A program with these files and this seed, and nothing else.
    #[must_use]
    pub fn new(vfs: Vfs, seed: [u8; 32]) -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            vfs,
            preopens: vec![Preopen {
                path: "/".into(),
                name: "/".into(),
            }],
            stdin: None,
            stdout: Sink::Discard,
            stderr: Sink::Discard,
            live: Live::default(),
            realtime_ns: 946_684_800_000_000_000,
            seed,
            limits: Limits::default(),
        }
    }
}

/// A folder that is open from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preopen {
    /// Its canonical path in the files.
    pub path: String,
    /// The name under which the program finds it.
    pub name: String,
}

/// Where a standard stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// Nowhere; writing always succeeds.
    Discard,
    /// Into memory; beyond this many bytes, writing fails with `ENOSPC`.
    Keep {
        /// Most bytes that are kept.
        max_bytes: u64,
    },
}

/// Standard streams that lead somewhere while the program runs: for whoever runs one on a machine
/// of their own. What comes in by them is not the same in every run, and a read may wait.
#[derive(Default)]
pub struct Live {
    /// Standard input comes from here; [`Config::stdin`] is not looked at.
    pub stdin: Option<Box<dyn Input>>,
    /// Standard output goes here as it is written, as far as [`Config::stdout`] has room for it;
    /// nothing is kept.
    pub stdout: Option<Box<dyn Output>>,
    /// The same for standard error.
    pub stderr: Option<Box<dyn Output>>,
}

/// Where standard input comes from.
pub trait Input: Send {
    /// Waits for bytes, and puts at least one into `target` if that has room; none at the end.
    ///
    /// # Errors
    /// What the program is to be told.
    fn read(&mut self, target: &mut [u8]) -> Result<usize, Errno>;
}

/// Where standard output goes.
pub trait Output: Send {
    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// What the program is to be told: [`Errno::Pipe`] where nobody reads any more.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno>;
}

/// How much may be in use at once, and how long the lists of one call may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open descriptors, the standard streams and preopened folders included. Default 1,024.
    pub open_files: u32,
    /// Vectors in one read or write. Default 1,024, as on Linux.
    pub vectors: u32,
    /// Subscriptions in one `poll_oneoff`. Default 1,024.
    pub subscriptions: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_files: 1024,
            vectors: 1024,
            subscriptions: 1024,
        }
    }
}

/// A configuration that no program can be started with. At fault is who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// An argument, or a name or value of the environment, holds a zero byte, or a name is empty
    /// or holds `=`: the program would see something else.
    #[error("{what} '{text}' holds a character that it cannot hold")]
    Text {
        /// Which list it is in.
        what: &'static str,
        /// The text as given.
        text: String,
    },
    /// Arguments or environment are larger than 32-bit sizes can say.
    #[error("{what} takes more than 2 GiB")]
    TooLarge {
        /// Which list.
        what: &'static str,
    },
    /// A preopened folder is not there.
    #[error("the folder '{path}' cannot be opened: {reason}")]
    Preopen {
        /// Its path as given.
        path: String,
        /// Why not.
        reason: veracruz_vfs::Error,
    },
    /// Standard streams and preopened folders are more than the limit of open files.
    #[error("{needed} descriptors are open from the start, more than the limit of {limit}")]
    OpenFiles {
        /// The limit.
        limit: u32,
        /// What is needed.
        needed: usize,
    },
}
