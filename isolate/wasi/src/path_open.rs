//! Opening by path: `path_open`.

use veracruz_vfs::{OpenOptions, Opened};

use crate::abi::flags;
use crate::context::path_text;
use crate::descriptor::{Descriptor, DirectoryDescriptor, FileDescriptor, GivenUp};
use crate::fd_status::known_fdflags;
use crate::path::follows;
use crate::{Errno, GuestMemory, Wasi};

/// All bits of `oflags`.
const OFLAGS: u32 = flags::CREAT | flags::DIRECTORY | flags::EXCL | flags::TRUNC;

impl Wasi {
    /// Opens a file or folder and writes its descriptor, the lowest free number.
    ///
    /// Of the rights asked for, `fd_read` and `fd_write` say how the file is opened; all others it
    /// has anyway, but for those that the folder's inheriting rights have given up. What a program
    /// may do is in the rules of the files.
    ///
    /// # Errors
    /// Those of the walk and of the rules; [`Errno::Mfile`] at the limit of open files;
    /// [`Errno::Notcapable`] for a right that was given up; [`Errno::Inval`] for flags that are
    /// none; [`Errno::Fault`], before anything is opened or made.
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn path_open<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        base: u64,
        inheriting: u64,
        fdflags: u32,
        opened: u32,
    ) -> Result<(), Errno> {
        let fdflags = known_fdflags(fdflags)?;
        if oflags & !OFLAGS != 0 {
            return Err(Errno::Inval);
        }
        memory.bytes(opened, 4)?;
        self.descriptors.free()?;
        let options = OpenOptions {
            follow: follows(lookup)?,
            create: oflags & flags::CREAT != 0,
            exclusive: oflags & flags::EXCL != 0,
            truncate: oflags & flags::TRUNC != 0,
            directory: oflags & flags::DIRECTORY != 0,
            read: base & flags::FD_READ != 0,
            write: base & flags::FD_WRITE != 0,
        };
        let from = self.descriptors.directory_for(fd, flags::PATH_OPEN)?;
        if options.create {
            self.descriptors.check(fd, flags::PATH_CREATE_FILE)?;
        }
        let withheld = self.descriptors.given_up(fd)?.inheriting;
        if (base | inheriting) & withheld != 0 {
            return Err(Errno::Notcapable);
        }
        let descriptor = match self
            .vfs
            .open(from, path_text(memory, path, path_len)?, options)?
        {
            Opened::File(file) => Descriptor::File(FileDescriptor {
                file,
                position: 0,
                flags: fdflags,
            }),
            Opened::Directory(directory) => {
                let listing_end = self.vfs.listing_end(&directory)?;
                Descriptor::Directory(DirectoryDescriptor {
                    directory,
                    preopen: None,
                    listing_end,
                })
            }
        };
        let given_up = GivenUp {
            base: withheld,
            inheriting: withheld,
        };
        match self.descriptors.insert_without(descriptor, given_up) {
            Ok(number) => memory.put_u32(opened, number),
            Err(descriptor) => {
                self.close(descriptor);
                Err(Errno::Mfile)
            }
        }
    }
}
