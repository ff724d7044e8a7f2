//! What this participant has entrusted to which isolate.
//!
//! Runs are counted by each isolate alone, and no isolate knows of another one: a host could kill
//! an isolate and start the same policy again. Only the participants can notice, so each keeps a
//! ledger beside its identity, and nothing is provisioned to a second isolate of a policy unless
//! its owner says so.
//!
//! It also keeps what must not be lost between two commands: the salt and the share of an upload
//! (a resumed upload must repeat them), and what opens the commitments in a receipt.

mod document;
mod notes;
mod quorum;
#[cfg(test)]
mod tests;
mod view;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use veracruz_policy::{FilePath, InstanceId, PolicyHash, Sha256, Timestamp};
use zeroize::Zeroizing;

use self::document::{
    Document, InstanceEntry, MAX_LEDGER_BYTES, OLDEST, OpeningEntry, PolicyEntry, ReceiptEntry,
    UploadEntry, VERSION, Versioned,
};
pub use self::view::{EntrustedFile, LedgerEntry, LedgerInstance, SeenRun, SignedApproval};
use crate::clock;
use crate::error::Error;
use crate::files;
use crate::random;

/// A handle on the ledger's file. Each method is one transaction: other processes that use the
/// same identity wait for it, and see all of it or nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

/// An isolate to which something was entrusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// The isolate.
    pub instance: InstanceId,
    /// When something was first entrusted to it, by this machine's clock.
    pub at: Timestamp,
}

/// A receipt that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The isolate that signed it.
    pub instance: InstanceId,
    /// Its run.
    pub run: u32,
    /// Where it is.
    pub path: PathBuf,
}

/// The secrets that go with one upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadSecrets {
    /// Blinds the commitment to the file in the receipt.
    pub(crate) salt: Zeroizing<[u8; 32]>,
    /// Goes into the seed of programs' randomness.
    pub(crate) share: Zeroizing<[u8; 32]>,
    /// Whether they were drawn just now, so that no isolate can have them.
    pub(crate) fresh: bool,
    /// Whether the isolate may have committed the file with them, so that it need not be sent.
    pub(crate) may_be_there: bool,
}

impl Ledger {
    /// The ledger that belongs to an identity's file: `<identity>.ledger.json`.
    pub fn beside(identity: &Path) -> Self {
        Self::at(files::beside(identity, ".ledger.json"))
    }

