//! Files and folders: `wasi:filesystem`.

use alloc::string::String;
use alloc::vec::Vec;

use veracruz_vfs::{Kind, OpenDirectory, OpenOptions, Opened, Rights, Status, Times, Vfs};

use super::{CHUNK_BYTES, Interfaces, Misuse};
use crate::Errno;
use crate::descriptor::{Descriptor, DirectoryDescriptor, FileDescriptor};

/// A listing that is under way.
pub(super) struct Listing {
    directory: OpenDirectory,
    next: u64,
    end: u64,
}

impl Listing {
    pub(super) fn close(self, vfs: &mut Vfs) {
        vfs.close_directory(self.directory);
    }
}

/// One entry of a listing; `.` and `..` are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// A time to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTime {
    /// Leave it.
    Keep,
    /// The wall time.
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

/// How to open a file; all false by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFlags {
    /// Follow a link at the end of the path.
    pub follow: bool,
    /// Make the file where there is none.
    pub create: bool,
    /// Only if there is none.
    pub exclusive: bool,
    /// Empty it.
    pub truncate: bool,
    /// Only if it is a folder.
    pub directory: bool,
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
}

/// Errors of all of these are those of preview 1's functions of the same name, with
/// [`Errno::Badf`] where a file is needed and a folder given, and [`Errno::Notdir`] the other way
/// round.
#[expect(
    clippy::missing_errors_doc,
    reason = "said once for all of them, above"
)]
impl Interfaces {
    /// The folders that are open from the start, each a new descriptor with its name.
    pub fn preopened(&mut self) -> Result<Vec<(u32, String)>, Misuse> {
        let wasi = &mut self.wasi;
        let mut shared = Vec::new();
        for (directory, name) in wasi.descriptors.preopened() {
            let directory = wasi.vfs.share_directory(directory);
            shared.push((directory.map_err(|_| Misuse::Unknown)?, String::from(name)));
        }
        let limit = self.wasi.limits.open_files;
        let open = shared.into_iter().map(|(directory, name)| {
            let descriptor = self.directory_descriptor(directory);
            let number = descriptor.and_then(|descriptor| self.insert(descriptor));
            Ok((number.map_err(|_| Misuse::Exhausted { limit })?, name))
        });
        open.collect()
    }

    /// Opens a file or folder beneath a folder.
    pub fn open_at(&mut self, from: u32, path: &str, flags: OpenFlags) -> Result<u32, Errno> {
        // Before anything is made or emptied.
        self.wasi.descriptors.free()?;
        let options = OpenOptions {
            follow: flags.follow,
            create: flags.create,
            exclusive: flags.exclusive,
            truncate: flags.truncate,
            directory: flags.directory,
            read: flags.read,
            write: flags.write,
        };
        let from = self.wasi.descriptors.directory(from)?;
        let descriptor = match self.wasi.vfs.open(from, path, options)? {
            Opened::File(file) => Descriptor::File(FileDescriptor {
                file,
                position: 0,
                flags: 0,
            }),
            Opened::Directory(directory) => self.directory_descriptor(directory)?,
        };
        self.insert(descriptor)
    }

