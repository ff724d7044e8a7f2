//! What goes to all isolates of a quorum: one decision, and one salt and share for all.

use data_encoding::HEXLOWER;
use veracruz_policy::{FilePath, InstanceId, PolicyHash, QuorumSet, Sha256, Timestamp};

use super::document::UploadEntry;
use super::{Ledger, UploadSecrets};
use crate::clock;
use crate::error::Error;
use crate::random;

impl Ledger {
    /// Notes that something is about to be entrusted to several isolates together: one
    /// provisioning, for which one `again` is enough.
    ///
    /// # Errors
    /// As [`Ledger::provision`].
    pub(crate) fn provision_together(
        &self,
        policy: &PolicyHash,
        instances: &[InstanceId],
        again: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            self.provision_all(entry, instances, again, now)
        })
    }

    /// The salt and the share for an upload to `instance` as one of a quorum: drawn once for the same
    /// contents, so that all isolates have the same, and never used for another set of isolates.
    pub(crate) fn quorum_secrets(
        &self,
        policy: &PolicyHash,
        (set, instance): (&QuorumSet, &InstanceId),
        path: &FilePath,
        digest: &Sha256,
    ) -> Result<UploadSecrets, Error> {
        let (id, instance) = (set.id().to_string(), instance.to_string());
        let digest = digest.to_string();
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            let here = |upload: &&UploadEntry| {
                upload.quorum.as_ref() == Some(&id)
                    && upload.instance == instance
                    && upload.path == path.as_str()
                    && upload.sha256 == digest
            };
            if let Some(upload) = entry.uploads.iter().find(here) {
                return Ok(UploadSecrets {
                    salt: self.secret(&upload.salt)?,
                    share: self.secret(&upload.share)?,
                    fresh: false,
                    // Contents that are there with other secrets would never agree.
                    may_be_there: upload.at.is_some(),
                });
            }
            let fresh = UploadSecrets {
                salt: random::secret()?,
                share: random::secret()?,
                fresh: true,
                may_be_there: false,
            };
            // A line for each isolate: this is how the ledger says what is where.
            for member in set.members() {
                entry.uploads.push(UploadEntry {
                    instance: member.instance.to_string(),
                    path: path.as_str().to_owned(),
                    sha256: digest.clone(),
                    salt: HEXLOWER.encode(fresh.salt.as_slice()),
                    share: HEXLOWER.encode(fresh.share.as_slice()),
                    at: None,
                    quorum: Some(id.clone()),
                });
            }
            Ok(fresh)
        })
    }

    /// Notes that an isolate of a quorum has committed a file with the secrets drawn for it.
    pub(crate) fn note_committed(
        &self,
        policy: &PolicyHash,
        (set, instance): (&QuorumSet, &InstanceId),
        path: &FilePath,
        digest: &Sha256,
    ) -> Result<(), Error> {
        let (id, instance) = (set.id().to_string(), instance.to_string());
        let digest = digest.to_string();
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            for upload in &mut entry.uploads {
                if upload.quorum.as_ref() == Some(&id)
                    && upload.instance == instance
                    && upload.path == path.as_str()
                    && upload.sha256 == digest
                {
                    upload.at = Some(clock::now().to_string());
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use veracruz_policy::{IsolateKind, Policy, QuorumMember};

    use super::*;

    const POLICY: PolicyHash = PolicyHash::from_bytes([1; 32]);

    /// Sets are made by policies alone, so this is one.
    fn set(other: u8) -> QuorumSet {
        let document = include_str!("../../tests/data/quorum.json");
        let policy = Policy::parse(document.as_bytes()).unwrap();
        let member = |byte, kind| QuorumMember {
            instance: InstanceId::from_bytes([byte; 32]),
            kind,
        };
        let members = [
            member(1, IsolateKind::Process),
            member(other, IsolateKind::Microvm),
        ];
        QuorumSet::new(&policy, &members).unwrap()
    }

    #[test]
    fn isolates_of_one_quorum_get_one_salt_and_share_and_those_of_another_others() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&folder.path().join("acme.pem"));
        let path = FilePath::parse("/input/a").unwrap();
        let digest = Sha256::of(b"a");
        let secrets = |set: &QuorumSet, byte| {
            let instance = InstanceId::from_bytes([byte; 32]);
            let secrets = ledger.quorum_secrets(&POLICY, (set, &instance), &path, &digest);
            let secrets = secrets.unwrap();
            (*secrets.salt, *secrets.share, secrets.may_be_there)
        };
        let (two, other) = (set(2), set(3));
        let first = secrets(&two, 1);
        assert_eq!(secrets(&two, 2), first);
        assert_ne!(secrets(&other, 1).1, first.1);
        // What is there is sent again, unless it is known to be there with these.
        assert!(!first.2);
        let one = InstanceId::from_bytes([1; 32]);
        ledger
            .note_committed(&POLICY, (&two, &one), &path, &digest)
            .unwrap();
        assert!(secrets(&two, 1).2);
        assert!(!secrets(&two, 2).2);
    }

    #[test]
    fn a_quorum_is_one_provisioning() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(&folder.path().join("acme.pem"));
        let now = Timestamp::from_seconds(1_795_176_000);
        let all = [1, 2].map(|byte| InstanceId::from_bytes([byte; 32]));
        ledger
            .provision_together(&POLICY, &all, false, now)
            .unwrap();
        ledger
            .provision_together(&POLICY, &all, false, now)
            .unwrap();
        let other = [1, 3].map(|byte| InstanceId::from_bytes([byte; 32]));
        let refused = ledger.provision_together(&POLICY, &other, false, now);
        assert!(matches!(refused, Err(Error::SecondInstance { .. })));
        assert_eq!(ledger.provisioned(&POLICY).unwrap().len(), 2);
    }
}
