//! Large pages behind files in memory, and mappings that make use of them.
//!
//! A program that reads an input for the first time waits for the kernel more than for memory:
//! each page of 4 KiB is entered into the worker's page table, and taken out of it again when the
//! worker ends. With pages of 2 MiB neither costs anything to speak of, and to write the file is
//! cheaper as well. Most kernels give them to files in memory only where somebody asks: here, for
//! each 2 MiB of a file that will have so much.

use std::{
    ffi::c_void,
    io,
    os::fd::BorrowedFd,
    ptr::{self, NonNull},
};

use rustix::{
    io::Errno,
    mm::{MapFlags, ProtFlags},
    time::{ClockId, Timespec},
};

/// The length of a large page, and what it is aligned to, in bytes.
pub(super) const LARGE: u64 = 2 << 20;

/// A file's large pages, while it is written from its beginning to its end.
#[derive(Debug)]
pub(super) struct LargePages {
    /// How long the file will be, as somebody said.
    expected: u64,
    /// How often it took the kernel long.
    slow: u32,
}

/// Processor time for one large page from which on it is not worth it, in nanoseconds. It takes a
/// tenth of this where memory is free in large pieces, and several times this where the kernel has
/// to move others' pages out of the way first.
const SLOW_NS: i64 = 2_000_000;

/// How often that may happen before the rest of a file gets small pages.
const PATIENCE: u32 = 2;

impl LargePages {
    pub(super) fn new(expected: u64) -> Self {
        Self { expected, slow: 0 }
    }

    /// Whether the file will fill a large page from here on.
    pub(super) fn begins_at(&self, offset: u64) -> bool {
        let ends_within = || {
            offset
                .checked_add(LARGE)
                .is_some_and(|end| end <= self.expected)
        };
        offset.is_multiple_of(LARGE) && self.slow < PATIENCE && ends_within()
    }

    /// Has the kernel put a large page where the file has a few bytes from `offset` on. The file
    /// reaches to its end then. Where it does not work, small pages do.
    pub(super) fn make(&mut self, fd: BorrowedFd<'_>, offset: u64) {
        let begun = processor_time();
        if collapse(fd, offset).is_err() {
            self.slow = PATIENCE;
        }
        if processor_time().saturating_sub(begun) > SLOW_NS {
            self.slow = self.slow.saturating_add(1);
        }
    }
}

/// Linux 6.1, `include/uapi/asm-generic/mman-common.h`; one of the C libraries does not have it.
const MADV_COLLAPSE: libc::c_int = 25;

/// Makes one large page of the small ones from `offset` on.
fn collapse(fd: BorrowedFd<'_>, offset: u64) -> io::Result<()> {
    rustix::fs::ftruncate(fd, offset.saturating_add(LARGE))?;
    let length = usize::try_from(LARGE).map_err(|_| Errno::OVERFLOW)?;
    let mapped = Mapped::new(fd, offset, length)?;
    // SAFETY: the mapping belongs to `mapped`, and nothing refers into it. The advice changes
    // which pages hold the bytes, and no byte.
    let advised = unsafe { libc::madvise(mapped.start.as_ptr().cast(), length, MADV_COLLAPSE) };
    match advised {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Of this thread, in nanoseconds.
fn processor_time() -> i64 {
    let Timespec { tv_sec, tv_nsec } = rustix::time::clock_gettime(ClockId::ThreadCPUTime);
    tv_sec.saturating_mul(1_000_000_000).saturating_add(tv_nsec)
}

/// Part of a file as memory, readable only, and private: nobody writes through it. It begins where
/// large pages can be used, if it is as long as one.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) start: NonNull<u8>,
    /// The mapping with the address space around it that was taken to align it.
    whole: NonNull<c_void>,
    whole_length: usize,
}

impl Mapped {
    pub(super) fn new(fd: BorrowedFd<'_>, offset: u64, length: usize) -> io::Result<Self> {
        let large = usize::try_from(LARGE).map_err(|_| Errno::OVERFLOW)?;
        if length < large {
            // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
            let start = unsafe {
                rustix::mm::mmap(
                    ptr::null_mut(),
                    length,
                    ProtFlags::READ,
                    MapFlags::PRIVATE,
                    fd,
                    offset,
                )
            }?;
            let whole = NonNull::new(start).ok_or(Errno::NOMEM)?;
            return Ok(Self {
                start: whole.cast(),
                whole,
                whole_length: length,
            });
        }
        let whole_length = length.checked_add(large).ok_or(Errno::OVERFLOW)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: as above; nobody may touch it.
        let whole = unsafe {
            rustix::mm::mmap_anonymous(ptr::null_mut(), whole_length, ProtFlags::empty(), flags)
        }?;
        // From here on it is given back, whatever happens.
        let mut mapped = Self {
            start: NonNull::dangling(),
            whole: NonNull::new(whole).ok_or(Errno::NOMEM)?,
            whole_length,
        };
        let place = whole.wrapping_byte_add(whole.align_offset(large));
        // SAFETY: the place and `length` bytes from it lie within the address space that was just
        // taken, which is longer by all that alignment can need, and to which nothing refers.
        let start = unsafe {
            rustix::mm::mmap(
                place,
                length,
                ProtFlags::READ,
                MapFlags::PRIVATE | MapFlags::FIXED,
                fd,
                offset,
            )
        }?;
        mapped.start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(mapped)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: made by `new` with this length, and its owner lends nothing beyond its own life.
        // A failure would leave it in place, which harms nothing.
        let _ = unsafe { rustix::mm::munmap(self.whole.as_ptr(), self.whole_length) };
    }
}
