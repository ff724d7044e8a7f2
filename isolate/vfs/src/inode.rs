//! Inodes: what names stand for.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::Error;
use crate::content::Content;
use crate::directory::Directory;

/// Number of an inode. It is used again after the inode is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeId(pub(crate) usize);

impl InodeId {
    pub(crate) const ROOT: Self = Self(0);
}

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
}

pub(crate) enum Node {
    File(Content),
    Directory(Directory),
    Link(Arc<str>),
}

pub(crate) struct Inode {
    pub(crate) node: Node,
    /// How many names stand for it.
    pub(crate) links: u64,
    /// How many open handles there are.
    pub(crate) opens: u64,
    /// Nanoseconds since 1970.
    pub(crate) accessed: u64,
    pub(crate) modified: u64,
    pub(crate) changed: u64,
}

impl Inode {
    pub(crate) fn kind(&self) -> Kind {
        match self.node {
            Node::File(_) => Kind::File,
            Node::Directory(_) => Kind::Directory,
            Node::Link(_) => Kind::Link,
        }
    }

    /// Bytes that count against the quota.
    pub(crate) fn charged(&self) -> u64 {
        match &self.node {
            Node::File(content) => content.charged(),
            Node::Directory(_) => 0,
            Node::Link(target) => target.len() as u64,
        }
    }
}

/// All inodes, by number.
#[derive(Default)]
pub(crate) struct Inodes {
    slots: Vec<Option<Inode>>,
    free: Vec<usize>,
}

impl Inodes {
    pub(crate) fn insert(&mut self, node: Node, now: u64) -> InodeId {
        let inode = Inode {
            node,
            links: 0,
            opens: 0,
            accessed: now,
            modified: now,
            changed: now,
        };
        if let Some(number) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(number)
        {
            *slot = Some(inode);
            return InodeId(number);
        }
        self.slots.push(Some(inode));
        InodeId(self.slots.len() - 1)
    }

    /// # Errors
    /// [`Error::NotFound`] for a number that is not in use, which no handle has.
    pub(crate) fn get(&self, id: InodeId) -> Result<&Inode, Error> {
        self.slots
            .get(id.0)
            .and_then(Option::as_ref)
            .ok_or(Error::NotFound)
    }

    pub(crate) fn get_mut(&mut self, id: InodeId) -> Result<&mut Inode, Error> {
        self.slots
            .get_mut(id.0)
            .and_then(Option::as_mut)
            .ok_or(Error::NotFound)
    }

    pub(crate) fn directory(&self, id: InodeId) -> Result<&Directory, Error> {
        match &self.get(id)?.node {
            Node::Directory(directory) => Ok(directory),
            _ => Err(Error::NotDirectory),
        }
    }

    pub(crate) fn directory_mut(&mut self, id: InodeId) -> Result<&mut Directory, Error> {
        match &mut self.get_mut(id)?.node {
            Node::Directory(directory) => Ok(directory),
            _ => Err(Error::NotDirectory),
        }
    }

    pub(crate) fn content(&self, id: InodeId) -> Result<&Content, Error> {
        match &self.get(id)?.node {
            Node::File(content) => Ok(content),
            Node::Directory(_) => Err(Error::IsDirectory),
            Node::Link(_) => Err(Error::Invalid),
        }
    }

    pub(crate) fn content_mut(&mut self, id: InodeId) -> Result<&mut Content, Error> {
        match &mut self.get_mut(id)?.node {
            Node::File(content) => Ok(content),
            Node::Directory(_) => Err(Error::IsDirectory),
            Node::Link(_) => Err(Error::Invalid),
        }
    }

    /// Frees an inode that has neither a name nor a handle left; its charge if it did.
    pub(crate) fn collect(&mut self, id: InodeId) -> Option<u64> {
        let slot = self.slots.get_mut(id.0)?;
        let inode = slot.as_ref()?;
        if inode.links > 0 || inode.opens > 0 {
            return None;
        }
        let charged = inode.charged();
        *slot = None;
        self.free.push(id.0);
        Some(charged)
    }
}
