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

    /// The salt and the share for an upload to all isolates of a quorum: drawn once for the same
    /// contents, so that all have the same, and never used for another set of isolates.
    pub(crate) fn quorum_secrets(
        &self,
        policy: &PolicyHash,
        set: &QuorumSet,
        path: &FilePath,
        digest: &Sha256,
    ) -> Result<UploadSecrets, Error> {
        let (id, digest) = (set.id().to_string(), digest.to_string());
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            let same = |upload: &&UploadEntry| {
                upload.quorum.as_ref() == Some(&id)
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
            let at = clock::now().to_string();
            // A line for each isolate: this is how the ledger says what is where.
            for member in set.members() {
                entry.uploads.push(UploadEntry {
                    instance: member.instance.to_string(),
                    path: path.as_str().to_owned(),
                    sha256: digest.clone(),
                    salt: HEXLOWER.encode(fresh.salt.as_slice()),
                    share: HEXLOWER.encode(fresh.share.as_slice()),
                    at: Some(at.clone()),
                    quorum: Some(id.clone()),
                });
            }
            Ok(fresh)
        })
    }
}
