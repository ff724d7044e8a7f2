//! What the interfaces of WASI 0.2 do, over the same files, clocks and streams as preview 1.
//!
//! Resources are numbers here: an engine keeps who owns which, and hands back only what it got.
//! Nothing ever waits, so there is no difference between functions that block and those that do
//! not.

mod clocks;
mod files;
mod handles;
mod process;
mod streams;

use alloc::string::String;

pub use self::files::{Entry, NewTime, OpenFlags};
pub use self::streams::StreamError;

use self::clocks::Pollable;
use self::files::Listing;
use self::handles::Handles;
use self::streams::Stream;
use crate::{Errno, Finished, LimitMet, Wasi};

/// The most bytes that one call moves between a program and its host, so that no call makes the
/// host allocate more. A program that wants more calls again, as it must anywhere.
pub const CHUNK_BYTES: u64 = 1 << 20;

/// The most random bytes in one call, which cannot be answered by fewer.
pub const MOST_RANDOM_BYTES: u64 = 16 << 20;

/// A program's state as a component sees it.
pub struct Interfaces {
    wasi: Wasi,
    streams: Handles<Stream>,
    listings: Handles<Listing>,
    pollables: Handles<Pollable>,
    errors: Handles<Errno>,
}

/// The program asked for what nobody may ask for; an engine ends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// More streams, listings, errors or things to wait for than the limit of open files.
    #[error("more than {limit} resources of one kind are in use")]
    Exhausted {
        /// The limit.
        limit: u32,
    },
    /// A number that stands for nothing: the engine's error, not the program's.
    #[error("there is no such resource")]
    Unknown,
    /// A list of things to wait for that is empty.
    #[error("nothing to wait for")]
    NothingToWaitFor,
    /// More random bytes than [`MOST_RANDOM_BYTES`] at once.
    #[error("{wanted} random bytes at once are more than {MOST_RANDOM_BYTES}")]
    TooMuchRandomness {
        /// How many.
        wanted: u64,
    },
}

impl Interfaces {
    /// The same program, by other words.
    #[must_use]
    pub fn new(wasi: Wasi) -> Self {
        let limit = wasi.limits.open_files;
        Self {
            wasi,
            streams: Handles::new(limit),
            listings: Handles::new(limit),
            pollables: Handles::new(limit),
            errors: Handles::new(limit),
        }
    }

    /// Ends the program and gives back what it made.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        let exhausted = self.streams.limit_met()
            || self.listings.limit_met()
            || self.pollables.limit_met()
            || self.errors.limit_met();
        for stream in self.streams.drain() {
            stream.close(&mut self.wasi.vfs);
        }
        for listing in self.listings.drain() {
            listing.close(&mut self.wasi.vfs);
        }
        let mut finished = self.wasi.finish();
        let open_files = exhausted.then_some(LimitMet::OpenFiles);
        finished.limit_met = finished.limit_met.or(open_files);
        finished
    }

    /// Keeps an error for a program to ask about.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn keep_error(&mut self, errno: Errno) -> Result<u32, Misuse> {
        self.errors.insert(errno).map_err(|(_, misuse)| misuse)
    }

    /// An error that was kept.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn error(&self, error: u32) -> Result<Errno, Misuse> {
        self.errors.get(error).copied()
    }

    /// An error in words.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn error_text(&self, error: u32) -> Result<String, Misuse> {
        Ok(alloc::format!("{:?}", self.error(error)?))
    }

    /// Forgets an error.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn drop_error(&mut self, error: u32) -> Result<(), Misuse> {
        self.errors.remove(error).map(drop)
    }
}
