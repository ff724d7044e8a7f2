//! Reading and writing: `fd_read`, `fd_pread`, `fd_write`, `fd_pwrite`.

use crate::abi::flags;
use crate::descriptor::Descriptor;
use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Reads at the position of the descriptor, and moves it on. Bytes are copied once, from the
    /// file into the memory of the program.
    ///
    /// # Errors
    /// [`Errno::Badf`] for what is not open for reading; [`Errno::Inval`] for too many vectors;
    /// [`Errno::Fault`].
    pub fn fd_read<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        size: u32,
    ) -> Result<(), Errno> {
        self.check_io(fd, flags::FD_READ)?;
        let start = match self.descriptors.get(fd)? {
            Descriptor::File(open) => open.position,
            Descriptor::Stdin { position } => *position,
            _ => return Err(Errno::Badf),
        };
        let total = self.each_vector(
            memory,
            iovs,
            iovs_len,
            |wasi, memory, address, len, before| {
                let offset = start.saturating_add(u64::from(before));
                let target = memory.bytes_mut(address, len)?;
                match wasi.descriptors.get(fd)? {
                    // What there is comes at once; the next read may have to wait.
                    Descriptor::Stdin { .. } if wasi.live_stdin.is_some() && before > 0 => Ok(0),
                    Descriptor::Stdin { .. } => wasi.read_stdin(offset, target),
                    _ => wasi.read_file(fd, offset, target),
                }
            },
        )?;
        let moved = start.saturating_add(u64::from(total));
        match self.descriptors.get_mut(fd)? {
            Descriptor::File(open) => open.position = moved,
            Descriptor::Stdin { position } => *position = moved,
            _ => {}
        }
        memory.put_u32(size, total)
    }

    /// Reads at an offset; the position of the descriptor stays.
    ///
    /// # Errors
    /// As [`Wasi::fd_read`]; [`Errno::Spipe`] for standard input.
    pub fn fd_pread<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        size: u32,
    ) -> Result<(), Errno> {
        self.check_io(fd, flags::FD_READ)?;
        if matches!(self.descriptors.get(fd)?, Descriptor::Stdin { .. }) {
            return Err(Errno::Spipe);
        }
        let total = self.each_vector(
            memory,
            iovs,
            iovs_len,
            |wasi, memory, address, len, before| {
                let offset = offset.saturating_add(u64::from(before));
                wasi.read_file(fd, offset, memory.bytes_mut(address, len)?)
            },
        )?;
        memory.put_u32(size, total)
    }

    /// Writes at the position of the descriptor, or at the end where it was opened to append,
    /// and moves it on.
    ///
    /// # Errors
    /// [`Errno::Badf`] for what is not open for writing; [`Errno::Nospc`] where a quota or the
    /// limit of a standard stream is reached; [`Errno::Fbig`]; [`Errno::Inval`] for too many
    /// vectors; [`Errno::Fault`].
    pub fn fd_write<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        size: u32,
    ) -> Result<(), Errno> {
        self.check_io(fd, flags::FD_WRITE)?;
        let start = match self.descriptors.get(fd)? {
            Descriptor::File(open) if open.appends() => self.vfs.size(&open.file)?,
            Descriptor::File(open) => open.position,
            Descriptor::Stdout | Descriptor::Stderr => 0,
            _ => return Err(Errno::Badf),
        };
        let total = self.each_vector(
            memory,
            iovs,
            iovs_len,
            |wasi, memory, address, len, before| {
                let offset = start.saturating_add(u64::from(before));
                let source = memory.bytes(address, len)?;
                match wasi.descriptors.get(fd)? {
                    Descriptor::Stdout => wasi.stdout.write(source),
                    Descriptor::Stderr => wasi.stderr.write(source),
                    _ => wasi.write_file(fd, offset, source),
                }
            },
        )?;
        if let Descriptor::File(open) = self.descriptors.get_mut(fd)?
            && total > 0
        {
            open.position = start.saturating_add(u64::from(total));
        }
        memory.put_u32(size, total)
    }

    /// Writes at an offset, also where the descriptor was opened to append, as POSIX has it; the
    /// position stays.
    ///
    /// # Errors
    /// As [`Wasi::fd_write`]; [`Errno::Spipe`] for the standard streams.
    pub fn fd_pwrite<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        size: u32,
    ) -> Result<(), Errno> {
        self.check_io(fd, flags::FD_WRITE)?;
        let start = match self.descriptors.get(fd)? {
            Descriptor::File(_) => offset,
            Descriptor::Stdout | Descriptor::Stderr => return Err(Errno::Spipe),
            _ => return Err(Errno::Badf),
        };
        let total = self.each_vector(
            memory,
            iovs,
            iovs_len,
            |wasi, memory, address, len, before| {
                let offset = start.saturating_add(u64::from(before));
                wasi.write_file(fd, offset, memory.bytes(address, len)?)
            },
        )?;
        memory.put_u32(size, total)
    }

    /// Whether reading or writing has not been given up. Told as it is told of a descriptor that
    /// was never opened for it.
    fn check_io(&self, fd: u32, right: u64) -> Result<(), Errno> {
        self.descriptors.check(fd, right).map_err(|_| Errno::Badf)
    }

    fn read_file(&self, fd: u32, offset: u64, target: &mut [u8]) -> Result<usize, Errno> {
        match self.descriptors.get(fd)? {
            Descriptor::File(open) if open.file.rights().read => {
                Ok(self.vfs.read(&open.file, offset, target)?)
            }
            _ => Err(Errno::Badf),
        }
    }

    fn write_file(&mut self, fd: u32, offset: u64, source: &[u8]) -> Result<usize, Errno> {
        match self.descriptors.get(fd)? {
            Descriptor::File(open) if open.file.rights().write => {
                self.vfs.write(&open.file, offset, source)?;
                Ok(source.len())
            }
            _ => Err(Errno::Badf),
        }
    }

    /// Reads standard input: what is at an offset, or what comes next where it is live.
    pub(crate) fn read_stdin(&mut self, offset: u64, target: &mut [u8]) -> Result<usize, Errno> {
        if let Some(live) = &mut self.live_stdin {
            return match target {
                [] => Ok(0),
                target => Ok(live.read(target)?.min(target.len())),
            };
        }
        let Some(stdin) = &self.stdin else {
            return Ok(0);
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = stdin.as_slice().get(start..).unwrap_or(&[]);
        let len = rest.len().min(target.len());
        if let (Some(target), Some(source)) = (target.get_mut(..len), rest.get(..len)) {
            target.copy_from_slice(source);
        }
        Ok(len)
    }
}
