//! Positions: `fd_seek`, `fd_tell`.

use crate::abi::flags;
use crate::descriptor::Descriptor;
use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Moves the position of a descriptor, beyond the end too, and writes the new one.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a place before the start and for a `whence` that is none;
    /// [`Errno::Spipe`] for the standard streams; [`Errno::Badf`] for a folder;
    /// [`Errno::Notcapable`] where the right was given up; [`Errno::Fault`].
    pub fn fd_seek<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        offset: i64,
        whence: u32,
        position: u32,
    ) -> Result<(), Errno> {
        // To ask for the position needs less.
        let right = match (offset, whence) {
            (0, 1) => flags::FD_TELL,
            _ => flags::FD_SEEK,
        };
        let capable = self.descriptors.check(fd, right);
        let Descriptor::File(open) = seekable(self.descriptors.get_mut(fd)?)? else {
            return Err(Errno::Badf);
        };
        capable?;
        let base = match whence {
            0 => 0,
            1 => open.position,
            2 => self.vfs.size(&open.file)?,
            _ => return Err(Errno::Inval),
        };
        open.position = base.checked_add_signed(offset).ok_or(Errno::Inval)?;
        memory.put_u64(position, open.position)
    }

    /// Writes the position of a descriptor.
    ///
    /// # Errors
    /// As [`Wasi::fd_seek`].
    pub fn fd_tell<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        position: u32,
    ) -> Result<(), Errno> {
        let capable = self.descriptors.check(fd, flags::FD_TELL);
        match seekable(self.descriptors.get_mut(fd)?)? {
            Descriptor::File(open) => {
                capable?;
                memory.put_u64(position, open.position)
            }
            _ => Err(Errno::Badf),
        }
    }
}

fn seekable(descriptor: &mut Descriptor) -> Result<&mut Descriptor, Errno> {
    match descriptor {
        Descriptor::Stdin { .. } | Descriptor::Stdout | Descriptor::Stderr => Err(Errno::Spipe),
        other => Ok(other),
    }
}
