//! Files in anonymous memory that pass between processes, and the seals that make that safe.
//!
//! A file is written with `write(2)` while it is [`Unsealed`], and never through a mapping: the
//! kernel refuses to seal a file that somebody has mapped writable. Once [`Sealed`] nobody can
//! change or resize it, whoever else holds its descriptor, so it may be mapped and lent out as a
//! slice. An [`Area`] is the opposite direction: the worker writes into it, at most as many
//! bytes as it was made for, and it is sealed against writing when that worker is gone.
#![allow(unsafe_code)]

mod pages;

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    slice,
    sync::Arc,
};

use rustix::{
    fs::{MemfdFlags, SealFlags},
    io::Errno,
    process::Resource,
};
use veracruz_vfs::Storage;

use self::pages::{LARGE, LargePages, Mapped};

/// What makes a file's bytes immutable for everyone.
const IMMUTABLE: SealFlags = SealFlags::WRITE
    .union(SealFlags::GROW)
    .union(SealFlags::SHRINK);

/// The least that is in a file where it gets a large page, in bytes.
const SMALL: u64 = 4096;

/// A file that is still being written, by this process alone.
#[derive(Debug)]
pub struct Unsealed {
    fd: OwnedFd,
    len: u64,
    pages: LargePages,
}

impl Unsealed {
    /// An empty file. `name` is a debugging aid and need not be unique.
    ///
    /// # Errors
    /// The kernel's, above all when descriptors or memory run out.
    pub fn create(name: &str) -> io::Result<Self> {
        Self::expecting(name, 0)
    }

    /// An empty file that shall have so many bytes, which may be wrong: where it is long, it gets
    /// larger pages, with which a program reads it faster for the first time.
    ///
    /// # Errors
    /// As [`Unsealed::create`].
    pub fn expecting(name: &str, bytes: u64) -> io::Result<Self> {
        Ok(Self {
            fd: create(name)?,
            len: 0,
            pages: LargePages::new(bytes),
        })
    }

    /// Adds `bytes` at the end. After an error the length is as it was.
    ///
    /// # Errors
    /// The kernel's, above all when memory runs out.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut end = self.len;
        let mut rest = bytes;
        while !rest.is_empty() {
            let begins = self.pages.begins_at(end);
            // A large page can be made only around something: so a few bytes come first.
            let room = match begins {
                true => SMALL,
                false => LARGE.saturating_sub(end % LARGE),
            };
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let (piece, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            write_all_at(self.fd.as_fd(), piece, end)?;
            if begins {
                self.pages.make(self.fd.as_fd(), end);
            }
            end = end.saturating_add(piece.len() as u64);
            rest = after;
        }
        self.len = end;
        Ok(())
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes the file immutable, for every holder of a descriptor and for ever.
    ///
    /// # Errors
    /// The kernel's; `EBUSY` when the file is mapped writable somewhere.
    pub fn seal(self) -> io::Result<Sealed> {
        // A failed `append` may have left bytes beyond the length, and large pages do.
        rustix::fs::ftruncate(&self.fd, self.len)?;
        rustix::fs::fcntl_add_seals(&self.fd, IMMUTABLE | SealFlags::SEAL)?;
        Ok(Sealed {
            fd: Arc::new(self.fd),
            len: self.len,
        })
    }
}

/// An immutable file. Clones share it.
#[derive(Debug, Clone)]
pub struct Sealed {
    fd: Arc<OwnedFd>,
    len: u64,
}

impl Sealed {
    /// A sealed file with these bytes.
    ///
    /// # Errors
    /// The kernel's, above all when descriptors or memory run out.
    pub fn copy_of(name: &str, bytes: &[u8]) -> io::Result<Self> {
        let mut file = Unsealed::create(name)?;
        file.append(bytes)?;
        file.seal()
    }

