//! What the state machine keeps under a [`StorageId`]: contents, and what was compiled from them.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use veracruz_computation::StorageId;
use veracruz_engine::Program;
use veracruz_engine::memfd::{Sealed, Unsealed};

/// Every file of the computation. Contents lie in files in memory that workers can map.
#[derive(Default)]
pub(crate) struct Storage {
    entries: HashMap<StorageId, Entry>,
}

enum Entry {
    /// An upload that is not committed yet and that no connection is sending.
    Growing(Growing),
    /// Committed: nobody can change it any more.
    Sealed {
        file: Sealed,
        program: Option<Arc<Program>>,
    },
}

/// An upload and the hash of what has arrived. The connection that sends it holds it, so that
/// neither hashing nor writing waits for anybody else.
pub(crate) struct Growing {
    file: Unsealed,
    hash: Sha256,
}

impl Growing {
    /// Adds `bytes`. The state machine has checked that they may be there.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// SHA-256 of all that has arrived.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }
}

impl Storage {
    /// Takes an upload out, to be given back; a new one where there is none.
    pub(crate) fn take(&mut self, id: StorageId) -> io::Result<Growing> {
        match self.entries.remove(&id) {
            Some(Entry::Growing(growing)) => Ok(growing),
            None => Ok(Growing {
                file: Unsealed::create("file")?,
                hash: Sha256::new(),
            }),
            Some(sealed @ Entry::Sealed { .. }) => {
                self.entries.insert(id, sealed);
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
    }

    /// Gives an upload back.
    pub(crate) fn give_back(&mut self, id: StorageId, growing: Growing) {
        self.entries.insert(id, Entry::Growing(growing));
    }

    /// Makes an upload unchangeable.
    pub(crate) fn seal(&mut self, id: StorageId) -> io::Result<()> {
        let growing = self.take(id)?;
        self.keep(id, growing.file.seal()?);
        Ok(())
    }

    /// Keeps an output.
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

    /// Keeps what was compiled from a file, unless that was erased meanwhile.
    pub(crate) fn compiled(&mut self, id: StorageId, compiled: Program) {
        if let Some(Entry::Sealed { program, .. }) = self.entries.get_mut(&id) {
            *program = Some(Arc::new(compiled));
        }
    }

    /// What was compiled from a file.
    pub(crate) fn program(&self, id: StorageId) -> Option<Arc<Program>> {
        match self.entries.get(&id)? {
            Entry::Sealed { program, .. } => program.clone(),
            Entry::Growing(_) => None,
        }
    }

    /// Forgets a file and ends its program's process. Its memory goes back to the kernel, which
    /// gives no page to anybody before it has overwritten it, as soon as nobody reads it any more.
    pub(crate) fn erase(&mut self, id: StorageId) {
        self.entries.remove(&id);
    }
}
