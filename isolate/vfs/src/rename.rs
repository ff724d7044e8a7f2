//! Renaming: the one change that could carry rights from one place to another.

use crate::inode::{InodeId, Kind, Node};
use crate::open::OpenDirectory;
use crate::walk::Found;
use crate::{Error, Vfs};

impl Vfs {
    /// Renames a file, link or folder; what stood at the new name is replaced.
    ///
    /// Both names must have the same rights, and a folder can be moved only where no rule names
    /// anything at or beneath its old or new path: so everything beneath keeps its rights, and
    /// the path by which an open folder remembers its rights stays right.
    ///
    /// # Errors
    /// Those of both walks; [`Error::NotFound`]; [`Error::Busy`] for `.`; [`Error::Denied`];
    /// [`Error::Invalid`] for a folder into itself; [`Error::IsDirectory`],
    /// [`Error::NotDirectory`], [`Error::NotEmpty`] for what stands at the new name.
    pub fn rename(
        &mut self,
        old_from: &OpenDirectory,
        old_path: &str,
        new_from: &OpenDirectory,
        new_path: &str,
    ) -> Result<(), Error> {
        let old = self.walk(old_from, old_path, false)?;
        let inode = old.existing()?;
        let new = self.walk(new_from, new_path, false)?;
        if old.is_dot || new.is_dot {
            return Err(Error::Busy);
        }
        let is_folder = self.inodes.get(inode)?.kind() == Kind::Directory;
        if !is_folder && (old.folder_only || new.folder_only) {
            return Err(Error::NotDirectory);
        }
        self.check_rights(&old, &new, is_folder)?;
        self.check_alive(&new)?;
        if is_folder && self.is_at_or_beneath(new.parent, inode)? {
            return Err(Error::Invalid);
        }
        match new.inode {
            Some(replaced) if replaced == inode => return Ok(()),
            Some(replaced) => {
                self.check_replaceable(replaced, is_folder)?;
                self.remove_name(new.parent, new.name())?;
            }
            None => {}
        }
        // The new name first: an inode without a name would be collected.
        self.add_name(new.parent, new.name(), inode)?;
        self.remove_name(old.parent, old.name())?;
        if let Node::Directory(moved) = &mut self.inodes.get_mut(inode)?.node {
            moved.parent = new.parent;
        }
        Ok(())
    }

    fn check_rights(&self, old: &Found, new: &Found, is_folder: bool) -> Result<(), Error> {
        self.check_writable(old)?;
        self.check_writable(new)?;
        let moves_rules = is_folder && (self.rules.fixes(&old.path) || self.rules.fixes(&new.path));
        if moves_rules || self.rights(old) != self.rights(new) {
            return Err(Error::Denied);
        }
        Ok(())
    }

    fn check_replaceable(&self, replaced: InodeId, by_folder: bool) -> Result<(), Error> {
        match (&self.inodes.get(replaced)?.node, by_folder) {
            (Node::Directory(_), false) => Err(Error::IsDirectory),
            (Node::Directory(directory), true) if !directory.is_empty() => Err(Error::NotEmpty),
            (Node::Directory(_), true) => Ok(()),
            (_, true) => Err(Error::NotDirectory),
            (_, false) => Ok(()),
        }
    }

    /// Asked of the tree, not of path texts: an open folder may have been renamed since.
    fn is_at_or_beneath(&self, mut place: InodeId, folder: InodeId) -> Result<bool, Error> {
        loop {
            if place == folder {
                return Ok(true);
            }
            let parent = self.inodes.directory(place)?.parent;
            if parent == place {
                return Ok(false);
            }
            place = parent;
        }
    }
}
