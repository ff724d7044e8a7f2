//! What the state machine keeps under a [`StorageId`]: contents, and what was compiled from them.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use veracruz_computation::StorageId;
use veracruz_engine::Program;
use veracruz_engine::memfd::{Sealed, Unsealed};

/// Every file of the computation. Contents lie in files in memory that workers can map.
#[derive(Default)]
pub(crate) struct Storage {
    entries: HashMap<StorageId, Entry>,
}

enum Entry {
    /// An upload that is not committed yet.
    Growing(Upload),
    /// Committed: nobody can change it any more.
    Sealed {
        file: Sealed,
        program: Option<Arc<Program>>,
    },
}

impl Storage {
    /// The contents of an upload that goes on at `offset` (a new one at 0) and will have `length`
    /// bytes in all.
    ///
    /// # Errors
    /// There is no room for it, or what is there does not end at `offset`.
    pub(crate) fn upload(&mut self, id: StorageId, offset: u64, length: u64) -> io::Result<Upload> {
        // Writing beyond this process's own limit would end it by a signal.
        let greatest = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if greatest.is_some_and(|greatest| length > greatest) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let upload = match self.entries.get(&id) {
            Some(Entry::Growing(upload)) => upload.clone(),
            Some(Entry::Sealed { .. }) => return Err(io::ErrorKind::InvalidInput.into()),
            None => {
                let upload = Upload::create(length)?;
                self.entries.insert(id, Entry::Growing(upload.clone()));
                upload
            }
        };
        // A connection that could not write its piece has not told yet that it failed.
        if upload.hold().len() != Some(offset) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(upload)
    }

    /// Keeps contents that nobody can change: a committed upload, an output.
    pub(crate) fn keep(&mut self, id: StorageId, file: Sealed) {
        self.entries.insert(
            id,
            Entry::Sealed {
                file,
                program: None,
            },
        );
    }

    /// A committed file.
    pub(crate) fn file(&self, id: StorageId) -> Option<Sealed> {
        match self.entries.get(&id)? {
            Entry::Sealed { file, .. } => Some(file.clone()),
            Entry::Growing(_) => None,
        }
    }

    /// Keeps what was compiled from a file. Gives it back where that was erased meanwhile.
    pub(crate) fn compiled(&mut self, id: StorageId, compiled: Program) -> Option<Program> {
        match self.entries.get_mut(&id) {
            Some(Entry::Sealed { program, .. }) => {
                *program = Some(Arc::new(compiled));
                None
            }
            _ => Some(compiled),
        }
    }

    /// What was compiled from a file.
    pub(crate) fn program(&self, id: StorageId) -> Option<Arc<Program>> {
        match self.entries.get(&id)? {
            Entry::Sealed { program, .. } => program.clone(),
            Entry::Growing(_) => None,
        }
    }

    /// Forgets a file and what was compiled from it. To drop what is given back ends the
    /// program's process and returns the memory to the kernel, which overwrites each page before
    /// it gives it to anybody. That can take a while, so it is done without holding the state.
    ///
    /// An upload is gone at once, whoever is still sending it. A committed file stays for those
    /// who read it at this moment: a run, or a receiver that has begun to fetch it.
    pub(crate) fn erase(&mut self, id: StorageId) -> Erased {
        let entry = self.entries.remove(&id);
        let growing = match &entry {
            Some(Entry::Growing(upload)) => upload.hold().0.take(),
            _ => None,
        };
        Erased {
            _entry: entry,
            _growing: growing,
        }
    }
}

/// What was erased, to be dropped where that may take its time.
#[must_use = "drop it where the state is not locked"]
pub(crate) struct Erased {
    _entry: Option<Entry>,
    _growing: Option<Growing>,
}

/// The contents of an upload, shared by the storage and the connection that sends it. Writing and
/// hashing wait for nobody but an earlier connection's last piece.
///
/// Locks are taken in one order: the state first, then an upload. Whoever holds an upload never
/// asks for the state.
#[derive(Clone)]
pub(crate) struct Upload(Arc<Mutex<Option<Growing>>>);

struct Growing {
    file: Unsealed,
    hash: Sha256,
}

impl Upload {
    fn create(length: u64) -> io::Result<Self> {
        let growing = Growing {
            file: Unsealed::expecting("file", length)?,
            hash: Sha256::new(),
        };
        Ok(Self(Arc::new(Mutex::new(Some(growing)))))
    }

    /// Keeps everybody else from the contents.
    pub(crate) fn hold(&self) -> Held<'_> {
        // Half a piece, after a panic, has a wrong digest and is never committed.
        Held(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The contents of an upload, for one holder; nothing where it was erased or is committed.
pub(crate) struct Held<'a>(MutexGuard<'a, Option<Growing>>);

impl Held<'_> {
    fn len(&self) -> Option<u64> {
        self.0.as_ref().map(|growing| growing.file.len())
    }

    /// Adds `bytes`. The state machine has checked that they may be there.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let growing = self.0.as_mut().ok_or(io::ErrorKind::NotFound)?;
        growing.file.append(bytes)?;
        growing.hash.update(bytes);
        Ok(())
    }

    /// Makes the contents unchangeable; the second value is their SHA-256.
    pub(crate) fn seal(mut self) -> io::Result<(Sealed, [u8; 32])> {
        let Growing { file, hash } = self.0.take().ok_or(io::ErrorKind::NotFound)?;
        Ok((file.seal()?, hash.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growing(bytes: &[u8]) -> Upload {
        let upload = Upload::create(bytes.len() as u64).unwrap();
        upload.hold().append(bytes).unwrap();
        upload
    }

    #[test]
    fn what_is_sealed_is_what_was_appended() {
        let upload = growing(b"hello ");
        upload.hold().append(b"world").unwrap();
        let (file, digest) = upload.hold().seal().unwrap();
        assert_eq!(file.to_vec().unwrap(), b"hello world");
        assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(b"hello world")));
    }

    #[test]
    fn a_sealed_upload_takes_nothing_more_and_is_sealed_once() {
        let upload = growing(b"hello");
        let late = upload.clone();
        upload.hold().seal().unwrap();
        assert!(late.hold().append(b"!").is_err());
        assert!(late.hold().seal().is_err());
        assert_eq!(late.hold().len(), None);
    }
}
