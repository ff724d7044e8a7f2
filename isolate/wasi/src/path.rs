//! Names: `path_*` but `path_open`.
//!
//! All of them answer [`Errno::Notcapable`] where the folder's right to it was given up, and
//! [`Errno::Notdir`] where the descriptor is no folder.

use crate::abi::{self, flags};
use crate::context::path_text;
use crate::fd_status::times;
use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Makes a folder.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Exist`]; [`Errno::Nospc`]; [`Errno::Fault`].
    pub fn path_create_directory<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let from = self
            .descriptors
            .directory_for(fd, flags::PATH_CREATE_DIRECTORY)?;
        Ok(self
            .vfs
            .create_directory(from, path_text(memory, path, path_len)?)?)
    }

    /// Writes the status of what a path names.
    ///
    /// # Errors
    /// Those of the walk; [`Errno::Noent`]; [`Errno::Fault`].
    pub fn path_filestat_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let from = self
            .descriptors
            .directory_for(fd, flags::PATH_FILESTAT_GET)?;
        let text = path_text(memory, path, path_len)?;
        let status = self.vfs.path_status(from, text, follows(lookup)?)?;
        memory.put(stat, &abi::filestat(&status))
    }

    /// Sets the times of what a path names.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Inval`] for flags that contradict each other.
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn path_filestat_set_times<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        accessed: u64,
        modified: u64,
        fstflags: u32,
    ) -> Result<(), Errno> {
        let times = times(fstflags, accessed, modified, self.time.realtime())?;
        let from = self
            .descriptors
            .directory_for(fd, flags::PATH_FILESTAT_SET_TIMES)?;
        let text = path_text(memory, path, path_len)?;
        Ok(self
            .vfs
            .set_path_times(from, text, follows(lookup)?, times)?)
    }

    /// Gives a file one more name.
    ///
    /// # Errors
    /// Those of the walks and of the rules; [`Errno::Exist`]; [`Errno::Perm`] for a folder;
    /// [`Errno::Inval`] where the link at the end of the old path is to be followed: no system
    /// does that alike.
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn path_link<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        old_fd: u32,
        lookup: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        if follows(lookup)? {
            return Err(Errno::Inval);
        }
        let descriptors = &self.descriptors;
        let old_from = descriptors.directory_for(old_fd, flags::PATH_LINK_SOURCE)?;
        let new_from = descriptors.directory_for(new_fd, flags::PATH_LINK_TARGET)?;
        let old = path_text(memory, old_path, old_path_len)?;
        let new = path_text(memory, new_path, new_path_len)?;
        Ok(self.vfs.link(old_from, old, new_from, new)?)
    }

    /// Writes the target of a symbolic link, cut off where the buffer ends.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Inval`] for what is no link.
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn path_readlink<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        size: u32,
    ) -> Result<(), Errno> {
        let from = self.descriptors.directory_for(fd, flags::PATH_READLINK)?;
        let target = self
            .vfs
            .read_link(from, path_text(memory, path, path_len)?)?
            .as_bytes();
        let most = usize::try_from(buf_len).unwrap_or(usize::MAX);
        let target = target.get(..most).unwrap_or(target);
        memory.put(buf, target)?;
        memory.put_u32(
            size,
            u32::try_from(target.len()).map_err(|_| Errno::Overflow)?,
        )
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Notempty`]; [`Errno::Notdir`].
    pub fn path_remove_directory<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let from = self
            .descriptors
            .directory_for(fd, flags::PATH_REMOVE_DIRECTORY)?;
        Ok(self
            .vfs
            .remove_directory(from, path_text(memory, path, path_len)?)?)
    }

    /// Renames a file, link or folder.
    ///
    /// # Errors
    /// Those of the walks and of the rules; see [`Vfs::rename`](veracruz_vfs::Vfs::rename).
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn path_rename<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        old_fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let descriptors = &self.descriptors;
        let old_from = descriptors.directory_for(old_fd, flags::PATH_RENAME_SOURCE)?;
        let new_from = descriptors.directory_for(new_fd, flags::PATH_RENAME_TARGET)?;
        let old = path_text(memory, old_path, old_path_len)?;
        let new = path_text(memory, new_path, new_path_len)?;
        Ok(self.vfs.rename(old_from, old, new_from, new)?)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Exist`]; [`Errno::Perm`] for an absolute
    /// target; [`Errno::Nospc`].
    pub fn path_symlink<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let from = self.descriptors.directory_for(fd, flags::PATH_SYMLINK)?;
        let target = path_text(memory, old_path, old_path_len)?;
        Ok(self
            .vfs
            .symlink(target, from, path_text(memory, new_path, new_path_len)?)?)
    }

    /// Removes a file or link.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Isdir`]; [`Errno::Notdir`] for a path with a
    /// slash at its end.
    pub fn path_unlink_file<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let from = self
            .descriptors
            .directory_for(fd, flags::PATH_UNLINK_FILE)?;
        Ok(self.vfs.unlink(from, path_text(memory, path, path_len)?)?)
    }
}

/// Whether `lookupflags` ask to follow a link at the end.
pub(crate) fn follows(lookup: u32) -> Result<bool, Errno> {
    match lookup {
        0 => Ok(false),
        flags::SYMLINK_FOLLOW => Ok(true),
        _ => Err(Errno::Inval),
    }
}
