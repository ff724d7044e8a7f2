//! What a descriptor is, and its size and times: `fd_fdstat_*`, `fd_filestat_*`, `fd_advise`,
//! `fd_allocate`, `fd_sync`, `fd_datasync`.

use veracruz_vfs::Times;

use crate::abi::{self, DIRECTORY_RIGHTS, FILE_RIGHTS, Filetype, flags};
use crate::descriptor::{Descriptor, FileDescriptor, GivenUp};
use crate::{Errno, GuestMemory, Wasi};

/// All bits of `fdflags`.
const FDFLAGS: u32 = flags::APPEND | flags::DSYNC | flags::NONBLOCK | flags::RSYNC | flags::SYNC;
/// The highest number of `advice`.
const LAST_ADVICE: u32 = 5;

impl Wasi {
    /// Writes the kind, flags and rights of a descriptor. Above the rights, which a program can
    /// only give up, stand the rules of the files: they may well forbid what is listed here.
    ///
    /// # Errors
    /// [`Errno::Badf`]; [`Errno::Fault`].
    pub fn fd_fdstat_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let (kind, fdflags) = match self.descriptors.get(fd)? {
            Descriptor::Stdin { .. } | Descriptor::Stdout | Descriptor::Stderr => {
                (Filetype::Unknown, 0)
            }
            Descriptor::Directory(_) => (Filetype::Directory, 0),
            Descriptor::File(open) => (Filetype::RegularFile, open.flags),
        };
        let (base, inheriting) = self.rights(fd)?;
        memory.put(stat, &abi::fdstat(kind, fdflags, base, inheriting))
    }

    /// Sets the flags of an open file.
    ///
    /// # Errors
    /// [`Errno::Inval`] for flags that are none; [`Errno::Badf`] for what is no file;
    /// [`Errno::Notcapable`] where the right was given up.
    pub fn fd_fdstat_set_flags<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        fdflags: u32,
    ) -> Result<(), Errno> {
        let capable = self.descriptors.check(fd, flags::FD_FDSTAT_SET_FLAGS);
        match self.descriptors.get_mut(fd)? {
            Descriptor::File(open) => {
                capable?;
                open.flags = known_fdflags(fdflags)?;
                Ok(())
            }
            _ => Err(Errno::Badf),
        }
    }

    /// Gives up rights of a descriptor, for ever: all that it has now and that are not named.
    /// What is opened through a folder never has what the folder's inheriting rights do not name.
    ///
    /// # Errors
    /// [`Errno::Notcapable`] for a right that the descriptor does not have; [`Errno::Badf`].
    pub fn fd_fdstat_set_rights<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Result<(), Errno> {
        let (had, inherited) = self.rights(fd)?;
        if base & !had != 0 || inheriting & !inherited != 0 {
            return Err(Errno::Notcapable);
        }
        let given_up = GivenUp {
            base: had & !base,
            inheriting: inherited & !inheriting,
        };
        self.descriptors.give_up(fd, given_up)
    }

    /// The rights of a descriptor, and of what is opened through it.
    fn rights(&self, fd: u32) -> Result<(u64, u64), Errno> {
        let (base, inheriting) = match self.descriptors.get(fd)? {
            Descriptor::Stdin { .. } => (flags::FD_READ, flags::FD_READ),
            Descriptor::Stdout | Descriptor::Stderr => (flags::FD_WRITE, flags::FD_WRITE),
            Descriptor::Directory(_) => (
                DIRECTORY_RIGHTS,
                DIRECTORY_RIGHTS | FILE_RIGHTS | flags::FD_READ | flags::FD_WRITE,
            ),
            Descriptor::File(open) => {
                let rights = file_rights(open);
                (rights, rights)
            }
        };
        let given_up = self.descriptors.given_up(fd)?;
        Ok((base & !given_up.base, inheriting & !given_up.inheriting))
    }

    /// Writes the status of what is open. That of a standard stream is all zeros.
    ///
    /// # Errors
    /// [`Errno::Badf`]; [`Errno::Notcapable`] where the right was given up; [`Errno::Fault`].
    pub fn fd_filestat_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_FILESTAT_GET)?;
        let record = match self.descriptors.get(fd)? {
            Descriptor::File(open) => abi::filestat(&self.vfs.status(open.file.inode())?),
            Descriptor::Directory(open) => abi::filestat(&self.vfs.status(open.directory.inode())?),
            _ => [0; 64],
        };
        memory.put(stat, &record)
    }

    /// Cuts an open file off or lets it grow by zeros.
    ///
    /// # Errors
    /// [`Errno::Inval`] where it is not open for writing; [`Errno::Badf`] for what is no file;
    /// [`Errno::Nospc`].
    pub fn fd_filestat_set_size<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        size: u64,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_FILESTAT_SET_SIZE)?;
        match self.descriptors.get(fd)? {
            Descriptor::File(open) if open.file.rights().write => {
                Ok(self.vfs.resize(&open.file, size)?)
            }
            Descriptor::File(_) => Err(Errno::Inval),
            _ => Err(Errno::Badf),
        }
    }

    /// Sets the times of what is open.
    ///
    /// # Errors
    /// [`Errno::Inval`] for flags that contradict each other; [`Errno::Acces`] without the right
    /// to write; [`Errno::Badf`] for a standard stream.
    pub fn fd_filestat_set_times<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        accessed: u64,
        modified: u64,
        fstflags: u32,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_FILESTAT_SET_TIMES)?;
        let times = times(fstflags, accessed, modified, self.time.realtime())?;
        match self.descriptors.get(fd)? {
            Descriptor::File(open) => Ok(self.vfs.set_file_times(&open.file, times)?),
            Descriptor::Directory(open) => {
                Ok(self.vfs.set_directory_times(&open.directory, times)?)
            }
            _ => Err(Errno::Badf),
        }
    }

    /// Takes advice on how a file will be used, and makes nothing of it: all is in memory.
    ///
    /// # Errors
    /// [`Errno::Inval`] for advice or ranges that are none; [`Errno::Spipe`] for a standard
    /// stream; [`Errno::Badf`] for a folder.
    pub fn fd_advise<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        offset: u64,
        len: u64,
        advice: u32,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_ADVISE)?;
        match self.descriptors.get(fd)? {
            Descriptor::File(_) if advice > LAST_ADVICE => Err(Errno::Inval),
            Descriptor::File(_) => offset.checked_add(len).map(|_| ()).ok_or(Errno::Inval),
            Descriptor::Directory(_) => Err(Errno::Badf),
            _ => Err(Errno::Spipe),
        }
    }

    /// Lets a file grow to hold a range, where it does not yet. The growth counts against the
    /// quota, so that later writes into the range cannot fail for lack of space.
    ///
    /// # Errors
    /// [`Errno::Inval`] for an empty range; [`Errno::Fbig`]; [`Errno::Nospc`]; [`Errno::Badf`]
    /// for what is not open for writing.
    pub fn fd_allocate<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        offset: u64,
        len: u64,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_ALLOCATE)?;
        let Descriptor::File(open) = self.descriptors.get(fd)? else {
            return Err(Errno::Badf);
        };
        if !open.file.rights().write {
            return Err(Errno::Badf);
        }
        if len == 0 {
            return Err(Errno::Inval);
        }
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        if end > self.vfs.size(&open.file)? {
            self.vfs.resize(&open.file, end)?;
        }
        Ok(())
    }

    /// Nothing to do: what is written is there.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a standard stream; [`Errno::Badf`].
    pub fn fd_sync<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_SYNC)?;
        self.is_synced(fd)
    }

    /// As [`Wasi::fd_sync`].
    ///
    /// # Errors
    /// As [`Wasi::fd_sync`].
    pub fn fd_datasync<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
    ) -> Result<(), Errno> {
        self.descriptors.check(fd, flags::FD_DATASYNC)?;
        self.is_synced(fd)
    }

    fn is_synced(&self, fd: u32) -> Result<(), Errno> {
        match self.descriptors.get(fd)? {
            Descriptor::File(_) | Descriptor::Directory(_) => Ok(()),
            _ => Err(Errno::Inval),
        }
    }
}

