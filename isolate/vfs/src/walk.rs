//! The path walk: from the text that a program gave to a place in the tree.

use alloc::vec;
use alloc::vec::Vec;

use crate::inode::{InodeId, Node};
use crate::open::OpenDirectory;
use crate::path::{CanonicalPath, MAX_LINKS, check_relative};
use crate::{Error, Rights, Vfs};

/// Where a walk ended.
pub(crate) struct Found {
    /// The folder that holds, or would hold, the name.
    pub(crate) parent: InodeId,
    /// The canonical path, which the rights are looked up by.
    pub(crate) path: CanonicalPath,
    /// What is there now; nothing also where the program may not know of it.
    pub(crate) inode: Option<InodeId>,
    /// The path ended in a slash: only a folder will do.
    pub(crate) folder_only: bool,
    /// The path ended in `.` or `..`, so it names no entry that could be changed.
    pub(crate) is_dot: bool,
}

impl Found {
    pub(crate) fn existing(&self) -> Result<InodeId, Error> {
        self.inode.ok_or(Error::NotFound)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.name()
    }
}

impl Vfs {
    /// Walks `path` from a folder that it cannot leave: `..` goes back along the stack of folders
    /// that the walk came through, and fails where that is used up.
    pub(crate) fn walk(
        &self,
        from: &OpenDirectory,
        path: &str,
        follow: bool,
    ) -> Result<Found, Error> {
        check_relative(path)?;
        let mut place = from.path.clone();
        let mut folders = vec![from.inode];
        // What is left to walk: texts that came after a slash, the next one last.
        let mut pending: Vec<&str> = vec![path];
        let mut links = 0;
        let mut here = from.inode;
        while let Some(text) = pending.pop() {
            let (name, rest) = match text.split_once('/') {
                Some((name, rest)) => (name, Some(rest)),
                None => (text, None),
            };
            pending.extend(rest);
            match name {
                "" | "." => continue,
                ".." => {
                    folders.pop();
                    here = *folders.last().ok_or(Error::Escapes)?;
                    place.pop();
                    continue;
                }
                _ => place.push(name)?,
            }
            let folder_only = !pending.is_empty();
            let last = pending
                .iter()
                .all(|text| text.bytes().all(|byte| byte == b'/'));
            let found = |place, inode| Found {
                parent: here,
                path: place,
                inode,
                folder_only,
                is_dot: false,
            };
            let entry = self.inodes.directory(here)?.get(name);
            // What the program has no right to does not exist for it, whether it does or not.
            let Some(inode) = entry.filter(|_| self.rules.visible(&place)) else {
                return if last {
                    Ok(found(place, None))
                } else {
                    Err(Error::NotFound)
                };
            };
            match &self.inodes.get(inode)?.node {
                Node::Link(target) if !last || folder_only || follow => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Error::LinkLoop);
                    }
                    if target.starts_with('/') {
                        return Err(Error::Escapes);
                    }
                    place.pop();
                    pending.push(target);
                }
                Node::Directory(_) if last => return Ok(found(place, Some(inode))),
                Node::Directory(_) => {
                    folders.push(inode);
                    here = inode;
                }
                _ if last && !folder_only => return Ok(found(place, Some(inode))),
                _ => return Err(Error::NotDirectory),
            }
        }
        let parent = self.inodes.directory(here)?.parent;
        Ok(Found {
            parent,
            path: place,
            inode: Some(here),
            folder_only: true,
            is_dot: true,
        })
    }

    pub(crate) fn rights(&self, found: &Found) -> Rights {
        self.rules.rights(found.path.as_str())
    }

    /// The place of a name that is to be made: free, writable, in a folder that still exists.
    pub(crate) fn check_free(&self, found: &Found) -> Result<(), Error> {
        if found.inode.is_some() {
            return Err(Error::Exists);
        }
        self.check_writable(found)?;
        self.check_alive(found)
    }

    /// A removed folder may still be open; nothing can be put into it.
    pub(crate) fn check_alive(&self, found: &Found) -> Result<(), Error> {
        if self.inodes.get(found.parent)?.links == 0 {
            Err(Error::NotFound)
        } else {
            Ok(())
        }
    }

    pub(crate) fn check_writable(&self, found: &Found) -> Result<(), Error> {
        if self.rights(found).write {
            Ok(())
        } else {
            Err(Error::Denied)
        }
    }
}