    /// Takes over a descriptor that came from elsewhere, if it is what it should be: a file in
    /// memory of at least `len` bytes that nobody can write to or resize any more. Only the first
    /// `len` bytes count.
    ///
    /// # Errors
    /// `InvalidData` for another kind of descriptor, a missing seal or a shorter file.
    pub fn adopt(fd: OwnedFd, len: u64) -> io::Result<Self> {
        let refuse = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        // Only files in memory have seals at all.
        match rustix::fs::fcntl_get_seals(&fd) {
            Ok(seals) if seals.contains(IMMUTABLE) => {}
            Ok(_) => return refuse("a file in memory is not sealed"),
            Err(_) => return refuse("a descriptor is not a file in memory"),
        }
        if u64::try_from(rustix::fs::fstat(&fd)?.st_size).unwrap_or(0) < len {
            return refuse("a file in memory is shorter than announced");
        }
        Ok(Self {
            fd: Arc::new(fd),
            len,
        })
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads from `offset` into `buffer`; fewer bytes than asked for only at the end.
    ///
    /// # Errors
    /// The kernel's.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match rustix::io::pread(&self.fd, rest, offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(read) => done = done.saturating_add(read),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    /// All of its bytes, copied: for short files.
    ///
    /// # Errors
    /// The kernel's.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.len).map_err(|_| Errno::OVERFLOW)?];
        let read = self.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Maps it, readable only.
    ///
    /// # Errors
    /// The kernel's, above all when address space runs out.
    pub fn map(&self) -> io::Result<Mapping> {
        let len = usize::try_from(self.len).map_err(|_| Errno::OVERFLOW)?;
        let mapped = match len {
            0 => None,
            _ => Some(Mapped::new(self.fd.as_fd(), 0, len)?),
        };
        Ok(Mapping { mapped, len })
    }
}

impl AsFd for Sealed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A sealed file as a slice of memory, unmapped when dropped.
#[derive(Debug)]
pub struct Mapping {
    /// Nothing for an empty file.
    mapped: Option<Mapped>,
    len: usize,
}

// SAFETY: the bytes are immutable, and the mapping belongs to nobody but this value.
unsafe impl Send for Mapping {}
// SAFETY: as above; shared reading of immutable bytes.
unsafe impl Sync for Mapping {}

impl Storage for Mapping {
    fn as_slice(&self) -> &[u8] {
        let Some(mapped) = &self.mapped else {
            return &[];
        };
        // SAFETY: `start` is valid for `len` bytes until `mapped` is dropped, and the seals, checked
        // or set where the `Sealed` was made, keep anybody from writing or shrinking.
        unsafe { slice::from_raw_parts(mapped.start.as_ptr(), self.len) }
    }
}

/// A file of fixed size that another process fills.
#[derive(Debug)]
pub struct Area {
    fd: OwnedFd,
    max_bytes: u64,
}

impl Area {
    /// A file of `max_bytes` zeros that cannot be resized by anybody. Memory is used only as
    /// far as it gets written.
    ///
    /// # Errors
    /// The kernel's; `EFBIG` where this process may not have files of that size.
    pub fn create(name: &str, max_bytes: u64) -> io::Result<Self> {
        // Beyond this process's own limit the kernel would send a signal that kills it.
        let greatest = rustix::process::getrlimit(Resource::Fsize).current;
        if greatest.is_some_and(|greatest| max_bytes > greatest) {
            return Err(Errno::FBIG.into());
        }
        let fd = create(name)?;
        rustix::fs::ftruncate(&fd, max_bytes)?;
        // Not `SEAL`: the seal against writing is added when the writer is gone.
        rustix::fs::fcntl_add_seals(&fd, SealFlags::GROW | SealFlags::SHRINK)?;
        Ok(Self { fd, max_bytes })
    }

