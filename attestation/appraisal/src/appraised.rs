//! The verdict.

use veracruz_evidence::{ReportData, Technology};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256, Timestamp};

/// Evidence that was found good. Only verification makes one, and nobody can change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraised {
    pub(crate) technology: Technology,
    pub(crate) measurement: Sha256,
    pub(crate) attester: KeyDigest,
    pub(crate) policy: PolicyHash,
    pub(crate) report_data: ReportData,
    pub(crate) at: Timestamp,
}

impl Appraised {
    /// What kind of evidence it was.
    #[must_use]
    pub const fn technology(&self) -> Technology {
        self.technology
    }

    /// SHA-256 of the runtime: one of those that the policy names.
    #[must_use]
    pub const fn measurement(&self) -> Sha256 {
        self.measurement
    }

    /// The key that vouches for it: one of those that the policy names.
    #[must_use]
    pub const fn attester(&self) -> KeyDigest {
        self.attester
    }

    /// The policy with which the isolate was started.
    #[must_use]
    pub const fn policy(&self) -> PolicyHash {
        self.policy
    }

    /// What the evidence was bound to.
    #[must_use]
    pub const fn report_data(&self) -> ReportData {
        self.report_data
    }

    /// The time at which it was judged, by the caller's clock.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the technology keeps the host out of the isolate.
    #[must_use]
    pub const fn protects_from_host(&self) -> bool {
        match self.technology {
            Technology::SoftwareRootOfTrust => false,
            // An unknown technology protects from nobody.
            _ => false,
        }
    }

    /// What was found, and what it is worth, in plain words: show it wherever the verdict is shown.
    #[must_use]
    pub fn words(&self) -> String {
        match self.technology {
            Technology::SoftwareRootOfTrust => format!(
                "the attester with key {} says that it started this runtime, {}, as an ordinary \
                 process for this policy. This protects nobody from the host: whoever runs that \
                 machine can read the data, copy it and change results, and could have made this \
                 evidence",
                self.attester, self.measurement
            ),
            technology => format!("evidence of technology {technology}"),
        }
    }
}
