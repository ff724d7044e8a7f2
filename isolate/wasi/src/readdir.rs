//! Listing of folders: `fd_readdir`.

use veracruz_vfs::{Kind, Listed};

use crate::abi::{self, Filetype, flags};
use crate::descriptor::{Descriptor, DirectoryDescriptor};
use crate::{Errno, GuestMemory, Wasi};

/// Cookies below this stand for `.` and `..`, those above for the entries.
const DOTS: u64 = 2;

impl Wasi {
    /// Writes entries from a cookie on, until the buffer is full: the last one may be cut off,
    /// and then the size is that of the buffer.
    ///
    /// A call costs what it writes, wherever it goes on; entries made after the listing began (at
    /// cookie 0) are not in it.
    ///
    /// # Errors
    /// [`Errno::Notdir`] for what is no folder; [`Errno::Notcapable`] where the right was given up;
    /// [`Errno::Badf`]; [`Errno::Fault`].
    pub fn fd_readdir<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        size: u32,
    ) -> Result<(), Errno> {
        self.descriptors.directory_for(fd, flags::FD_READDIR)?;
        let Descriptor::Directory(open) = self.descriptors.get_mut(fd)? else {
            return Err(Errno::Notdir);
        };
        if cookie == 0 {
            open.listing_end = self.vfs.listing_end(&open.directory)?;
        }
        let mut output = Output {
            left: memory.bytes_mut(buf, buf_len)?,
        };
        let DirectoryDescriptor {
            directory,
            listing_end,
            ..
        } = open;
        let (this, above) = self.vfs.dot_numbers(directory)?;
        let dots = [
            Listed {
                name: ".",
                inode: this,
                kind: Kind::Directory,
                next: 1,
            },
            Listed {
                name: "..",
                inode: above,
                kind: Kind::Directory,
                next: DOTS,
            },
        ];
        let dots = dots.into_iter().filter(|entry| entry.next > cookie);
        let from = cookie.saturating_sub(DOTS);
        let entries = self
            .vfs
            .list(directory, from, *listing_end)?
            .map(|entry| Listed {
                next: entry.next.saturating_add(DOTS),
                ..entry
            });
        for entry in dots.chain(entries) {
            if !output.put(&entry)? {
                break;
            }
        }
        let left = u32::try_from(output.left.len()).map_err(|_| Errno::Overflow)?;
        memory.put_u32(size, buf_len.saturating_sub(left))
    }
}

/// The buffer of a program, as far as it is not filled yet.
struct Output<'a> {
    left: &'a mut [u8],
}

impl Output<'_> {
    /// Writes as much of an entry as there is room for; false where that was not all.
    fn put(&mut self, entry: &Listed<'_>) -> Result<bool, Errno> {
        let len = u32::try_from(entry.name.len()).map_err(|_| Errno::Overflow)?;
        let header = abi::dirent(entry.next, entry.inode, len, Filetype::from(entry.kind));
        Ok(self.append(&header) && self.append(entry.name.as_bytes()))
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len().min(self.left.len());
        let (target, left) = core::mem::take(&mut self.left).split_at_mut(fits);
        if let Some(source) = bytes.get(..fits) {
            target.copy_from_slice(source);
        }
        self.left = left;
        fits == bytes.len()
    }
}
