//! A secret in memory that nobody else can look into, where the kernel has such memory.
//!
//! `memfd_secret(2)` gives pages that the kernel takes out of its own map of memory: no other process
//! can read them, not even the superuser's (`/proc/PID/mem`, `ptrace`, `process_vm_readv`), nor do
//! they get into core files or to a disk. Whoever can load code into the kernel reads them still.
//! Where there are none, the secret is on the heap, and is overwritten when it is dropped.
#![allow(unsafe_code, reason = "maps memory of a kind that no library has")]

use crate::fault::Fault;
use crate::randomness;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::NonNull;
use veracruz_computation::SecretBytes;
use zeroize::{Zeroize, Zeroizing};

const LENGTH: usize = 32;

/// 32 secret bytes, made here.
pub(crate) struct Secret(Place);

enum Place {
    Hidden(Hidden),
    Heap(Zeroizing<[u8; LENGTH]>),
}

impl Secret {
    /// Fresh ones, which were never anywhere else.
    pub(crate) fn generate() -> Result<Box<Self>, Fault> {
        let place = match Hidden::new() {
            Some(hidden) => Place::Hidden(hidden),
            None => Place::Heap(Zeroizing::default()),
        };
        // Filled where it stays: moving it would leave a copy.
        let mut secret = Box::new(Self(place));
        match &mut secret.0 {
            Place::Hidden(hidden) => randomness::fill(hidden.bytes_mut())?,
            Place::Heap(bytes) => randomness::fill(bytes.as_mut_slice())?,
        }
        Ok(secret)
    }
}

impl SecretBytes for Secret {
    fn bytes(&self) -> &[u8; LENGTH] {
        match &self.0 {
            Place::Hidden(hidden) => hidden.bytes(),
            Place::Heap(bytes) => bytes,
        }
    }
}

/// A mapping of such memory, which begins with the bytes.
struct Hidden(NonNull<[u8; LENGTH]>);

// SAFETY: the mapping belongs to this value alone, and is plain memory for every thread.
unsafe impl Send for Hidden {}
// SAFETY: as before; through a shared reference it is only read.
unsafe impl Sync for Hidden {}

impl Hidden {
    /// `None` where the kernel has no such memory, or gives this process none.
    fn new() -> Option<Self> {
        // SAFETY: the call takes flags alone.
        let fd = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the kernel made this descriptor just now, and nothing else owns it.
        let file = unsafe { OwnedFd::from_raw_fd(fd) };
        rustix::fs::ftruncate(&file, u64::try_from(LENGTH).ok()?).ok()?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at a place that the kernel chooses; the file has that length, and
        // nobody can shorten it: its only descriptor is closed here.
        let place = unsafe {
            mmap(
                std::ptr::null_mut(),
                LENGTH,
                protection,
                MapFlags::SHARED,
                &file,
                0,
            )
        };
        NonNull::new(place.ok()?.cast()).map(Self)
    }

    fn bytes(&self) -> &[u8; LENGTH] {
        // SAFETY: it points to a mapping of that length, begun with zeroes, which lives as long as
        // this value, and which nobody writes to but through `bytes_mut`.
        unsafe { self.0.as_ref() }
    }

    fn bytes_mut(&mut self) -> &mut [u8; LENGTH] {
        // SAFETY: as in `bytes`, and this value is borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        let place = self.0.as_ptr().cast::<c_void>();
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        let _ = unsafe { munmap(place, LENGTH) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_are_two() {
        let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one.bytes(), two.bytes());
        assert_ne!(one.bytes(), &[0; LENGTH]);
    }

    #[test]
    fn a_hidden_secret_is_read_by_nobody_else() {
        let secret = Secret::generate().unwrap();
        let Place::Hidden(_) = &secret.0 else {
            println!("skipped: this kernel has no memfd_secret");
            return;
        };
        // As a debugger reads another process: through the kernel.
        let mut seen = [0_u8; LENGTH];
        let local = libc::iovec {
            iov_base: seen.as_mut_ptr().cast(),
            iov_len: LENGTH,
        };
        let remote = libc::iovec {
            iov_base: secret.bytes().as_ptr().cast_mut().cast(),
            iov_len: LENGTH,
        };
        let pid = i32::try_from(std::process::id()).unwrap();
        // SAFETY: both vectors describe memory of that length, and the first is writable.
        let read =
            unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
        let error = std::io::Error::last_os_error();
        assert_eq!((read, error.raw_os_error()), (-1, Some(libc::EFAULT)));
        assert_eq!(seen, [0; LENGTH]);
    }
}
