//! Listing of folders.

use crate::inode::Kind;
use crate::open::OpenDirectory;
use crate::status::number;
use crate::{Error, Vfs};

/// One entry of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its inode number, as in [`Status`](crate::Status).
    pub inode: u64,
    /// What it is.
    pub kind: Kind,
    /// Where to go on after it.
    pub next: u64,
}

impl Vfs {
    /// Where a listing that starts now has to end. A program that renames what it lists would
    /// otherwise meet the new names again and never come to an end.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn listing_end(&self, directory: &OpenDirectory) -> Result<u64, Error> {
        Ok(self.inodes.directory(directory.inode)?.end())
    }

    /// The entries from `cookie` (0, or the `next` of an earlier entry) to `end`, in the order in
    /// which they were made, as far as the program has any right to them. Taking `n` of them
    /// costs `O(n log entries)`, wherever the listing goes on.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn list<'a>(
        &'a self,
        directory: &'a OpenDirectory,
        cookie: u64,
        end: u64,
    ) -> Result<impl Iterator<Item = Listed<'a>>, Error> {
        let entries = self.inodes.directory(directory.inode)?.entries(cookie, end);
        Ok(entries.filter_map(|(sequence, name, inode)| {
            let mut path = directory.path.clone();
            path.push(name).ok()?;
            if !self.rules.visible(&path) {
                return None;
            }
            let kind = self.inodes.get(inode).ok()?.kind();
            Some(Listed {
                name,
                inode: number(inode),
                kind,
                next: sequence.saturating_add(1),
            })
        }))
    }

    /// The inode numbers of the folder itself and of the one above it, for `.` and `..`. The
    /// root is its own.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn dot_numbers(&self, directory: &OpenDirectory) -> Result<(u64, u64), Error> {
        let parent = self.inodes.directory(directory.inode)?.parent;
        Ok((number(directory.inode), number(parent)))
    }
}
