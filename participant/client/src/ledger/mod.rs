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

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use veracruz_policy::{FilePath, InstanceId, PolicyHash, Sha256, Timestamp};
use zeroize::Zeroizing;

use self::document::{
    Document, InstanceEntry, MAX_LEDGER_BYTES, OpeningEntry, PolicyEntry, ReceiptEntry,
    UploadEntry, VERSION,
};
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
            let earlier = self.instances(entry)?;
            if earlier
                .iter()
                .any(|provisioned| provisioned.instance == *instance)
            {
                return Ok(());
            }
            if let Some(last) = earlier.last()
                && !again
            {
                return Err(Error::SecondInstance {
                    earlier: last.instance,
                    at: last.at,
                    found: *instance,
                });
            }
            entry.instances.push(InstanceEntry {
                instance: instance.to_string(),
                at: now.to_string(),
            });
            Ok(())
        })
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
                });
            }
            let fresh = UploadSecrets {
                salt: random::secret()?,
                share: random::secret()?,
                fresh: true,
            };
            entry.uploads.push(UploadEntry {
                instance: instance.clone(),
                path: path.as_str().to_owned(),
                sha256: digest.clone(),
                salt: HEXLOWER.encode(fresh.salt.as_slice()),
                share: HEXLOWER.encode(fresh.share.as_slice()),
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
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|error| self.unusable(error.to_string()))?;
        if document.version != VERSION {
            return Err(self.unusable(format!(
                "expected version {VERSION}, found {}",
                document.version
            )));
        }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const POLICY: PolicyHash = PolicyHash::from_bytes([1; 32]);
    const ONE: InstanceId = InstanceId::from_bytes([2; 32]);
    const TWO: InstanceId = InstanceId::from_bytes([3; 32]);
    const NOON: Timestamp = Timestamp::from_seconds(1_795_176_000);

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&folder.path().join("acme.pem"));
        (folder, ledger)
    }

    #[test]
    fn refuses_a_second_instance_unless_told_to_go_on() {
        let (_folder, ledger) = ledger();
        ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
        ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
        let Err(Error::SecondInstance { earlier, at, found }) =
            ledger.provision(&POLICY, &TWO, false, NOON)
        else {
            panic!("accepted")
        };
        assert_eq!((earlier, at, found), (ONE, NOON, TWO));
        // Another policy is another matter.
        ledger
            .provision(&PolicyHash::from_bytes([9; 32]), &TWO, false, NOON)
            .unwrap();
        ledger.provision(&POLICY, &TWO, true, NOON).unwrap();
        ledger.provision(&POLICY, &TWO, false, NOON).unwrap();
        let all: Vec<_> = ledger
            .provisioned(&POLICY)
            .unwrap()
            .iter()
            .map(|entry| entry.instance)
            .collect();
        assert_eq!(all, [ONE, TWO]);
    }

    #[test]
    fn a_refusal_leaves_no_trace() {
        let (_folder, ledger) = ledger();
        ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
        let before = fs::read(ledger.path()).unwrap();
        ledger.provision(&POLICY, &TWO, false, NOON).unwrap_err();
        assert_eq!(fs::read(ledger.path()).unwrap(), before);
    }

    #[test]
    fn the_same_contents_keep_their_secrets_and_others_get_new_ones() {
        let (_folder, ledger) = ledger();
        let path = FilePath::parse("/input/a").unwrap();
        let (one, two) = (Sha256::of(b"1"), Sha256::of(b"2"));
        let secrets = |instance, digest| {
            let secrets = ledger
                .upload_secrets(&POLICY, instance, &path, digest)
                .unwrap();
            (*secrets.salt, *secrets.share)
        };
        let first = secrets(&ONE, &one);
        assert_ne!(first.0, first.1);
        assert_eq!(secrets(&ONE, &one), first);
        assert_ne!(secrets(&TWO, &one), first);
        assert_ne!(secrets(&ONE, &two), first);
        // What was committed once may be so still: its salt must not be lost.
        assert_eq!(secrets(&ONE, &one), first);
    }

    #[test]
    fn it_is_for_its_owner_alone() {
        let (_folder, ledger) = ledger();
        ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
        let mode = fs::metadata(ledger.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(ledger.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            ledger.provisioned(&POLICY),
            Err(Error::Ledger { .. })
        ));
    }

    #[test]
    fn a_damaged_ledger_provisions_nothing() {
        let (_folder, ledger) = ledger();
        ledger.provision(&POLICY, &ONE, false, NOON).unwrap();
        let whole = fs::read(ledger.path()).unwrap();
        for length in 0..whole.len() {
            fs::write(ledger.path(), &whole[..length]).unwrap();
            let result = ledger.provision(&POLICY, &TWO, false, NOON);
            assert!(matches!(result, Err(Error::Ledger { .. })), "{length}");
        }
    }

    #[test]
    fn two_at_once_cannot_both_be_first() {
        let (_folder, ledger) = ledger();
        let accepted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let ledger = ledger.clone();
                    let instance = InstanceId::from_bytes([number; 32]);
                    scope.spawn(move || ledger.provision(&POLICY, &instance, false, NOON).is_ok())
                })
                .collect();
            threads
                .into_iter()
                .filter(|_| true)
                .map(|thread| thread.join().unwrap())
                .filter(|ok| *ok)
                .count()
        });
        assert_eq!(accepted, 1);
    }

    #[test]
    fn openings_are_found_by_path_and_digest() {
        let (_folder, ledger) = ledger();
        let path = FilePath::parse("/output/a").unwrap();
        let digest = Sha256::of(b"1");
        ledger
            .note_opening(&POLICY, &ONE, &path, &digest, &[5; 32])
            .unwrap();
        assert_eq!(ledger.openings(&POLICY, &path, &digest).unwrap(), [[5; 32]]);
        assert!(
            ledger
                .openings(&POLICY, &path, &Sha256::of(b"2"))
                .unwrap()
                .is_empty()
        );
    }
}
