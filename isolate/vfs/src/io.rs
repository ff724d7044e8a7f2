//! Reading, writing and sizing of open files.

use crate::inode::InodeId;
use crate::open::OpenFile;
use crate::{Error, Vfs};

impl Vfs {
    /// Copies what is at `offset` into `target`: as much as it holds, less only at the end of
    /// the file.
    ///
    /// # Errors
    /// [`Error::Denied`] for a handle that is not for reading.
    pub fn read(&self, file: &OpenFile, offset: u64, target: &mut [u8]) -> Result<usize, Error> {
        if !file.rights.read {
            return Err(Error::Denied);
        }
        Ok(self.inodes.content(file.inode)?.read(offset, target))
    }

    /// Writes all of `source` at `offset`, or nothing.
    ///
    /// # Errors
    /// [`Error::Denied`] for a handle that is not for writing; [`Error::TooLarge`];
    /// [`Error::BytesExceeded`] before anything has changed.
    pub fn write(&mut self, file: &OpenFile, offset: u64, source: &[u8]) -> Result<(), Error> {
        if !file.rights.write {
            return Err(Error::Denied);
        }
        let content = self.inodes.content(file.inode)?;
        let before = content.charged();
        self.check_bytes(content.charge_of_write(offset, source.len() as u64)?)?;
        if source.is_empty() {
            return Ok(());
        }
        let content = self.inodes.content_mut(file.inode)?;
        content.write(offset, source)?;
        let after = content.charged();
        self.recharge(before, after);
        self.touch(file.inode)
    }

    /// The size of an open file, in bytes.
    ///
    /// # Errors
    /// None for a handle of this tree.
    pub fn size(&self, file: &OpenFile) -> Result<u64, Error> {
        Ok(self.inodes.content(file.inode)?.size())
    }

    /// Cuts an open file off, or lets it grow by zeros, which count against the quota.
    ///
    /// # Errors
    /// As [`Vfs::write`].
    pub fn resize(&mut self, file: &OpenFile, size: u64) -> Result<(), Error> {
        if !file.rights.write {
            return Err(Error::Denied);
        }
        self.resize_inode(file.inode, size)
    }

    pub(crate) fn resize_inode(&mut self, inode: InodeId, size: u64) -> Result<(), Error> {
        let content = self.inodes.content(inode)?;
        let before = content.charged();
        self.check_bytes(size.saturating_sub(content.size()))?;
        let content = self.inodes.content_mut(inode)?;
        content.resize(size);
        let after = content.charged();
        self.recharge(before, after);
        self.touch(inode)
    }
}
