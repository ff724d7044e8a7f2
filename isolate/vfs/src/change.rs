//! Making and removing names: folders, links, files.

use alloc::sync::Arc;

use crate::directory::Directory;
use crate::inode::{Kind, Node};
use crate::open::OpenDirectory;
use crate::path::{MAX_PATH_BYTES, check_relative};
use crate::{Error, Vfs};

impl Vfs {
    /// Makes a folder.
    ///
    /// # Errors
    /// Those of the walk; [`Error::Exists`]; [`Error::Denied`]; the quota of files.
    pub fn create_directory(&mut self, from: &OpenDirectory, path: &str) -> Result<(), Error> {
        let found = self.walk(from, path, false)?;
        self.check_free(&found)?;
        self.check_one_file()?;
        let node = Node::Directory(Directory::new(found.parent));
        self.create(found.parent, found.name(), node)?;
        Ok(())
    }

    /// Makes a symbolic link. Its target need not exist; where it leads is looked at when
    /// somebody walks through it.
    ///
    /// # Errors
    /// [`Error::Escapes`] for an absolute target; otherwise as [`Vfs::create_directory`], and the
    /// quota of bytes for the target.
    pub fn symlink(&mut self, target: &str, from: &OpenDirectory, path: &str) -> Result<(), Error> {
        check_relative(target)?;
        let found = self.walk(from, path, false)?;
        if found.inode.is_none() && found.folder_only {
            return Err(Error::NotFound);
        }
        self.check_free(&found)?;
        self.check_one_file()?;
        self.check_bytes(target.len() as u64)?;
        self.create(found.parent, found.name(), Node::Link(Arc::from(target)))?;
        Ok(())
    }

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// Those of the walk; [`Error::NotFound`]; [`Error::Denied`] without the right to read it;
    /// [`Error::Invalid`] where it is no link.
    pub fn read_link(&self, from: &OpenDirectory, path: &str) -> Result<&str, Error> {
        let found = self.walk(from, path, false)?;
        let inode = found.existing()?;
        if !self.rights(&found).read {
            return Err(Error::Denied);
        }
        match &self.inodes.get(inode)?.node {
            Node::Link(target) => Ok(target),
            _ => Err(Error::Invalid),
        }
    }

    /// Gives a file or link one more name. Both names must have the same rights, or the new one
    /// would let a program do to the file what the old one does not.
    ///
    /// # Errors
    /// Those of both walks; [`Error::LinkToDirectory`]; [`Error::Exists`]; [`Error::Denied`];
    /// the quota of files.
    pub fn link(
        &mut self,
        old_from: &OpenDirectory,
        old_path: &str,
        new_from: &OpenDirectory,
        new_path: &str,
    ) -> Result<(), Error> {
        let old = self.walk(old_from, old_path, false)?;
        let inode = old.existing()?;
        if self.inodes.get(inode)?.kind() == Kind::Directory {
            return Err(Error::LinkToDirectory);
        }
        let new = self.walk(new_from, new_path, false)?;
        if new.inode.is_none() && new.folder_only {
            return Err(Error::NotFound);
        }
        self.check_free(&new)?;
        if self.rights(&old) != self.rights(&new) {
            return Err(Error::Denied);
        }
        self.check_one_file()?;
        self.add_name(new.parent, new.name(), inode)
    }

    /// Removes a file or link; open handles keep its content alive.
    ///
    /// # Errors
    /// Those of the walk; [`Error::NotFound`]; [`Error::IsDirectory`]; [`Error::NotDirectory`]
    /// for a path with a slash at its end; [`Error::Denied`].
    pub fn unlink(&mut self, from: &OpenDirectory, path: &str) -> Result<(), Error> {
        // Without its slashes, or the walk would follow a link that is to be removed itself.
        let found = self.walk(from, without_slashes(path)?, false)?;
        let inode = found.existing()?;
        if self.inodes.get(inode)?.kind() == Kind::Directory {
            return Err(Error::IsDirectory);
        }
        if path.ends_with('/') {
            return Err(Error::NotDirectory);
        }
        self.check_writable(&found)?;
        self.remove_name(found.parent, found.name())
    }

    /// Removes an empty folder that no rule names.
    ///
    /// # Errors
    /// Those of the walk; [`Error::NotFound`]; [`Error::NotDirectory`]; [`Error::NotEmpty`];
    /// [`Error::Invalid`] for `.`; [`Error::Denied`].
    pub fn remove_directory(&mut self, from: &OpenDirectory, path: &str) -> Result<(), Error> {
        let found = self.walk(from, without_slashes(path)?, false)?;
        let inode = found.existing()?;
        if found.is_dot {
            return Err(Error::Invalid);
        }
        let directory = self.inodes.directory(inode)?;
        if self.rules.fixes(&found.path) {
            return Err(Error::Denied);
        }
        self.check_writable(&found)?;
        if !directory.is_empty() {
            return Err(Error::NotEmpty);
        }
        self.remove_name(found.parent, found.name())
    }
}

fn without_slashes(path: &str) -> Result<&str, Error> {
    if path.len() > MAX_PATH_BYTES {
        return Err(Error::NameTooLong);
    }
    if path.starts_with('/') {
        return Err(Error::Escapes);
    }
    Ok(path.trim_end_matches('/'))
}
