//! The state of one program as the functions see it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use veracruz_vfs::{Storage, Vfs};

use crate::args;
use crate::descriptor::{Descriptor, Descriptors, DirectoryDescriptor};
use crate::time::Time;
use crate::{Config, ConfigError, Errno, Input, Limits, Output, Sink};

/// All that a running program has besides its memory; the 46 functions are methods of it.
///
/// Each takes the program's memory and the parameters as WebAssembly passes them, and returns
/// nothing or an [`Errno`]. See [`for_each_function!`](crate::for_each_function).
pub struct Wasi {
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) vfs: Vfs,
    pub(crate) descriptors: Descriptors,
    pub(crate) stdin: Option<Arc<dyn Storage>>,
    pub(crate) live_stdin: Option<Box<dyn Input>>,
    pub(crate) stdout: Stream,
    pub(crate) stderr: Stream,
    pub(crate) time: Time,
    pub(crate) random: ChaCha20Rng,
    pub(crate) limits: Limits,
}

/// What is left when a program has ended.
pub struct Finished {
    /// Its files, with all handles given back.
    pub vfs: Vfs,
    /// What it wrote to standard output, where that was kept.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, where that was kept.
    pub stderr: Vec<u8>,
    /// A limit that was in its way, where one was. Of several, one.
    pub limit_met: Option<LimitMet>,
}

/// A limit that a call met. The program was told by an error, and may have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitMet {
    /// [`Quotas::bytes`](veracruz_vfs::Quotas::bytes).
    WrittenBytes,
    /// [`Quotas::files`](veracruz_vfs::Quotas::files).
    Files,
    /// [`Limits::open_files`].
    OpenFiles,
    /// Room for standard output.
    Stdout,
    /// Room for standard error.
    Stderr,
}

impl Wasi {
    /// Makes the state of a program that has not run yet.
    ///
    /// # Errors
    /// [`ConfigError`], where the configuration cannot be shown to a program as it is.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let args = args::arguments(config.args)?;
        let env = args::environment(config.env)?;
        let mut vfs = config.vfs;
        vfs.set_time(config.realtime_ns);
        let mut descriptors = Descriptors::new(config.limits.open_files);
        let mut open = alloc::vec![
            Descriptor::Stdin { position: 0 },
            Descriptor::Stdout,
            Descriptor::Stderr
        ];
        for preopen in config.preopens {
            let refused = |reason| ConfigError::Preopen {
                path: preopen.path.clone(),
                reason,
            };
            let directory = vfs.open_folder(&preopen.path).map_err(refused)?;
            let listing_end = vfs.listing_end(&directory).map_err(refused)?;
            let preopen = Some(preopen.name);
            open.push(Descriptor::Directory(DirectoryDescriptor {
                directory,
                preopen,
                listing_end,
            }));
        }
        let needed = open.len();
        for descriptor in open {
            descriptors
                .insert(descriptor)
                .map_err(|_| ConfigError::OpenFiles {
                    limit: config.limits.open_files,
                    needed,
                })?;
        }
        Ok(Self {
            args,
            env,
            vfs,
            descriptors,
            stdin: config.stdin,
            live_stdin: config.live.stdin,
            stdout: Stream::new(config.stdout, config.live.stdout),
            stderr: Stream::new(config.stderr, config.live.stderr),
            time: Time::new(config.realtime_ns),
            random: ChaCha20Rng::from_seed(config.seed),
            limits: config.limits,
        })
    }

    /// Ends the program and gives back what it made.
    #[must_use]
    pub fn finish(mut self) -> Finished {
        let limit_met = self.limit_met();
        let open: Vec<Descriptor> = self.descriptors.drain().collect();
        for descriptor in open {
            self.close(descriptor);
        }
        Finished {
            vfs: self.vfs,
            stdout: self.stdout.kept,
            stderr: self.stderr.kept,
            limit_met,
        }
    }

    fn limit_met(&self) -> Option<LimitMet> {
        let quota = self.vfs.quota_met().map(|error| match error {
            veracruz_vfs::Error::FilesExceeded { .. } => LimitMet::Files,
            _ => LimitMet::WrittenBytes,
        });
        let others = [
            (self.descriptors.limit_met(), LimitMet::OpenFiles),
            (self.stdout.full, LimitMet::Stdout),
            (self.stderr.full, LimitMet::Stderr),
        ];
        quota.or_else(|| {
            others
                .into_iter()
                .find(|(met, _)| *met)
                .map(|(_, limit)| limit)
        })
    }

    /// Gives back what a descriptor held.
    pub(crate) fn close(&mut self, descriptor: Descriptor) {
        match descriptor {
            Descriptor::File(open) => self.vfs.close_file(open.file),
            Descriptor::Directory(open) => self.vfs.close_directory(open.directory),
            Descriptor::Stdin { .. } | Descriptor::Stdout | Descriptor::Stderr => {}
        }
    }
}

/// Standard output or standard error.
pub(crate) struct Stream {
    sink: Sink,
    live: Option<Box<dyn Output>>,
    kept: Vec<u8>,
    /// Bytes that were kept, or went on.
    written: u64,
    /// Whether there was ever too little room.
    full: bool,
}

impl Stream {
    fn new(sink: Sink, live: Option<Box<dyn Output>>) -> Self {
        Self {
            sink,
            live,
            kept: Vec::new(),
            written: 0,
            full: false,
        }
    }

    /// Takes as much as the sink has room for, and says how much that was.
    ///
    /// # Errors
    /// [`Errno::Nospc`] where it has none; what the other end fails with.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let room = match self.sink {
            Sink::Discard => u64::MAX,
            Sink::Keep { max_bytes } => max_bytes.saturating_sub(self.written),
        };
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        if taken.is_empty() && !rest.is_empty() {
            self.full = true;
            return Err(Errno::Nospc);
        }
        match (&mut self.live, self.sink) {
            (Some(live), _) => live.write(taken)?,
            (None, Sink::Keep { .. }) => self.kept.extend_from_slice(taken),
            (None, Sink::Discard) => {}
        }
        self.written = self.written.saturating_add(taken.len() as u64);
        Ok(taken.len())
    }
}

/// The text of a path in guest memory.
///
/// # Errors
/// [`Errno::Nametoolong`], [`Errno::Fault`], and [`Errno::Ilseq`] for what is not UTF-8.
pub(crate) fn path_text<M: crate::GuestMemory + ?Sized>(
    memory: &M,
    path: u32,
    path_len: u32,
) -> Result<&str, Errno> {
    if usize::try_from(path_len).map_or(true, |len| len > veracruz_vfs::MAX_PATH_BYTES) {
        return Err(Errno::Nametoolong);
    }
    core::str::from_utf8(memory.bytes(path, path_len)?).map_err(|_| Errno::Ilseq)
}
