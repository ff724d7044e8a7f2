//! Descriptors: the numbers that a program knows its open files by.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use veracruz_vfs::{OpenDirectory, OpenFile};

use crate::Errno;
use crate::abi::flags;

/// What a number stands for.
#[derive(Debug)]
pub(crate) enum Descriptor {
    Stdin { position: u64 },
    Stdout,
    Stderr,
    File(FileDescriptor),
    Directory(DirectoryDescriptor),
}

/// An open file.
#[derive(Debug)]
pub(crate) struct FileDescriptor {
    pub(crate) file: OpenFile,
    pub(crate) position: u64,
    /// `fdflags`, all of which a program may ask back. Only `APPEND` changes anything: nothing
    /// ever waits, and what is written is there.
    pub(crate) flags: u16,
}

impl FileDescriptor {
    /// Whether every write goes to the end.
    pub(crate) fn appends(&self) -> bool {
        u32::from(self.flags) & flags::APPEND != 0
    }
}

/// An open folder.
#[derive(Debug)]
pub(crate) struct DirectoryDescriptor {
    pub(crate) directory: OpenDirectory,
    /// The name under which it was open from the start.
    pub(crate) preopen: Option<String>,
    /// Where the listing that is under way ends.
    pub(crate) listing_end: u64,
}

/// Rights that a program has given up by `fd_fdstat_set_rights`; they never come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenUp {
    /// Of this descriptor.
    pub(crate) base: u64,
    /// Of what is opened through it.
    pub(crate) inheriting: u64,
}

#[derive(Debug)]
struct Slot {
    descriptor: Descriptor,
    given_up: GivenUp,
}

/// All descriptors of a program. New ones get the lowest free number.
#[derive(Debug)]
pub(crate) struct Descriptors {
    slots: Vec<Option<Slot>>,
    limit: usize,
    /// Whether a number was ever refused. In a cell, since asking changes nothing else.
    met: Cell<bool>,
}

impl Descriptors {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            slots: Vec::new(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            met: Cell::new(false),
        }
    }

    /// Whether the limit was ever in the way.
    pub(crate) fn limit_met(&self) -> bool {
        self.met.get()
    }

    /// The number that the next descriptor gets.
    ///
    /// # Errors
    /// [`Errno::Mfile`] where the limit is reached.
    pub(crate) fn free(&self) -> Result<usize, Errno> {
        let free = self
            .slots
            .iter()
            .position(Option::is_none)
            .unwrap_or(self.slots.len());
        if free < self.limit {
            Ok(free)
        } else {
            self.met.set(true);
            Err(Errno::Mfile)
        }
    }

    /// Gives a descriptor the lowest free number. It is handed back where there is none.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Descriptor> {
        self.insert_without(descriptor, GivenUp::default())
    }

    /// The same, without some rights.
    pub(crate) fn insert_without(
        &mut self,
        descriptor: Descriptor,
        given_up: GivenUp,
    ) -> Result<u32, Descriptor> {
        let Ok(number) = self.free() else {
            return Err(descriptor);
        };
        let Ok(fd) = u32::try_from(number) else {
            return Err(descriptor);
        };
        let new = Some(Slot {
            descriptor,
            given_up,
        });
        match self.slots.get_mut(number) {
            Some(slot) => *slot = new,
            None => self.slots.push(new),
        }
        Ok(fd)
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slot(fd).map(|slot| &slot.descriptor)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slot_mut(fd)?
            .as_mut()
            .map(|slot| &mut slot.descriptor)
            .ok_or(Errno::Badf)
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = self.slot_mut(fd)?.take();
        slot.map(|slot| slot.descriptor).ok_or(Errno::Badf)
    }

    /// Moves a descriptor to the number of another one, which is handed back; nothing where they
    /// are the same.
    pub(crate) fn renumber(&mut self, fd: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(fd)?;
        self.get(to)?;
        if fd == to {
            return Ok(None);
        }
        let moved = self.slot_mut(fd)?.take();
        let closed = core::mem::replace(self.slot_mut(to)?, moved);
        Ok(closed.map(|slot| slot.descriptor))
    }

    /// What was given up of a descriptor's rights.
    pub(crate) fn given_up(&self, fd: u32) -> Result<GivenUp, Errno> {
        self.slot(fd).map(|slot| slot.given_up)
    }

    /// Gives up more of them.
    pub(crate) fn give_up(&mut self, fd: u32, more: GivenUp) -> Result<(), Errno> {
        let slot = self.slot_mut(fd)?.as_mut().ok_or(Errno::Badf)?;
        slot.given_up.base |= more.base;
        slot.given_up.inheriting |= more.inheriting;
        Ok(())
    }

    /// Whether a right has not been given up.
    ///
    /// # Errors
    /// [`Errno::Notcapable`] where it has.
    pub(crate) fn check(&self, fd: u32, right: u64) -> Result<(), Errno> {
        if self.given_up(fd)?.base & right == 0 {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }

    /// The folder that a path starts in.
    ///
    /// # Errors
    /// [`Errno::Notdir`] for what is no folder.
    pub(crate) fn directory(&self, fd: u32) -> Result<&OpenDirectory, Errno> {
        match self.get(fd)? {
            Descriptor::Directory(open) => Ok(&open.directory),
            _ => Err(Errno::Notdir),
        }
    }

    /// The same, for something that needs a right.
    ///
    /// # Errors
    /// As [`Descriptors::directory`] and [`Descriptors::check`].
    pub(crate) fn directory_for(&self, fd: u32, right: u64) -> Result<&OpenDirectory, Errno> {
        let directory = self.directory(fd)?;
        self.check(fd, right)?;
        Ok(directory)
    }

    /// Those that were open from the start, with their names.
    pub(crate) fn preopened(&self) -> impl Iterator<Item = (&OpenDirectory, &str)> {
        let descriptors = self.slots.iter().flatten().map(|slot| &slot.descriptor);
        descriptors.filter_map(|descriptor| match descriptor {
            Descriptor::Directory(open) => Some((&open.directory, open.preopen.as_deref()?)),
            _ => None,
        })
    }

    /// Takes all of them out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Descriptor> {
        let slots = core::mem::take(&mut self.slots).into_iter().flatten();
        slots.map(|slot| slot.descriptor)
    }

    fn slot(&self, fd: u32) -> Result<&Slot, Errno> {
        let slot = usize::try_from(fd)
            .ok()
            .and_then(|number| self.slots.get(number));
        slot.and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    fn slot_mut(&mut self, fd: u32) -> Result<&mut Option<Slot>, Errno> {
        let number = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.slots.get_mut(number).ok_or(Errno::Badf)
    }
}
