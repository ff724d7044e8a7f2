//! What the caller puts in before a program runs: uncharged, and whatever the rules.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;

use crate::content::Content;
use crate::directory::Directory;
use crate::inode::{InodeId, Kind, Node};
use crate::open::OpenDirectory;
use crate::path::CanonicalPath;
use crate::{Error, Storage, Vfs};

impl Vfs {
    /// Puts an input at a canonical absolute path, and makes the folders above it. It is shared,
    /// not copied, and does not count against the quotas.
    ///
    /// What the rules give no right to is hidden from the program, but numbers of inodes still
    /// tell how many files there are: best provide only what the program may use.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a path that is not canonical, [`Error::Exists`] where something is
    /// there already, [`Error::NotDirectory`] where a file is in the way.
    pub fn provide(&mut self, path: &str, content: Arc<dyn Storage>) -> Result<(), Error> {
        self.provide_node(path, Node::File(Content::shared(content)))
    }

    /// Puts a symbolic link at a canonical absolute path, and makes the folders above it. Its
    /// target may be anything: a walk cannot leave the folder that it starts in. It counts against
    /// the quota of bytes, as any link's does, or removing the link would make room.
    ///
    /// # Errors
    /// As [`Vfs::provide`].
    pub fn provide_link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        self.provide_node(path, Node::Link(Arc::from(target)))
    }

    /// Makes a folder, and those above it, where they are not there yet.
    ///
    /// # Errors
    /// As [`Vfs::provide`], but an existing folder is none.
    pub fn make_folder(&mut self, path: &str) -> Result<(), Error> {
        let path = CanonicalPath::parse(path)?;
        let used = self.used_files();
        let result = self.make_folders(&path);
        self.forgive_files(used);
        result.map(|_| ())
    }

    /// A handle to an existing folder by its canonical path, to start walks in. It has to be
    /// given back with [`Vfs::close_directory`].
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::NotDirectory`] where there is no such folder.
    pub fn open_folder(&mut self, path: &str) -> Result<OpenDirectory, Error> {
        let path = CanonicalPath::parse(path)?;
        let mut inode = InodeId::ROOT;
        for name in path.names() {
            inode = self
                .inodes
                .directory(inode)?
                .get(name)
                .ok_or(Error::NotFound)?;
        }
        self.inodes.directory(inode)?;
        self.hold(inode)?;
        Ok(OpenDirectory { inode, path })
    }

    /// Makes the folders that the rules name, so that a program can write into them at once.
    pub(crate) fn make_named_folders(&mut self) {
        // In order of their names, so that listings do not depend on the kinds of rules.
        let folders: BTreeSet<String> = self.rules.folders().map(str::to_owned).collect();
        for folder in folders {
            if let Ok(path) = CanonicalPath::parse(&folder) {
                // In a tree of nothing but folders this cannot fail.
                let _ = self.make_folders(&path);
            }
        }
        self.forgive_files(0);
    }

    fn provide_node(&mut self, path: &str, node: Node) -> Result<(), Error> {
        let path = CanonicalPath::parse(path)?;
        let mut folder = path.clone();
        folder.pop();
        let used = self.used_files();
        let result = self.provide_at(&folder, path.name(), node);
        self.forgive_files(used);
        result
    }

    fn provide_at(&mut self, folder: &CanonicalPath, name: &str, node: Node) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::Exists);
        }
        let parent = self.make_folders(folder)?;
        if self.inodes.directory(parent)?.get(name).is_some() {
            return Err(Error::Exists);
        }
        self.create(parent, name, node)?;
        Ok(())
    }

    fn make_folders(&mut self, path: &CanonicalPath) -> Result<InodeId, Error> {
        let mut current = InodeId::ROOT;
        for name in path.names() {
            current = match self.inodes.directory(current)?.get(name) {
                Some(inode) if self.inodes.get(inode)?.kind() == Kind::Directory => inode,
                Some(_) => return Err(Error::NotDirectory),
                None => self.create(current, name, Node::Directory(Directory::new(current)))?,
            };
        }
        Ok(current)
    }
}
