//! Who vouches for this runtime: one way to ask, and a module for each kind of platform.
//!
//! None of these judges what it carries. Participants do, by their own policies; here it matters
//! only that a platform which answers nonsense, late or for somebody else leads to no evidence and
//! to nothing worse.

mod attester;
mod files;
mod gramine;
mod measurement;
mod nsm;
mod port;
mod tpm;
mod tsm;

pub(crate) use attester::Attester;
pub(crate) use nsm::Nsm;
pub(crate) use port::Port;
pub(crate) use tpm::Tpm;
pub(crate) use tsm::Tsm;

use thiserror::Error;
use veracruz_evidence::tpm::Credential;
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{Measurement, PolicyHash};

/// A platform that vouches for the isolate in which it is asked.
pub(crate) trait EvidenceSource: Send + Sync {
    /// Evidence over `report_data`, in its envelope. Blocks for as long as the platform takes:
    /// seconds at most, since every source keeps a limit of its own where its device has none.
    fn evidence(&self, report_data: &ReportData) -> Result<Evidence, EvidenceError>;

    /// Puts the policy's hash where the platform will state it in all evidence from now on, and
    /// where nobody can change it again. Nothing to do where the launcher did it, or where there is
    /// no such place: the report data binds the policy in any case.
    fn fix_policy(&self, _policy: &PolicyHash) -> Result<(), EvidenceError> {
        Ok(())
    }

    /// The secret in a credential for the key that signs this platform's evidence. Only a TPM knows
    /// what that is.
    fn activate(&self, _credential: &Credential) -> Result<Vec<u8>, EvidenceError> {
        Err(EvidenceError("it is no TPM, and opens no credentials"))
    }

    /// This isolate's measurement, as its platform states it. It stands in receipts, where the
    /// evidence beside it must say the same.
    fn measurement(&self) -> Result<Measurement, EvidenceError> {
        let evidence = self.evidence(&ReportData::from_bytes([0; 64]))?;
        measurement::of(&evidence).ok_or(EvidenceError("its evidence has no measurement"))
    }
}

/// Why there is no evidence. The host is at fault, or whoever vouches is gone.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the platform gave no evidence: {0}")]
pub(crate) struct EvidenceError(pub(super) &'static str);

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};
    use veracruz_evidence::ReportData;

    /// What tests ask for evidence over.
    pub(super) const QUESTION: ReportData = ReportData::from_bytes([0x42; 64]);

    /// A folder that stands for a device, removed with its test.
    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new(name: &str) -> Self {
            static MADE: AtomicU32 = AtomicU32::new(0);
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let folder = format!("veracruz-{name}-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(folder);
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        pub(super) fn root(&self) -> PathBuf {
            self.0.clone()
        }

        pub(super) fn path(&self, file: &str) -> PathBuf {
            self.0.join(file)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}
