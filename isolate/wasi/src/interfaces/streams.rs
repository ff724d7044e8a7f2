//! Streams: `wasi:io/streams`, `wasi:cli/stdin` and its kin.

use alloc::vec::Vec;

use veracruz_vfs::{OpenFile, Vfs};

use super::{CHUNK_BYTES, Interfaces, Misuse};
use crate::Errno;
use crate::descriptor::Descriptor;

/// Where bytes come from or go to. A file stays open until its last stream is dropped.
pub(super) enum Stream {
    Stdin { position: u64 },
    Stdout,
    Stderr,
    Input { file: OpenFile, position: u64 },
    Output { file: OpenFile, position: u64 },
    Append { file: OpenFile },
}

impl Stream {
    pub(super) fn close(self, vfs: &mut Vfs) {
        match self {
            Self::Input { file, .. } | Self::Output { file, .. } | Self::Append { file } => {
                vfs.close_file(file);
            }
            Self::Stdin { .. } | Self::Stdout | Self::Stderr => {}
        }
    }
}

/// Why nothing was read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// There is no more to read.
    #[error("the end")]
    Closed,
    /// It failed.
    #[error("the stream failed: {0:?}")]
    Failed(Errno),
    /// The program is to be ended.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

impl From<Errno> for StreamError {
    fn from(errno: Errno) -> Self {
        Self::Failed(errno)
    }
}

impl From<veracruz_vfs::Error> for StreamError {
    fn from(error: veracruz_vfs::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Interfaces {
    /// Standard input.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn stdin(&mut self) -> Result<u32, Misuse> {
        self.stream(Stream::Stdin { position: 0 })
    }

    /// Standard output.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn stdout(&mut self) -> Result<u32, Misuse> {
        self.stream(Stream::Stdout)
    }