    /// What may be done through a descriptor of a file; nothing for a folder.
    pub fn rights(&self, descriptor: u32) -> Result<Option<Rights>, Errno> {
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) => Ok(Some(open.file.rights())),
            Descriptor::Directory(_) => Ok(None),
            _ => Err(Errno::Badf),
        }
    }

    /// Whether advice about a range could be given. Nothing is made of it.
    pub fn advise(&self, descriptor: u32, offset: u64, len: u64) -> Result<(), Errno> {
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(_) => offset.checked_add(len).map(|_| ()).ok_or(Errno::Inval),
            _ => Err(Errno::Badf),
        }
    }

    /// Nothing to do: what is written is there.
    pub fn sync(&self, descriptor: u32) -> Result<(), Errno> {
        self.rights(descriptor).map(drop)
    }

    /// Cuts a file off, or lets it grow by zeros.
    pub fn set_size(&mut self, descriptor: u32, size: u64) -> Result<(), Errno> {
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) if open.file.rights().write => {
                Ok(self.wasi.vfs.resize(&open.file, size)?)
            }
            _ => Err(Errno::Badf),
        }
    }

    /// Sets the times of last access and change.
    pub fn set_times(
        &mut self,
        descriptor: u32,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno> {
        let times = self.times(accessed, modified);
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) => Ok(self.wasi.vfs.set_file_times(&open.file, times)?),
            Descriptor::Directory(open) => {
                let directory = &open.directory;
                Ok(self.wasi.vfs.set_directory_times(directory, times)?)
            }
            _ => Err(Errno::Badf),
        }
    }

    /// The same for what a path names.
    pub fn set_times_at(
        &mut self,
        from: u32,
        path: &str,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno> {
        let times = self.times(accessed, modified);
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.set_path_times(from, path, follow, times)?)
    }

    /// At most `len` bytes at an offset and [`CHUNK_BYTES`], and whether the file ends there.
    pub fn read(&self, descriptor: u32, len: u64, offset: u64) -> Result<(Vec<u8>, bool), Errno> {
        let Descriptor::File(open) = self.wasi.descriptors.get(descriptor)? else {
            return Err(Errno::Badf);
        };
        if !open.file.rights().read {
            return Err(Errno::Badf);
        }
        let left = self.wasi.vfs.size(&open.file)?.saturating_sub(offset);
        let len = len.min(CHUNK_BYTES).min(left);
        let mut bytes = alloc::vec![0; usize::try_from(len).unwrap_or(0)];
        let read = self.wasi.vfs.read(&open.file, offset, &mut bytes)?;
        bytes.truncate(read);
        Ok((bytes, len == left))
    }

    /// Writes all of it at an offset, and says how much that was.
    pub fn write(&mut self, descriptor: u32, bytes: &[u8], offset: u64) -> Result<u64, Errno> {
        match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) if open.file.rights().write => {
                self.wasi.vfs.write(&open.file, offset, bytes)?;
                Ok(bytes.len() as u64)
            }
            _ => Err(Errno::Badf),
        }
    }

    /// Starts to list a folder.
    pub fn read_directory(&mut self, descriptor: u32) -> Result<u32, Errno> {
        let directory = self.wasi.descriptors.directory(descriptor)?;
        let end = self.wasi.vfs.listing_end(directory)?;
        let directory = self.wasi.vfs.share_directory(directory)?;
        let listing = Listing {
            directory,
            next: 0,
            end,
        };
        self.listings.insert(listing).map_err(|(listing, _)| {
            listing.close(&mut self.wasi.vfs);
            Errno::Mfile
        })
    }

    /// The next entry, or nothing at the end.
    pub fn next_entry(&mut self, listing: u32) -> Result<Option<Entry>, Errno> {
        let listing = self.listings.get_mut(listing).map_err(|_| Errno::Badf)?;
        let vfs = &self.wasi.vfs;
        let mut entries = vfs.list(&listing.directory, listing.next, listing.end)?;
        let Some(found) = entries.next() else {
            return Ok(None);
        };
        let entry = Entry {
            name: found.name.into(),
            kind: found.kind,
        };
        let next = found.next;
        drop(entries);
        listing.next = next;
        Ok(Some(entry))
    }

    /// Makes a folder.
    pub fn create_directory_at(&mut self, from: u32, path: &str) -> Result<(), Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.create_directory(from, path)?)
    }

    /// What is known about what is open.
    pub fn status(&self, descriptor: u32) -> Result<Status, Errno> {
        let inode = match self.wasi.descriptors.get(descriptor)? {
            Descriptor::File(open) => open.file.inode(),
            Descriptor::Directory(open) => open.directory.inode(),
            _ => return Err(Errno::Badf),
        };
        Ok(self.wasi.vfs.status(inode)?)
    }

    /// What is known about what a path names.
    pub fn status_at(&self, from: u32, path: &str, follow: bool) -> Result<Status, Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.path_status(from, path, follow)?)
    }

    /// Gives a file one more name.
    pub fn link_at(
        &mut self,
        old_from: u32,
        old: &str,
        follow: bool,
        new_from: u32,
        new: &str,
    ) -> Result<(), Errno> {
        if follow {
            return Err(Errno::Inval);
        }
        let old_from = self.wasi.descriptors.directory(old_from)?;
        let new_from = self.wasi.descriptors.directory(new_from)?;
        Ok(self.wasi.vfs.link(old_from, old, new_from, new)?)
    }

    /// The target of a symbolic link.
    pub fn read_link_at(&self, from: u32, path: &str) -> Result<String, Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.read_link(from, path)?.into())
    }

    /// Removes an empty folder.
    pub fn remove_directory_at(&mut self, from: u32, path: &str) -> Result<(), Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.remove_directory(from, path)?)
    }

    /// Renames a file, link or folder.
    pub fn rename_at(
        &mut self,
        old_from: u32,
        old: &str,
        new_from: u32,
        new: &str,
    ) -> Result<(), Errno> {
        let old_from = self.wasi.descriptors.directory(old_from)?;
        let new_from = self.wasi.descriptors.directory(new_from)?;
        Ok(self.wasi.vfs.rename(old_from, old, new_from, new)?)
    }

    /// Makes a symbolic link.
    pub fn symlink_at(&mut self, from: u32, target: &str, path: &str) -> Result<(), Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.symlink(target, from, path)?)
    }

    /// Removes a file or link.
    pub fn unlink_file_at(&mut self, from: u32, path: &str) -> Result<(), Errno> {
        let from = self.wasi.descriptors.directory(from)?;
        Ok(self.wasi.vfs.unlink(from, path)?)
    }

    /// Closes a file or folder. Its streams and listings stay.
    pub fn drop_descriptor(&mut self, descriptor: u32) -> Result<(), Misuse> {
        let removed = self.wasi.descriptors.remove(descriptor);
        self.wasi.close(removed.map_err(|_| Misuse::Unknown)?);
        Ok(())
    }

    /// Ends a listing.
    pub fn drop_listing(&mut self, listing: u32) -> Result<(), Misuse> {
        self.listings.remove(listing)?.close(&mut self.wasi.vfs);
        Ok(())
    }

    fn times(&self, accessed: NewTime, modified: NewTime) -> Times {
        let time = |time| match time {
            NewTime::Keep => None,
            NewTime::Now => Some(self.wall_time()),
            NewTime::At(time) => Some(time),
        };
        Times {
            accessed: time(accessed),
            modified: time(modified),
        }
    }

    fn directory_descriptor(&self, directory: OpenDirectory) -> Result<Descriptor, Errno> {
        let listing_end = self.wasi.vfs.listing_end(&directory)?;
        Ok(Descriptor::Directory(DirectoryDescriptor {
            directory,
            preopen: None,
            listing_end,
        }))
    }

    fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        self.wasi
            .descriptors
            .insert(descriptor)
            .map_err(|descriptor| {
                self.wasi.close(descriptor);
                Errno::Mfile
            })
    }
}
