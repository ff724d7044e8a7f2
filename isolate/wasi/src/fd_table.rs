//! Descriptors as such: `fd_close`, `fd_renumber`, `fd_prestat_*`.

use crate::descriptor::Descriptor;
use crate::{Errno, GuestMemory, Wasi, abi};

impl Wasi {
    /// Closes a descriptor.
    ///
    /// # Errors
    /// [`Errno::Badf`].
    pub fn fd_close<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.descriptors.remove(fd)?;
        self.close(descriptor);
        Ok(())
    }

    /// Moves a descriptor to the number of another one, which is closed by it. Both must be open,
    /// so that no program can make the table sparse; the same number twice changes nothing.
    ///
    /// # Errors
    /// [`Errno::Badf`].
    pub fn fd_renumber<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        to: u32,
    ) -> Result<(), Errno> {
        if let Some(closed) = self.descriptors.renumber(fd, to)? {
            self.close(closed);
        }
        Ok(())
    }

    /// Writes what a descriptor was open as from the start: always a folder, with a name.
    ///
    /// # Errors
    /// [`Errno::Badf`] for all others: programs count up until they meet it.
    pub fn fd_prestat_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        prestat: u32,
    ) -> Result<(), Errno> {
        let name = self.preopen_name(fd)?.ok_or(Errno::Badf)?;
        let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
        memory.put(prestat, &abi::prestat(len))
    }

    /// Writes the name of a folder that was open from the start.
    ///
    /// # Errors
    /// [`Errno::Nametoolong`] where the buffer is too small; [`Errno::Notdir`] for all other
    /// descriptors; [`Errno::Badf`]; [`Errno::Fault`].
    pub fn fd_prestat_dir_name<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let name = self.preopen_name(fd)?.ok_or(Errno::Notdir)?;
        if u32::try_from(name.len()).map_or(true, |len| len > path_len) {
            return Err(Errno::Nametoolong);
        }
        memory.put(path, name.as_bytes())
    }

    fn preopen_name(&self, fd: u32) -> Result<Option<&str>, Errno> {
        match self.descriptors.get(fd)? {
            Descriptor::Directory(open) => Ok(open.preopen.as_deref()),
            _ => Ok(None),
        }
    }
}