    /// Standard error.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn stderr(&mut self) -> Result<u32, Misuse> {
        self.stream(Stream::Stderr)
    }

    /// What is in an open file from an offset on.
    ///
    /// # Errors
    /// [`Errno::Badf`] for what is not open for reading; [`Errno::Mfile`].
    pub fn read_via_stream(&mut self, descriptor: u32, position: u64) -> Result<u32, Errno> {
        let file = self.share(descriptor, |rights| rights.read)?;
        self.file_stream(Stream::Input { file, position })
    }

    /// To write an open file from an offset on.
    ///
    /// # Errors
    /// [`Errno::Badf`] for what is not open for writing; [`Errno::Mfile`].
    pub fn write_via_stream(&mut self, descriptor: u32, position: u64) -> Result<u32, Errno> {
        let file = self.share(descriptor, |rights| rights.write)?;
        self.file_stream(Stream::Output { file, position })
    }

    /// To write at the end of an open file.
    ///
    /// # Errors
    /// [`Errno::Badf`] for what is not open for writing; [`Errno::Mfile`].
    pub fn append_via_stream(&mut self, descriptor: u32) -> Result<u32, Errno> {
        let file = self.share(descriptor, |rights| rights.write)?;
        self.file_stream(Stream::Append { file })
    }

    /// The next bytes, at most `len` and [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// [`StreamError::Closed`] at the end.
    pub fn stream_read(&mut self, stream: u32, len: u64) -> Result<Vec<u8>, StreamError> {
        if self.is_live(stream)? {
            return self.read_live(len);
        }
        let (position, size) = self.input(stream)?;
        let left = size.saturating_sub(position);
        let len = len.min(CHUNK_BYTES).min(left);
        if len == 0 && left == 0 {
            return Err(StreamError::Closed);
        }
        let mut bytes = alloc::vec![0; usize::try_from(len).unwrap_or(0)];
        let read = match self.streams.get(stream)? {
            Stream::Input { file, .. } => self.wasi.vfs.read(file, position, &mut bytes)?,
            _ => self.wasi.read_stdin(position, &mut bytes)?,
        };
        bytes.truncate(read);
        self.advance(stream, read as u64)?;
        Ok(bytes)
    }

    /// Goes on by at most `len` bytes, and says by how many.
    ///
    /// # Errors
    /// [`StreamError::Closed`] at the end.
    pub fn stream_skip(&mut self, stream: u32, len: u64) -> Result<u64, StreamError> {
        if self.is_live(stream)? {
            return Ok(self.read_live(len)?.len() as u64);
        }
        let (position, size) = self.input(stream)?;
        let left = size.saturating_sub(position);
        if left == 0 {
            return Err(StreamError::Closed);
        }
        let skipped = len.min(left);
        self.advance(stream, skipped)?;
        Ok(skipped)
    }

    /// How much may be written at once.
    ///
    /// # Errors
    /// None for an output.
    pub fn check_write(&self, stream: u32) -> Result<u64, StreamError> {
        self.streams.get(stream)?;
        Ok(CHUNK_BYTES)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`StreamError::Failed`] with [`Errno::Nospc`] where a quota or the limit of a standard
    /// stream is reached; what fits into a standard stream is in it then.
    pub fn stream_write(&mut self, stream: u32, bytes: &[u8]) -> Result<(), StreamError> {
        let len = bytes.len() as u64;
        match self.streams.get_mut(stream)? {
            Stream::Output { file, position } => {
                self.wasi.vfs.write(file, *position, bytes)?;
                *position = position.saturating_add(len);
            }
            Stream::Append { file } => {
                let end = self.wasi.vfs.size(file)?;
                self.wasi.vfs.write(file, end, bytes)?;
            }
            Stream::Stdout => all(self.wasi.stdout.write(bytes)?, bytes)?,
            Stream::Stderr => all(self.wasi.stderr.write(bytes)?, bytes)?,
            Stream::Stdin { .. } | Stream::Input { .. } => return Err(Misuse::Unknown.into()),
        }
        Ok(())
    }

    /// Writes zeros.
    ///
    /// # Errors
    /// As [`Interfaces::stream_write`]; [`Errno::Inval`] for more than [`CHUNK_BYTES`].
    pub fn stream_write_zeros(&mut self, stream: u32, len: u64) -> Result<(), StreamError> {
        let len = usize::try_from(len).ok();
        let len = len.filter(|len| *len as u64 <= CHUNK_BYTES);
        self.stream_write(stream, &alloc::vec![0; len.ok_or(Errno::Inval)?])
    }

    /// Writes what an input has next, at most `len` bytes and [`CHUNK_BYTES`]; says how much.
    ///
    /// # Errors
    /// Those of reading and of writing.
    pub fn stream_splice(&mut self, to: u32, from: u32, len: u64) -> Result<u64, StreamError> {
        let bytes = self.stream_read(from, len)?;
        self.stream_write(to, &bytes)?;
        Ok(bytes.len() as u64)
    }

    /// Gives a stream back.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn drop_stream(&mut self, stream: u32) -> Result<(), Misuse> {
        self.streams.remove(stream)?.close(&mut self.wasi.vfs);
        Ok(())
    }

    /// Where an input stands, and how long what it reads is.
    fn input(&self, stream: u32) -> Result<(u64, u64), StreamError> {
        match self.streams.get(stream)? {
            Stream::Input { file, position } => Ok((*position, self.wasi.vfs.size(file)?)),
            Stream::Stdin { position } => {
                let stdin = self.wasi.stdin.as_ref();
                let size = stdin.map_or(0, |stdin| stdin.as_slice().len() as u64);
                Ok((*position, size))
            }
            _ => Err(Misuse::Unknown.into()),
        }
    }

    /// Whether it is standard input, and that comes while the program runs.
    fn is_live(&self, stream: u32) -> Result<bool, Misuse> {
        let stdin = matches!(self.streams.get(stream)?, Stream::Stdin { .. });
        Ok(stdin && self.wasi.live_stdin.is_some())
    }

    /// What comes next by standard input; waits for it.
    fn read_live(&mut self, len: u64) -> Result<Vec<u8>, StreamError> {
        let len = usize::try_from(len.min(CHUNK_BYTES)).unwrap_or(0);
        let mut bytes = alloc::vec![0; len];
        let read = self.wasi.read_stdin(0, &mut bytes)?;
        if read == 0 && len > 0 {
            return Err(StreamError::Closed);
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    fn advance(&mut self, stream: u32, by: u64) -> Result<(), Misuse> {
        if let Stream::Input { position, .. } | Stream::Stdin { position } =
            self.streams.get_mut(stream)?
        {
            *position = position.saturating_add(by);
        }
        Ok(())
    }

    /// One more handle to an open file that may be used so.
    fn share(
        &mut self,
        descriptor: u32,
        may: impl FnOnce(veracruz_vfs::Rights) -> bool,
    ) -> Result<OpenFile, Errno> {
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) if may(open.file.rights()) => {
                Ok(self.wasi.vfs.share_file(&open.file)?)
            }
            _ => Err(Errno::Badf),
        }
    }

    fn file_stream(&mut self, stream: Stream) -> Result<u32, Errno> {
        self.streams.insert(stream).map_err(|(stream, _)| {
            stream.close(&mut self.wasi.vfs);
            Errno::Mfile
        })
    }

    fn stream(&mut self, stream: Stream) -> Result<u32, Misuse> {
        self.streams.insert(stream).map_err(|(_, misuse)| misuse)
    }
}

/// Whether all of it was taken.
fn all(taken: usize, bytes: &[u8]) -> Result<(), Errno> {
    if taken < bytes.len() {
        return Err(Errno::Nospc);
    }
    Ok(())
}
