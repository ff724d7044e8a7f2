//! Why evidence was refused.

use std::fmt;

use veracruz_evidence::sw_rot::SwRotError;
use veracruz_evidence::{EvidenceError, ReportData, Technology};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256};

/// Evidence that is not good. The isolate or whoever carried the evidence (the host) is at fault,
/// unless the caller has the wrong policy; nothing may be sent to that isolate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppraisalError {
    /// Not an envelope with evidence.
    #[error("malformed evidence: {0}")]
    Envelope(EvidenceError),
    /// Not a token of the format that the envelope says.
    #[error("malformed evidence: {0}")]
    Malformed(#[from] SwRotError),
    /// Evidence of another technology than the policy accepts.
    #[error("the evidence is of technology {found:?}, the policy accepts {expected}")]
    WrongTechnology {
        /// What the policy accepts.
        expected: String,
        /// What was found: a short name, or a media type that is not known.
        found: String,
    },
    /// Evidence of a technology that does not protect from the host, for a policy that does not
    /// say that this will do.
    #[error(
        "evidence of technology {technology} does not protect from the host, and the policy does not say that this will do"
    )]
    NotAccepted {
        /// What was found.
        technology: Technology,
    },
    /// The attester's key is not one that the policy names. Anyone can make a key.
    #[error("the attester's key is {found}, the policy trusts {}", any_of(.expected))]
    UntrustedAttester {
        /// The keys that the policy names.
        expected: Vec<KeyDigest>,
        /// The key in the evidence.
        found: KeyDigest,
    },
    /// The evidence was changed, or was not made by the attester that it names.
    #[error("the signature was not made by attester {attester} over this evidence")]
    BadSignature {
        /// The attester that should have signed.
        attester: KeyDigest,
    },
    /// The claims name another attester than the header.
    #[error("the token's instance id does not name its attester {attester}")]
    AttesterMismatch {
        /// The attester that signed.
        attester: KeyDigest,
    },
    /// A software root of trust that claims to be more than it can be.
    #[error(
        "the token claims lifecycle 0x{found:04x}, expected 0x0000 (unknown): software cannot claim more"
    )]
    LifecycleMismatch {
        /// The lifecycle found, RFC 9783 section 4.3.1.
        found: u16,
    },
    /// Good evidence, but for something else: another connection, key, policy, challenge or
    /// purpose. Relayed and replayed evidence ends here.
    #[error(
        "the evidence is bound to {found}, expected {expected}: it was made for another connection, key, policy, challenge or purpose"
    )]
    BindingMismatch {
        /// The report data computed by the caller.
        expected: Box<ReportData>,
        /// The report data in the evidence.
        found: Box<ReportData>,
    },
    /// Another runtime than the policy names.
    #[error("the isolate's runtime has SHA-256 {found}, the policy accepts {}", any_of(.expected))]
    MeasurementMismatch {
        /// The runtimes that the policy names.
        expected: Vec<Sha256>,
        /// The runtime in the evidence.
        found: Sha256,
    },
    /// The isolate was started with another policy.
    #[error("the isolate was started with policy {found}, expected {expected}")]
    LaunchPolicyMismatch {
        /// The caller's policy.
        expected: PolicyHash,
        /// The policy in the evidence.
        found: PolicyHash,
    },
}

impl AppraisalError {
    /// The stable code, for `veracruz explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Envelope(_) | Self::Malformed(_) => "VC-0210",
            Self::WrongTechnology { .. } | Self::NotAccepted { .. } => "VC-0211",
            Self::UntrustedAttester { .. } | Self::AttesterMismatch { .. } => "VC-0212",
            Self::BadSignature { .. } => "VC-0213",
            Self::LifecycleMismatch { .. } => "VC-0214",
            Self::BindingMismatch { .. } => "VC-0215",
            Self::MeasurementMismatch { .. } => "VC-0216",
            Self::LaunchPolicyMismatch { .. } => "VC-0217",
        }
    }

    /// What to do next, in one line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::WrongTechnology { .. } | Self::NotAccepted { .. } => {
                "send nothing; ask the host to start an isolate of a kind that the policy names"
            }
            Self::UntrustedAttester { .. } => {
                "send nothing; if this attester should be trusted, all parties must agree on a \
                 policy that names its key"
            }
            Self::MeasurementMismatch { .. } => {
                "send nothing; if this runtime should be used, all parties must agree on a policy \
                 that names it"
            }
            Self::LaunchPolicyMismatch { .. } => {
                "send nothing; compare your copy of the policy with the other parties'"
            }
            Self::BindingMismatch { .. } => {
                "send nothing; connect again, and if it stays like this, someone is in between"
            }
            _ => "send nothing; the evidence was damaged or forged on its way",
        }
    }
}

/// `A`, or `A or B`; a policy that names nothing trusts `nothing`.
fn any_of<T: fmt::Display>(accepted: &[T]) -> String {
    match accepted {
        [] => "nothing".into(),
        accepted => {
            let texts: Vec<String> = accepted.iter().map(ToString::to_string).collect();
            texts.join(" or ")
        }
    }
}