/// The bits, if all are `fdflags`.
pub(crate) fn known_fdflags(fdflags: u32) -> Result<u16, Errno> {
    u16::try_from(fdflags)
        .ok()
        .filter(|_| fdflags & !FDFLAGS == 0)
        .ok_or(Errno::Inval)
}

/// The times that `fstflags` ask for.
pub(crate) fn times(fstflags: u32, accessed: u64, modified: u64, now: u64) -> Result<Times, Errno> {
    let all = flags::ATIM | flags::ATIM_NOW | flags::MTIM | flags::MTIM_NOW;
    if fstflags & !all != 0 {
        return Err(Errno::Inval);
    }
    let one = |given: u32, current: u32, value| match (fstflags & given, fstflags & current) {
        (0, 0) => Ok(None),
        (_, 0) => Ok(Some(value)),
        (0, _) => Ok(Some(now)),
        _ => Err(Errno::Inval),
    };
    Ok(Times {
        accessed: one(flags::ATIM, flags::ATIM_NOW, accessed)?,
        modified: one(flags::MTIM, flags::MTIM_NOW, modified)?,
    })
}

fn file_rights(open: &FileDescriptor) -> u64 {
    let rights = open.file.rights();
    let read = if rights.read { flags::FD_READ } else { 0 };
    let write = if rights.write { flags::FD_WRITE } else { 0 };
    FILE_RIGHTS | read | write
}
