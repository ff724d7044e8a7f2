//! What is in the tree after a program ran, for the caller: whatever the rules.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::content::Content;
use crate::inode::{InodeId, Node};
use crate::path::CanonicalPath;
use crate::{Storage, Vfs};

/// A file as the caller sees it.
pub struct File<'a>(&'a Content);

impl<'a> File<'a> {
    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// All bytes in order, in pieces of any length but zero; holes come as zeros.
    pub fn chunks(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let content = self.0;
        let mut offset = 0;
        core::iter::from_fn(move || {
            let run = content.run(offset, u64::MAX);
            offset += run.len() as u64;
            (!run.is_empty()).then_some(run)
        })
    }

    /// Whether it is exactly an input that was provided, never written to.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.0.is_unchanged()
    }

    /// Whether it is this very input, never written to.
    #[must_use]
    pub fn is(&self, input: &Arc<dyn Storage>) -> bool {
        self.0.is_unchanged() && self.0.shares(input)
    }
}

/// What a name stands for, as the caller sees it.
pub enum Entry<'a> {
    /// A file.
    File(File<'a>),
    /// A folder.
    Folder,
    /// A symbolic link, with its target.
    Link(&'a str),
}

impl Vfs {
    /// The file at a canonical absolute path. Symbolic links are not followed.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<File<'_>> {
        let path = CanonicalPath::parse(path).ok()?;
        let mut inode = InodeId::ROOT;
        for name in path.names() {
            inode = self.inodes.directory(inode).ok()?.get(name)?;
        }
        self.inodes.content(inode).ok().map(File)
    }

    /// All files with their canonical paths, in order of their names. A file with several names
    /// comes with each.
    pub fn files(&self) -> impl Iterator<Item = (String, File<'_>)> {
        self.entries().filter_map(|(path, entry)| match entry {
            Entry::File(file) => Some((path, file)),
            Entry::Folder | Entry::Link(_) => None,
        })
    }

    /// Everything but the root with its canonical path, in order of the names: a folder before
    /// what is in it.
    pub fn entries(&self) -> impl Iterator<Item = (String, Entry<'_>)> {
        // What is left to visit, the next last. A stack of its own: a tree may be deep.
        let mut pending: Vec<(String, InodeId)> = vec![(String::new(), InodeId::ROOT)];
        core::iter::from_fn(move || {
            loop {
                let (path, id) = pending.pop()?;
                let entry = match self.inodes.get(id).ok().map(|inode| &inode.node) {
                    Some(Node::File(content)) => Entry::File(File(content)),
                    Some(Node::Link(target)) => Entry::Link(target),
                    Some(Node::Directory(directory)) => {
                        pending.extend(
                            directory
                                .by_name()
                                .rev()
                                .map(|(name, id)| (format!("{path}/{name}"), id)),
                        );
                        Entry::Folder
                    }
                    None => continue,
                };
                if id != InodeId::ROOT {
                    return Some((path, entry));
                }
            }
        })
    }
}
