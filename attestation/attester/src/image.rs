//! Images of runtimes: measured once, executed from the very bytes that were measured.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{FileType, MemfdFlags, Mode, SealFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256 as Hasher};
use veracruz_policy::Sha256;

use crate::wire::Refusal;

/// The largest image.
pub(crate) const MAX_BYTES: u64 = 256 << 20;
/// Images kept; the one that was not used for longest makes room.
const MAX_KEPT: usize = 8;
const CHUNK: usize = 1 << 20;

/// An image in sealed memory and the digest of it: nobody can change either any more.
#[derive(Debug)]
pub(crate) struct Image {
    memory: OwnedFd,
    digest: Sha256,
}

impl Image {
    /// Copies the regular file `source` and measures the copy, so that it does not matter what
    /// happens to the file meanwhile.
    pub(crate) fn copy(source: OwnedFd) -> Result<Self, Refusal> {
        let begins_well = |begin: &[u8]| match begin.starts_with(b"\x7fELF") {
            true => Ok(()),
            false => Err(Refusal::ImageIsNoProgram),
        };
        let (memory, digest) = copy_and_measure(source, executable_memory()?, begins_well)?;
        // Executable but not readable: the kernel makes every process that executes the image not
        // dumpable from its first instruction on.
        seal(&memory, Mode::XUSR | Mode::XGRP | Mode::XOTH)?;
        Ok(Self { memory, digest })
    }
}

impl Digested for Image {
    fn digest(&self) -> Sha256 {
        self.digest
    }
}

impl AsFd for Image {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }
}

/// Copies a regular file into `memory`, and measures the copy. Its first bytes must please.
pub(crate) fn copy_and_measure(
    source: OwnedFd,
    memory: OwnedFd,
    begins_well: impl Fn(&[u8]) -> Result<(), Refusal>,
) -> Result<(OwnedFd, Sha256), Refusal> {
    let unreadable = |error: Errno| Refusal::ImageUnreadable {
        errno: error.raw_os_error(),
    };
    let stat = rustix::fs::fstat(&source).map_err(unreadable)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Refusal::ImageIsNoFile);
    }
    let length = u64::try_from(stat.st_size).unwrap_or(0);
    if length > MAX_BYTES {
        return Err(Refusal::ImageTooLarge {
            found: length,
            most: MAX_BYTES,
        });
    }
    let source = File::from(source);
    let io = |error: std::io::Error| Refusal::ImageUnreadable {
        errno: error.raw_os_error().unwrap_or_default(),
    };
    let mut memory = File::from(memory);
    let mut hasher = Hasher::new();
    let mut chunk = vec![0; CHUNK];
    let mut offset = 0;
    while offset < length {
        let wanted = usize::try_from(length - offset).unwrap_or(CHUNK).min(CHUNK);
        let part = chunk.get_mut(..wanted).unwrap_or_default();
        let read = source.read_at(part, offset).map_err(io)?;
        let part = part.get(..read).unwrap_or_default();
        if offset == 0 {
            begins_well(part)?;
        }
        if read == 0 {
            break;
        }
        hasher.update(part);
        memory.write_all(part).map_err(io)?;
        offset = offset.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    if offset == 0 {
        begins_well(&[])?;
    }
    Ok((memory.into(), Sha256::from_bytes(hasher.finalize().into())))
}

/// Kernels from 6.3 on want to be told that a memory file will be executed, older ones do not know
/// the flag.
fn executable_memory() -> Result<OwnedFd, Refusal> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = rustix::fs::memfd_create("veracruz-runtime", flags | MemfdFlags::EXEC);
    let made = made.or_else(|error| match error {
        Errno::INVAL => rustix::fs::memfd_create("veracruz-runtime", flags),
        other => Err(other),
    });
    made.map_err(Refusal::internal)
}

/// Memory for what is never executed here.
pub(crate) fn data_memory(name: &CStr) -> Result<OwnedFd, Refusal> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    rustix::fs::memfd_create(name, flags).map_err(Refusal::internal)
}

/// Makes the bytes final, for whoever has these rights to them.
pub(crate) fn seal(memory: &OwnedFd, mode: Mode) -> Result<(), Refusal> {
    rustix::fs::fchmod(memory, mode).map_err(Refusal::internal)?;
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(memory, seals).map_err(Refusal::internal)
}

/// What has one digest of all that it is.
pub(crate) trait Digested {
    /// The digest.
    fn digest(&self) -> Sha256;
}

/// The images of one sort that were registered last.
#[derive(Debug)]
pub(crate) struct Images<T> {
    /// The one used last is the last.
    kept: VecDeque<T>,
}

impl<T> Default for Images<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
        }
    }
}

impl<T: Digested> Images<T> {
    /// Keeps an image; one with the same digest is the same image.
    pub(crate) fn keep(&mut self, image: T) {
        if self.find(&image.digest()).is_some() {
            return;
        }
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(image);
    }

    /// Finds an image, and notes that it was used.
    pub(crate) fn find(&mut self, digest: &Sha256) -> Option<&T> {
        let place = self
            .kept
            .iter()
            .position(|image| image.digest() == *digest)?;
        let image = self.kept.remove(place)?;
        self.kept.push_back(image);
        self.kept.back()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn measures_the_copy_and_seals_it() {
        let content = b"\x7fELFabc";
        let image = Image::copy(file(content).into()).unwrap();
        assert_eq!(image.digest(), Sha256::of(content));
        let mut copy = File::from(image.memory.try_clone().unwrap());
        assert!(copy.write_all(b"x").is_err());
        assert!(copy.set_len(1).is_err());
        assert!(copy.set_len(100).is_err());
        std::io::Seek::rewind(&mut copy).unwrap();
        let mut found = Vec::new();
        copy.read_to_end(&mut found).unwrap();
        assert_eq!(found, content);
    }

    #[test]
    fn refuses_what_is_no_program_or_no_file() {
        assert_eq!(
            Image::copy(file(b"#!/bin/sh").into()).unwrap_err(),
            Refusal::ImageIsNoProgram
        );
        assert_eq!(
            Image::copy(file(b"").into()).unwrap_err(),
            Refusal::ImageIsNoProgram
        );
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(
            Image::copy(reader.into()).unwrap_err(),
            Refusal::ImageIsNoFile
        );
        let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(
            Image::copy(socket.into()).unwrap_err(),
            Refusal::ImageIsNoFile
        );
    }

    #[test]
    fn refuses_an_image_that_is_too_large_before_reading_it() {
        let sparse = tempfile::tempfile().unwrap();
        sparse.set_len(MAX_BYTES + 1).unwrap();
        let refused = Image::copy(sparse.into()).unwrap_err();
        assert_eq!(
            refused,
            Refusal::ImageTooLarge {
                found: MAX_BYTES + 1,
                most: MAX_BYTES
            }
        );
    }

    #[test]
    fn forgets_the_image_that_was_not_used_for_longest() {
        let mut images = Images::default();
        let digests: Vec<_> = (0..=MAX_KEPT)
            .map(|number| {
                let image = Image::copy(file(format!("\x7fELF{number}").as_bytes()).into());
                let image = image.unwrap();
                let digest = image.digest();
                images.keep(image);
                digest
            })
            .collect();
        assert!(images.find(&digests[0]).is_none());
        assert!(images.find(&digests[1]).is_some());
    }
}
