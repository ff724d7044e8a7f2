//! What can be known about a file without reading it, and its times.

use crate::inode::{InodeId, Kind, Node};
use crate::open::{OpenDirectory, OpenFile};
use crate::{Error, Vfs};

/// What is known about a file, folder or link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Number, never zero, the same for all names of one file.
    pub inode: u64,
    /// What it is.
    pub kind: Kind,
    /// How many names it has.
    pub links: u64,
    /// Bytes of a file or of a link's target; zero for a folder.
    pub size: u64,
    /// Last access as set by a program (reading does not change it), nanoseconds since 1970.
    pub accessed: u64,
    /// Last change of content, nanoseconds since 1970.
    pub modified: u64,
    /// Last change of anything, nanoseconds since 1970.
    pub changed: u64,
}

/// Times to set, in nanoseconds since 1970; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Last access.
    pub accessed: Option<u64>,
    /// Last change of content.
    pub modified: Option<u64>,
}

impl Vfs {
    /// The status of what a handle holds open.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no handle holds it open any more.
    pub fn status(&self, inode: InodeId) -> Result<Status, Error> {
        let found = self.inodes.get(inode)?;
        let size = match &found.node {
            Node::File(content) => content.size(),
            // The number of entries would count those that the program may not know of.
            Node::Directory(_) => 0,
            Node::Link(target) => target.len() as u64,
        };
        Ok(Status {
            inode: number(inode),
            kind: found.kind(),
            links: found.links,
            size,
            accessed: found.accessed,
            modified: found.modified,
            changed: found.changed,
        })
    }

    /// The status of what a path names.
    ///
    /// # Errors
    /// Those of the walk; [`Error::NotFound`].
    pub fn path_status(
        &self,
        from: &OpenDirectory,
        path: &str,
        follow: bool,
    ) -> Result<Status, Error> {
        self.status(self.walk(from, path, follow)?.existing()?)
    }

    /// Sets times of an open file; needs the right to write it, though not to have opened it so.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub fn set_file_times(&mut self, file: &OpenFile, times: Times) -> Result<(), Error> {
        if !file.granted.write {
            return Err(Error::Denied);
        }
        self.set_times(file.inode, times)
    }

    /// Sets times of an open folder.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub fn set_directory_times(
        &mut self,
        directory: &OpenDirectory,
        times: Times,
    ) -> Result<(), Error> {
        if !self.rules.rights(directory.path.as_str()).write {
            return Err(Error::Denied);
        }
        self.set_times(directory.inode, times)
    }

    /// Sets times of what a path names.
    ///
    /// # Errors
    /// Those of the walk; [`Error::NotFound`]; [`Error::Denied`].
    pub fn set_path_times(
        &mut self,
        from: &OpenDirectory,
        path: &str,
        follow: bool,
        times: Times,
    ) -> Result<(), Error> {
        let found = self.walk(from, path, follow)?;
        let inode = found.existing()?;
        self.check_writable(&found)?;
        self.set_times(inode, times)
    }

    fn set_times(&mut self, inode: InodeId, times: Times) -> Result<(), Error> {
        let now = self.now;
        let inode = self.inodes.get_mut(inode)?;
        inode.accessed = times.accessed.unwrap_or(inode.accessed);
        inode.modified = times.modified.unwrap_or(inode.modified);
        inode.changed = now;
        Ok(())
    }
}

/// Inode numbers as programs see them start at one: zero means 'none' to some.
pub(crate) fn number(inode: InodeId) -> u64 {
    (inode.0 as u64).saturating_add(1)
}