    /// A ledger at a path of its own. It need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The isolates to which something was entrusted under a policy, the earliest first.
    ///
    /// # Errors
    /// [`Error::Ledger`].
    pub fn provisioned(&self, policy: &PolicyHash) -> Result<Vec<Provisioned>, Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        let entry = document.policies.get(&policy.to_string());
        entry.map_or_else(|| Ok(Vec::new()), |entry| self.instances(entry))
    }

    /// The receipts that were fetched under a policy.
    ///
    /// # Errors
    /// [`Error::Ledger`].
    pub fn receipts(&self, policy: &PolicyHash) -> Result<Vec<StoredReceipt>, Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        let Some(entry) = document.policies.get(&policy.to_string()) else {
            return Ok(Vec::new());
        };
        let stored = |receipt: &ReceiptEntry| {
            Ok(StoredReceipt {
                instance: self.read(&receipt.instance)?,
                run: receipt.run,
                path: receipt.path.clone(),
            })
        };
        entry.receipts.iter().map(stored).collect()
    }

    /// Notes that something is about to be entrusted to `instance`.
    ///
    /// # Errors
    /// [`Error::SecondInstance`] where the ledger names another isolate for this policy, not this
    /// one, and the caller did not say `again`. [`Error::Ledger`].
    pub fn provision(
        &self,
        policy: &PolicyHash,
        instance: &InstanceId,
        again: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            self.provision_all(entry, &[*instance], again, now)
        })
    }

    /// Says whether `instance` would be a second one, as [`Ledger::provision`] does, and notes
    /// nothing.
    ///
    /// # Errors
    /// As there.
    pub fn check_instance(&self, policy: &PolicyHash, instance: &InstanceId) -> Result<(), Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        match document.policies.get(&policy.to_string()) {
            Some(entry) => self.refuse_others(entry, &[*instance]),
            None => Ok(()),
        }
    }

    /// Notes isolates that were not noted before; several at once are one decision.
    fn provision_all(
        &self,
        entry: &mut PolicyEntry,
        instances: &[InstanceId],
        again: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        if !again {
            self.refuse_others(entry, instances)?;
        }
        for instance in instances.iter().map(ToString::to_string) {
            if entry.instances.iter().all(|one| one.instance != instance) {
                entry.instances.push(InstanceEntry {
                    instance,
                    at: now.to_string(),
                });
            }
        }
        Ok(())
    }

    fn refuse_others(&self, entry: &PolicyEntry, instances: &[InstanceId]) -> Result<(), Error> {
        let earlier = self.instances(entry)?;
        let known = |instance: &&InstanceId| earlier.iter().any(|one| one.instance == **instance);
        let other = instances.iter().find(|instance| !known(instance));
        match (earlier.last(), other) {
            (Some(last), Some(other)) => Err(Error::SecondInstance {
                earlier: last.instance,
                at: last.at,
                entrusted: view::in_words(entry, &last.instance.to_string()),
                found: *other,
            }),
            _ => Ok(()),
        }
    }

    /// The salt and the share for an upload: the same ones for the same contents at the same
    /// isolate, fresh ones otherwise. They are on disk before they are used.
    pub(crate) fn upload_secrets(
        &self,
        policy: &PolicyHash,
        instance: &InstanceId,
        path: &FilePath,
        digest: &Sha256,
    ) -> Result<UploadSecrets, Error> {
        let (instance, digest) = (instance.to_string(), digest.to_string());
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            let same = |upload: &&UploadEntry| {
                upload.instance == instance
                    && upload.path == path.as_str()
                    && upload.sha256 == digest
            };
            if let Some(upload) = entry.uploads.iter().find(same) {
                return Ok(UploadSecrets {
                    salt: self.secret(&upload.salt)?,
                    share: self.secret(&upload.share)?,
                    fresh: false,
                    may_be_there: true,
                });
            }
            let fresh = UploadSecrets {
                salt: random::secret()?,
                share: random::secret()?,
                fresh: true,
                may_be_there: false,
            };
            entry.uploads.push(UploadEntry {
                instance: instance.clone(),
                path: path.as_str().to_owned(),
                sha256: digest.clone(),
                salt: HEXLOWER.encode(fresh.salt.as_slice()),
                share: HEXLOWER.encode(fresh.share.as_slice()),
                at: Some(clock::now().to_string()),
                quorum: None,
            });
            Ok(fresh)
        })
    }

    /// Notes what opens the commitment to an output.
    pub(crate) fn note_opening(
        &self,
        policy: &PolicyHash,
        instance: &InstanceId,
        path: &FilePath,
        digest: &Sha256,
        opening: &[u8; 32],
    ) -> Result<(), Error> {
        let new = OpeningEntry {
            instance: instance.to_string(),
            path: path.as_str().to_owned(),
            sha256: digest.to_string(),
            opening: HEXLOWER.encode(opening),
        };
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            if !entry.openings.contains(&new) {
                entry.openings.push(new.clone());
            }
            Ok(())
        })
    }

    /// What opens commitments to contents of this digest at this path: several where several runs
    /// or isolates gave the same. Inputs of one's own are opened by their salt.
    ///
    /// # Errors
    /// [`Error::Ledger`].
    pub fn openings(
        &self,
        policy: &PolicyHash,
        path: &FilePath,
        digest: &Sha256,
    ) -> Result<Vec<[u8; 32]>, Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        let Some(entry) = document.policies.get(&policy.to_string()) else {
            return Ok(Vec::new());
        };
        let digest = digest.to_string();
        let outputs = entry
            .openings
            .iter()
            .filter(|known| known.path == path.as_str() && known.sha256 == digest)
            .map(|known| &known.opening);
        let inputs = entry
            .uploads
            .iter()
            .filter(|known| known.path == path.as_str() && known.sha256 == digest)
            .map(|known| &known.salt);
        outputs
            .chain(inputs)
            .map(|text| Ok(*self.secret(text)?))
            .collect()
    }

    /// Every pair of contents and salt that is known of a file: of inputs that were uploaded, and of
    /// outputs that were downloaded.
    pub(crate) fn known_openings(
        &self,
        policy: &PolicyHash,
        path: &FilePath,
    ) -> Result<Vec<(Sha256, [u8; 32])>, Error> {
        let document = self.locked(|document| Ok(document.clone()))?;
        let Some(entry) = document.policies.get(&policy.to_string()) else {
            return Ok(Vec::new());
        };
        let outputs = entry.openings.iter();
        let outputs = outputs.map(|known| (&known.path, &known.sha256, &known.opening));
        let inputs = entry.uploads.iter();
        let inputs = inputs.map(|known| (&known.path, &known.sha256, &known.salt));
        outputs
            .chain(inputs)
            .filter(|(known, _, _)| known.as_str() == path.as_str())
            .map(|(_, sha256, salt)| Ok((self.read(sha256)?, *self.secret(salt)?)))
            .collect()
    }

    /// Notes where a receipt was put.
    pub(crate) fn note_receipt(
        &self,
        policy: &PolicyHash,
        receipt: &StoredReceipt,
    ) -> Result<(), Error> {
        let new = ReceiptEntry {
            instance: receipt.instance.to_string(),
            run: receipt.run,
            path: receipt.path.clone(),
        };
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            entry
                .receipts
                .retain(|old| (&old.instance, old.run) != (&new.instance, new.run));
            entry.receipts.push(new.clone());
            Ok(())
        })
    }

    /// Reads, changes and writes the document while nobody else does.
    fn locked<T>(
        &self,
        change: impl FnOnce(&mut Document) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _lock = self
            .lock()
            .map_err(|error| self.unusable(error.to_string()))?;
        let before = self.load()?;
        let mut after = before.clone();
        let result = change(&mut after)?;
        if after != before {
            let json = serde_json::to_vec_pretty(&after)
                .map(Zeroizing::new)
                .map_err(|error| self.unusable(error.to_string()))?;
            files::replace_private(&self.path, &json)
                .map_err(|error| self.unusable(error.to_string()))?;
        }
        Ok(result)
    }

    /// The document is replaced as a whole, so the lock is on a file of its own.
    fn lock(&self) -> io::Result<File> {
        let path = files::beside(&self.path, ".lock");
        let file = files::lock_file(&path)?;
        file.lock()?;
        Ok(file)
    }

    fn load(&self) -> Result<Document, Error> {
        let bytes = match files::read_private(&self.path, MAX_LEDGER_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Document::new()),
            Err(error) => return Err(self.unusable(error.to_string())),
        };
        let damaged = |error: serde_json::Error| {
            self.unusable(format!(
                "it is damaged ({error}); it was left as it is, {} bytes",
                bytes.len()
            ))
        };
        let Versioned { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(Error::LedgerVersion {
                path: self.path.clone(),
                expected: VERSION,
                found: version,
            });
        }
        let mut document: Document = serde_json::from_slice(&bytes).map_err(damaged)?;
        // It is written in the new form with the first change.
        document.version = VERSION;
        Ok(document)
    }

    fn instances(&self, entry: &PolicyEntry) -> Result<Vec<Provisioned>, Error> {
        let provisioned = |entry: &InstanceEntry| {
            Ok(Provisioned {
                instance: self.read(&entry.instance)?,
                at: self.read(&entry.at)?,
            })
        };
        entry.instances.iter().map(provisioned).collect()
    }

    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(&self, text: &str) -> Result<T, Error> {
        text.parse()
            .map_err(|error| self.unusable(format!("{error}")))
    }

    fn secret(&self, text: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let bytes = HEXLOWER
            .decode(text.as_bytes())
            .map(Zeroizing::new)
            .map_err(|error| self.unusable(error.to_string()))?;
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| self.unusable("a secret is not 32 bytes long".into()))?;
        Ok(Zeroizing::new(bytes))
    }

    fn unusable(&self, reason: String) -> Error {
        Error::Ledger {
            path: self.path.clone(),
            reason,
        }
    }
}
