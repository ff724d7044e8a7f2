//! Descriptors: the numbers that a program knows its open files by.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use veracruz_vfs::{OpenDirectory, OpenFile};

use crate::Errno;

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
    pub(crate) append: bool,
    pub(crate) nonblock: bool,
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

/// All descriptors of a program. New ones get the lowest free number.
#[derive(Debug)]
pub(crate) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
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
        let Ok(number) = self.free() else {
            return Err(descriptor);
        };
        let Ok(fd) = u32::try_from(number) else {
            return Err(descriptor);
        };
        match self.slots.get_mut(number) {
            Some(slot) => *slot = Some(descriptor),
            None => self.slots.push(Some(descriptor)),
        }
        Ok(fd)
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        let slot = usize::try_from(fd)
            .ok()
            .and_then(|number| self.slots.get(number));
        slot.and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        let slot = usize::try_from(fd)
            .ok()
            .and_then(|number| self.slots.get_mut(number));
        slot.and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = usize::try_from(fd)
            .ok()
            .and_then(|number| self.slots.get_mut(number));
        slot.and_then(Option::take).ok_or(Errno::Badf)
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

    /// Those that were open from the start, with their names.
    pub(crate) fn preopened(&self) -> impl Iterator<Item = (&OpenDirectory, &str)> {
        self.slots.iter().flatten().filter_map(|slot| match slot {
            Descriptor::Directory(open) => Some((&open.directory, open.preopen.as_deref()?)),
            _ => None,
        })
    }

    /// Takes all of them out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Descriptor> {
        core::mem::take(&mut self.slots).into_iter().flatten()
    }
}