    /// How many bytes fit.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Makes it immutable. From here on it does not matter who kept a descriptor of it.
    ///
    /// # Errors
    /// `EBUSY` when somebody still has it mapped writable, `EPERM` when somebody sealed the seals
    /// before, `EFBIG` when `len` is more than fits: each is the writer's fault.
    pub fn seal(self, len: u64) -> io::Result<Sealed> {
        if len > self.max_bytes {
            return Err(Errno::FBIG.into());
        }
        rustix::fs::fcntl_add_seals(&self.fd, IMMUTABLE | SealFlags::SEAL)?;
        Sealed::adopt(self.fd, len)
    }
}

impl AsFd for Area {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Writes all of `bytes` at `offset`.
pub(crate) fn write_all_at(fd: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pwrite(fd, rest, offset.saturating_add(done as u64)) {
            Ok(0) => return Err(Errno::IO.into()),
            Ok(written) => done = done.saturating_add(written),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn create(name: &str) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 do not know the flag.
        Err(Errno::INVAL) => Ok(rustix::fs::memfd_create(name, flags)?),
        made => Ok(made?),
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use rustix::mm::{MapFlags, ProtFlags};

    use super::*;

    #[test]
    fn a_sealed_file_reads_as_it_was_written() {
        let mut file = Unsealed::create("test").unwrap();
        assert!(file.is_empty());
        file.append(b"hello ").unwrap();
        file.append(b"world").unwrap();
        let sealed = file.seal().unwrap();
        assert_eq!(sealed.map().unwrap().as_slice(), b"hello world");
        let mut buffer = [0; 20];
        assert_eq!(sealed.read_at(&mut buffer, 6).unwrap(), 5);
        assert_eq!(&buffer[..5], b"world");
        assert_eq!(sealed.read_at(&mut buffer, 99).unwrap(), 0);
    }

    #[test]
    fn a_file_that_was_expected_to_be_long_has_the_bytes_that_were_written() {
        let long = usize::try_from(3 * LARGE).unwrap();
        let bytes: Vec<u8> = (0..=250).cycle().take(long).collect();
        // As expected, less, more; and in pieces that end nowhere in particular.
        for (expected, len) in [
            (long, long),
            (long, long - 5_000),
            (long - 5_000, long),
            (0, long),
            (usize::MAX, 100),
        ] {
            let mut file = Unsealed::expecting("test", expected as u64).unwrap();
            let bytes = bytes.get(..len).unwrap();
            for piece in bytes.chunks(777_777) {
                file.append(piece).unwrap();
            }
            let sealed = file.seal().unwrap();
            assert_eq!(sealed.len(), len as u64);
            let stat = rustix::fs::fstat(&sealed).unwrap();
            assert_eq!(stat.st_size, i64::try_from(len).unwrap());
            assert!(sealed.map().unwrap().as_slice() == bytes);
        }
    }

    #[test]
    fn a_long_file_is_mapped_where_large_pages_begin() {
        let long = usize::try_from(LARGE).unwrap();
        for len in [long - 1, long, long + 1, 5 * long] {
            let sealed = Sealed::copy_of("test", &vec![7; len]).unwrap();
            let mapping = sealed.map().unwrap();
            let start = mapping.as_slice().as_ptr();
            assert!(len < long || start.align_offset(long) == 0);
            assert!(mapping.as_slice().iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn an_empty_file_maps_to_an_empty_slice() {
        let sealed = Sealed::copy_of("test", b"").unwrap();
        assert!(sealed.map().unwrap().as_slice().is_empty());
    }

    #[test]
    fn a_sealed_file_can_neither_be_written_nor_resized() {
        let sealed = Sealed::copy_of("test", b"content").unwrap();
        assert!(rustix::io::pwrite(&sealed, b"X", 0).is_err());
        assert!(rustix::fs::ftruncate(&sealed, 0).is_err());
        assert!(rustix::fs::ftruncate(&sealed, 100).is_err());
    }

    #[test]
    fn an_area_takes_no_more_than_it_was_made_for() {
        let area = Area::create("test", 4).unwrap();
        assert!(write_all_at(area.as_fd(), b"12345", 0).is_err());
        assert!(rustix::fs::ftruncate(&area, 100).is_err());
        assert!(area.seal(5).is_err());
    }

    #[test]
    fn an_area_is_immutable_for_those_who_kept_a_descriptor() {
        let area = Area::create("test", 4).unwrap();
        write_all_at(area.as_fd(), b"1234", 0).unwrap();
        let kept = area.as_fd().try_clone_to_owned().unwrap();
        let sealed = area.seal(3).unwrap();
        assert!(rustix::io::pwrite(&kept, b"X", 0).is_err());
        assert_eq!(sealed.map().unwrap().as_slice(), b"123");
    }

    #[test]
    fn an_area_that_somebody_has_mapped_writable_is_refused() {
        let area = Area::create("test", 4096).unwrap();
        // SAFETY: a new mapping, which nothing refers to and which is never touched.
        let start = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                4096,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &area,
                0,
            )
        }
        .unwrap();
        assert!(area.seal(1).is_err());
        // SAFETY: the mapping made above, to which nothing refers.
        unsafe { rustix::mm::munmap(start, 4096) }.unwrap();
    }

    #[test]
    fn adopts_only_files_that_are_sealed_and_long_enough() {
        let open = Unsealed::create("test").unwrap();
        assert!(Sealed::adopt(open.fd, 0).is_err());
        let (reader, _writer) = rustix::pipe::pipe().unwrap();
        assert!(Sealed::adopt(reader, 0).is_err());
        let sealed = Sealed::copy_of("test", b"abc").unwrap();
        let again = || sealed.as_fd().try_clone_to_owned().unwrap();
        assert!(Sealed::adopt(again(), 4).is_err());
        assert_eq!(Sealed::adopt(again(), 2).unwrap().len(), 2);
    }
}
