//! The tree itself, its quotas, and the bookkeeping that every change goes through.

use core::cell::Cell;

use crate::directory::Directory;
use crate::inode::{InodeId, Inodes, Node};
use crate::{Error, Rules};

/// How much a program may add. What was provided to it does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes written: sizes of the files it made or extended (holes count), copies of the parts
    /// of inputs it wrote to, and targets of symbolic links. Memory in use stays below twice
    /// this, and 255 bytes and an inode for each of `files`.
    pub bytes: u64,
    /// Names it made: of files, folders and links.
    pub files: u64,
}

/// A tree of in-memory files. See the [crate's documentation](crate).
pub struct Vfs {
    pub(crate) inodes: Inodes,
    pub(crate) rules: Rules,
    quotas: Quotas,
    used_bytes: u64,
    used_files: u64,
    /// The first refusal for a quota. In a cell, since a check changes nothing else.
    refused: Cell<Option<Error>>,
    pub(crate) now: u64,
}

impl Vfs {
    /// A tree with the folders that the rules name, at a time in nanoseconds since 1970.
    #[must_use]
    pub fn new(rules: Rules, quotas: Quotas, now: u64) -> Self {
        let mut inodes = Inodes::default();
        let root = inodes.insert(Node::Directory(Directory::new(InodeId::ROOT)), now);
        if let Ok(root) = inodes.get_mut(root) {
            root.links = 1;
        }
        let mut vfs = Self {
            inodes,
            rules,
            quotas,
            used_bytes: 0,
            used_files: 0,
            refused: Cell::new(None),
            now,
        };
        vfs.make_named_folders();
        vfs
    }

    /// Sets the time that changes are stamped with, in nanoseconds since 1970.
    pub fn set_time(&mut self, now: u64) {
        self.now = now;
    }

    /// Bytes that count against [`Quotas::bytes`] now.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// Names that count against [`Quotas::files`] now.
    #[must_use]
    pub fn used_files(&self) -> u64 {
        self.used_files
    }

    /// The first time that a quota was in the way: [`Error::BytesExceeded`] or
    /// [`Error::FilesExceeded`]. A program that gives up may have given up for that.
    #[must_use]
    pub fn quota_met(&self) -> Option<Error> {
        self.refused.get()
    }

    /// Fails where `bytes` more would go beyond the quota.
    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<(), Error> {
        let limit = self.quotas.bytes;
        match self.used_bytes.checked_add(bytes) {
            Some(total) if total <= limit => Ok(()),
            _ => Err(self.refuse(Error::BytesExceeded { limit })),
        }
    }

    pub(crate) fn check_one_file(&self) -> Result<(), Error> {
        let limit = self.quotas.files;
        if self.used_files < limit {
            Ok(())
        } else {
            Err(self.refuse(Error::FilesExceeded { limit }))
        }
    }

    /// Remembers the first refusal.
    fn refuse(&self, error: Error) -> Error {
        self.refused.set(self.refused.get().or(Some(error)));
        error
    }

    /// Counts the difference that a change made to what an inode is charged.
    pub(crate) fn recharge(&mut self, before: u64, after: u64) {
        self.used_bytes = self.used_bytes.saturating_sub(before).saturating_add(after);
    }

    /// Makes an inode with its first name. The quotas were checked by the caller.
    pub(crate) fn create(
        &mut self,
        parent: InodeId,
        name: &str,
        node: Node,
    ) -> Result<InodeId, Error> {
        self.inodes.directory(parent)?;
        let inode = self.inodes.insert(node, self.now);
        let charged = self.inodes.get(inode)?.charged();
        self.recharge(0, charged);
        self.add_name(parent, name, inode)?;
        Ok(inode)
    }

    /// Gives an inode a name that is free, and counts it.
    pub(crate) fn add_name(
        &mut self,
        parent: InodeId,
        name: &str,
        inode: InodeId,
    ) -> Result<(), Error> {
        self.inodes.directory_mut(parent)?.insert(name, inode);
        let now = self.now;
        let target = self.inodes.get_mut(inode)?;
        target.links = target.links.saturating_add(1);
        target.changed = now;
        self.used_files = self.used_files.saturating_add(1);
        self.touch(parent)
    }

    /// Takes a name away, and the inode with it where that was its last hold.
    pub(crate) fn remove_name(&mut self, parent: InodeId, name: &str) -> Result<(), Error> {
        let inode = self
            .inodes
            .directory_mut(parent)?
            .remove(name)
            .ok_or(Error::NotFound)?;
        let now = self.now;
        let target = self.inodes.get_mut(inode)?;
        target.links = target.links.saturating_sub(1);
        target.changed = now;
        // A provided file that is removed makes room for a name; it never makes more.
        self.used_files = self.used_files.saturating_sub(1);
        self.collect(inode);
        self.touch(parent)
    }

    /// Frees an inode that nothing holds any more.
    pub(crate) fn collect(&mut self, inode: InodeId) {
        if let Some(charged) = self.inodes.collect(inode) {
            self.recharge(charged, 0);
        }
    }

    /// Stamps a change of content.
    pub(crate) fn touch(&mut self, inode: InodeId) -> Result<(), Error> {
        let now = self.now;
        let inode = self.inodes.get_mut(inode)?;
        inode.modified = now;
        inode.changed = now;
        Ok(())
    }

    /// Forgets what was charged for names so far: they were provided, not made by a program.
    pub(crate) fn forgive_files(&mut self, used_before: u64) {
        self.used_files = used_before;
    }
}
