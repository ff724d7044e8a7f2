//! Opening and closing: handles that keep what they name alive.

use crate::content::Content;
use crate::inode::{InodeId, Kind, Node};
use crate::path::CanonicalPath;
use crate::{Error, Rights, Vfs};

/// How to open. The default follows no link, makes nothing, and asks for neither reading nor
/// writing: such a handle can be read through where the rules allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Follow a symbolic link at the end of the path.
    pub follow: bool,
    /// Make the file where there is none.
    pub create: bool,
    /// With `create`: fail where there is one.
    pub exclusive: bool,
    /// Cut an existing file to nothing; needs the right to write, even without `write`.
    pub truncate: bool,
    /// Open a folder, nothing else.
    pub directory: bool,
    /// Open for reading. Where the rules allow only writing and `write` is given, the handle is
    /// for writing alone.
    pub read: bool,
    /// Open for writing.
    pub write: bool,
}

/// What was opened.
#[derive(Debug)]
pub enum Opened {
    /// A file.
    File(OpenFile),
    /// A folder.
    Directory(OpenDirectory),
}

/// An open file. It stays readable after its last name is gone, until it is given back with
/// [`Vfs::close_file`]; it cannot be cloned, so it is given back once.
#[derive(Debug)]
pub struct OpenFile {
    pub(crate) inode: InodeId,
    /// What both the rules grant and the opener asked for.
    pub(crate) rights: Rights,
    /// What the rules grant.
    pub(crate) granted: Rights,
}

impl OpenFile {
    /// The inode, for [`Vfs::status`].
    #[must_use]
    pub fn inode(&self) -> InodeId {
        self.inode
    }

    /// What may be done through this handle.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.rights
    }
}

/// An open folder, in which walks start. To be given back with [`Vfs::close_directory`].
///
/// Its path is the one that it was opened by. A folder is only ever renamed to where all rights
/// are the same at it and beneath it (see `rename`), so rights looked up by the old path stay
/// true.
#[derive(Debug)]
pub struct OpenDirectory {
    pub(crate) inode: InodeId,
    pub(crate) path: CanonicalPath,
}

impl OpenDirectory {
    /// The inode, for [`Vfs::status`].
    #[must_use]
    pub fn inode(&self) -> InodeId {
        self.inode
    }
}

impl Vfs {
    /// Opens a path beneath a folder.
    ///
    /// # Errors
    /// Those of the walk; [`Error::Denied`] where the rules do not grant what is asked for;
    /// [`Error::Exists`], [`Error::IsDirectory`], [`Error::NotDirectory`], [`Error::LinkLoop`]
    /// for a link that is not followed; the quota of files.
    pub fn open(
        &mut self,
        from: &OpenDirectory,
        path: &str,
        options: OpenOptions,
    ) -> Result<Opened, Error> {
        let found = self.walk(from, path, options.follow)?;
        let granted = self.rights(&found);
        let inode = match found.inode {
            Some(_) if options.create && options.exclusive => return Err(Error::Exists),
            Some(inode) => inode,
            None if !options.create => return Err(Error::NotFound),
            None if options.directory => return Err(Error::Invalid),
            None if found.folder_only => return Err(Error::IsDirectory),
            None => {
                self.check_free(&found)?;
                handle_rights(granted, options)?;
                self.check_one_file()?;
                self.create(found.parent, found.name(), Node::File(Content::empty()))?
            }
        };
        match self.inodes.get(inode)?.kind() {
            Kind::Link => Err(Error::LinkLoop),
            Kind::Directory if options.directory && options.create => Err(Error::Invalid),
            Kind::Directory if options.write || options.truncate || options.create => {
                Err(Error::IsDirectory)
            }
            Kind::Directory => {
                self.hold(inode)?;
                Ok(Opened::Directory(OpenDirectory {
                    inode,
                    path: found.path,
                }))
            }
            Kind::File if options.directory => Err(Error::NotDirectory),
            Kind::File => self.open_file(inode, granted, options).map(Opened::File),
        }
    }

    /// One more handle to an open file, with the same rights.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn share_file(&mut self, file: &OpenFile) -> Result<OpenFile, Error> {
        self.hold(file.inode)?;
        Ok(OpenFile {
            inode: file.inode,
            rights: file.rights,
            granted: file.granted,
        })
    }

    /// One more handle to an open folder.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn share_directory(&mut self, directory: &OpenDirectory) -> Result<OpenDirectory, Error> {
        self.hold(directory.inode)?;
        Ok(OpenDirectory {
            inode: directory.inode,
            path: directory.path.clone(),
        })
    }

    /// Gives a file back.
    pub fn close_file(&mut self, file: OpenFile) {
        self.release(file.inode);
    }

    /// Gives a folder back.
    pub fn close_directory(&mut self, directory: OpenDirectory) {
        self.release(directory.inode);
    }

    fn open_file(
        &mut self,
        inode: InodeId,
        granted: Rights,
        options: OpenOptions,
    ) -> Result<OpenFile, Error> {
        if (options.write || options.truncate) && !granted.write {
            return Err(Error::Denied);
        }
        if !options.write && options.read && !granted.read {
            return Err(Error::Denied);
        }
        if options.truncate {
            self.resize_inode(inode, 0)?;
        }
        self.hold(inode)?;
        let rights = Rights {
            read: options.read && granted.read,
            write: options.write,
        };
        Ok(OpenFile {
            inode,
            rights,
            granted,
        })
    }

    pub(crate) fn hold(&mut self, inode: InodeId) -> Result<(), Error> {
        let inode = self.inodes.get_mut(inode)?;
        inode.opens = inode.opens.saturating_add(1);
        Ok(())
    }

    fn release(&mut self, inode: InodeId) {
        if let Ok(held) = self.inodes.get_mut(inode) {
            held.opens = held.opens.saturating_sub(1);
        }
        self.collect(inode);
    }
}

/// What a handle may do, out of what the rules grant and what is asked for.
fn handle_rights(granted: Rights, options: OpenOptions) -> Result<Rights, Error> {
    if (options.write || options.truncate) && !granted.write {
        return Err(Error::Denied);
    }
    if options.read && !options.write && !granted.read {
        return Err(Error::Denied);
    }
    Ok(Rights {
        read: options.read && granted.read,
        write: options.write,
    })
}
