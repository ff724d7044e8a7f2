//! Why evidence was refused.

use std::fmt;

use data_encoding::HEXLOWER;
use veracruz_evidence::sw_rot::SwRotError;
use veracruz_evidence::{EvidenceError, Technology};
use veracruz_policy::{KeyDigest, Measurement, Timestamp};

/// Evidence that is not good. The isolate or whoever carried the evidence (the host) is at fault,
/// unless the caller has the wrong policy or old collateral; nothing may be sent to that isolate.
///
/// `part` names a piece of evidence or collateral in the words of its specification: `quote`,
/// `VCEK`, `TCB info`, `platform token`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppraisalError {
    /// Not an envelope with evidence.
    #[error("malformed evidence: {0}")]
    Envelope(EvidenceError),
    /// Not a token of the software root of trust.
    #[error("malformed evidence: {0}")]
    Token(#[from] SwRotError),
    /// Not of the format that it says.
    #[error("malformed {part}: {reason}")]
    Malformed {
        /// What cannot be read.
        part: &'static str,
        /// What was expected and what was found.
        reason: String,
    },
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
    /// A profile or version of a format that is not known.
    #[error("{part} has profile {found:?}, expected {expected}")]
    UnknownProfile {
        /// What has it.
        part: &'static str,
        /// What is known.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The key that vouches is not one that the policy names. Anyone can make a key.
    #[error("the {part} is {found}, the policy trusts {}", any_of(.expected))]
    UntrustedAttester {
        /// What key it is: `attester's key`, `AK`, `CPAK`, `IAK`.
        part: &'static str,
        /// The keys that the policy names.
        expected: Vec<KeyDigest>,
        /// The key that vouches.
        found: KeyDigest,
    },
    /// A chain of certificates that does not end in the vendor's root, pinned by digest.
    #[error("the chain of the {part} ends in a root with SHA-256 {found}, expected {expected}")]
    UntrustedRoot {
        /// Whose chain.
        part: &'static str,
        /// The pinned digests.
        expected: String,
        /// The digest of the root found, or `none`.
        found: String,
    },
    /// A chain of certificates that does not hold together.
    #[error("the chain of the {part} is broken: {reason}")]
    BadChain {
        /// Whose chain.
        part: &'static str,
        /// Where it breaks.
        reason: String,
    },
    /// Signed by the wrong key, or changed after it was signed.
    #[error("the signature of the {part} is wrong: it was changed, or signed by another key")]
    BadSignature {
        /// What is signed.
        part: &'static str,
    },
    /// Evidence of an emulator, which nobody signed.
    #[error(
        "the {part} is unsigned: an emulator made it, anyone could have, and it proves nothing"
    )]
    Emulated {
        /// What should be signed.
        part: &'static str,
    },
    /// Signed with another algorithm than the format prescribes.
    #[error("the {part} is signed with {found}, expected {expected}")]
    BadAlgorithm {
        /// What is signed.
        part: &'static str,
        /// The algorithm of the format.
        expected: &'static str,
        /// The algorithm found.
        found: String,
    },
    /// The claims name another attester than the header, or two parts name each other wrongly.
    #[error("the {part} names {found}, expected {expected}")]
    AttesterMismatch {
        /// What names it.
        part: &'static str,
        /// The one that signed.
        expected: String,
        /// The one that is named.
        found: String,
    },
    /// A certificate, list or document is no longer valid at the time of the appraisal.
    #[error("the {part} was valid until {until}, and is judged at {now}")]
    Expired {
        /// What is over.
        part: &'static str,
        /// Until when it was valid.
        until: Timestamp,
        /// When it is judged.
        now: Timestamp,
    },
    /// A certificate, list or document is not valid yet at the time of the appraisal.
    #[error("the {part} is valid from {from}, and is judged at {now}")]
    NotYetValid {
        /// What has not begun.
        part: &'static str,
        /// From when it is valid.
        from: Timestamp,
        /// When it is judged.
        now: Timestamp,
    },
    /// The vendor revoked a certificate.
    #[error("the {part} was revoked by its issuer")]
    Revoked {
        /// What was revoked.
        part: &'static str,
    },
    /// Something that this verdict needs was not given.
    #[error("no {part} was given: {reason}")]
    MissingCollateral {
        /// What is missing.
        part: &'static str,
        /// For what it is needed.
        reason: String,
    },
    /// Collateral of another platform, family or purpose.
    #[error("the {part} is for {found}, expected {expected}")]
    WrongCollateral {
        /// What does not fit.
        part: &'static str,
        /// What it should be for.
        expected: String,
        /// What it is for.
        found: String,
    },
    /// The isolate can be debugged: its memory is open to the host.
    #[error("the isolate is in debug mode ({claim}): the host can read its memory")]
    DebugNotAllowed {
        /// The claim that says so.
        claim: &'static str,
    },
    /// The isolate may be moved to another machine, or shared with another party.
    #[error("the isolate has {claim} = {found}, which lets others into it; expected {expected}")]
    ConfigurationNotAllowed {
        /// The claim.
        claim: &'static str,
        /// What is demanded.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Firmware or microcode is older than the policy accepts.
    #[error("the platform's {claim} is {found}, the policy accepts {expected}")]
    StaleTcb {
        /// What is stale.
        claim: &'static str,
        /// What would do.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The certificate of the signing key is of another patch level or chip than the report says.
    #[error("the {part} says {found}, expected {expected}")]
    TcbMismatch {
        /// The claim of the certificate.
        part: &'static str,
        /// What the report says.
        expected: String,
        /// What the certificate says.
        found: String,
    },
    /// Not one of the machines that the policy names.
    #[error("the chip is {found}, the policy accepts {}", any_of(.expected))]
    ChipMismatch {
        /// The chips that the policy names, hex.
        expected: Vec<String>,
        /// The chip found, hex; `none` where the evidence hides it.
        found: String,
    },
    /// A root of trust in a state in which it cannot be trusted, or one that its kind cannot have.
    #[error("the {part} claims lifecycle 0x{found:04x}, expected {expected}")]
    LifecycleMismatch {
        /// Which token.
        part: &'static str,
        /// What was expected.
        expected: &'static str,
        /// The lifecycle found, RFC 9783 section 4.3.1.
        found: u16,
    },
    /// Good evidence, but for something else: another connection, key, policy, challenge or
    /// purpose. Relayed and replayed evidence ends here.
    #[error(
        "the evidence is bound to {}, expected {}: it was made for another connection, key, policy, challenge or purpose",
        HEXLOWER.encode(.found), HEXLOWER.encode(.expected)
    )]
    BindingMismatch {
        /// What the caller's report data puts into the format's field.
        expected: Vec<u8>,
        /// What the field holds.
        found: Vec<u8>,
    },
    /// The field that binds evidence is absent.
    #[error("the evidence has no {field}: it is bound to nothing")]
    BindingMissing {
        /// The format's name of the field.
        field: &'static str,
    },
    /// Another runtime than the policy names.
    #[error("{claim} is {found}, the policy accepts {}", any_of(.expected))]
    MeasurementMismatch {
        /// The format's name of the claim: `runtime`, `MRTD`, `PCR 4`.
        claim: &'static str,
        /// The values that the policy names.
        expected: Vec<Measurement>,
        /// The value in the evidence.
        found: Measurement,
    },
    /// A claim that the policy asks for is not in the evidence.
    #[error("the evidence has no {claim}, and the policy names one")]
    MeasurementMissing {
        /// The format's name of the claim.
        claim: &'static str,
    },
    /// The isolate was started with another policy.
    #[error(
        "the isolate was started with {field} {}, expected {} for this policy",
        HEXLOWER.encode(.found), HEXLOWER.encode(.expected)
    )]
    LaunchPolicyMismatch {
        /// The format's name of the field.
        field: &'static str,
        /// What it holds for the caller's policy.
        expected: Vec<u8>,
        /// What it holds.
        found: Vec<u8>,
    },
    /// The event log does not lead to the registers that were signed.
    #[error("the event log does not fit the quote: {reason}")]
    EventLogMismatch {
        /// Where it differs.
        reason: String,
    },
    /// Measurements in a digest that is too weak.
    #[error("the {part} is in {found}, expected SHA-256 or better")]
    WeakDigest {
        /// What is.
        part: &'static str,
        /// The algorithm found.
        found: String,
    },
    /// The policy trusts a TPM by its endorsement key, with which no evidence is signed; nobody has
    /// asked that TPM yet whether it holds the key that signed.
    #[error(
        "the policy trusts the TPM with endorsement key {ek}, and that the AK is in it is shown on a live connection alone, by activating a credential: no file, receipt or verifier's challenge shows it"
    )]
    ActivationNeeded {
        /// The endorsement key, by the SHA-256 of its SubjectPublicKeyInfo.
        ek: KeyDigest,
    },
    /// The answer to a credential was made without its secret: the key that signed is not in the
    /// TPM of the endorsement key, or somebody answered for another connection.
    #[error(
        "the isolate does not know the secret that the TPM with endorsement key {ek} gives out for the AK alone: the AK is not in that TPM, or the answer is for another connection"
    )]
    CredentialMismatch {
        /// The endorsement key, by the SHA-256 of its SubjectPublicKeyInfo.
        ek: KeyDigest,
    },
    /// The evidence was compared with no reference values: genuine, and no more.
    #[error(
        "no reference values were given: the evidence is genuine, and nothing says what it is of"
    )]
    NotCompared,
}

impl AppraisalError {
    /// The stable code, for `veracruz explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Envelope(_)
            | Self::Token(_)
            | Self::Malformed { .. }
            | Self::UnknownProfile { .. } => "VC-0210",
            Self::WrongTechnology { .. } | Self::NotAccepted { .. } => "VC-0211",
            Self::UntrustedAttester { .. } | Self::AttesterMismatch { .. } => "VC-0212",
            Self::BadSignature { .. }
            | Self::Emulated { .. }
            | Self::BadAlgorithm { .. }
            | Self::WeakDigest { .. } => "VC-0213",
            Self::LifecycleMismatch { .. } => "VC-0214",
            Self::BindingMismatch { .. } | Self::BindingMissing { .. } => "VC-0215",
            Self::MeasurementMismatch { .. } | Self::MeasurementMissing { .. } => "VC-0216",
            Self::LaunchPolicyMismatch { .. } => "VC-0217",
            Self::UntrustedRoot { .. } | Self::BadChain { .. } => "VC-0218",
            Self::Expired { .. } | Self::NotYetValid { .. } => "VC-0219",
            Self::Revoked { .. } => "VC-0220",
            Self::MissingCollateral { .. } | Self::WrongCollateral { .. } => "VC-0221",
            Self::DebugNotAllowed { .. } | Self::ConfigurationNotAllowed { .. } => "VC-0222",
            Self::StaleTcb { .. } | Self::TcbMismatch { .. } => "VC-0223",
            Self::ChipMismatch { .. } => "VC-0224",
            Self::EventLogMismatch { .. } => "VC-0225",
            Self::NotCompared => "VC-0226",
            Self::ActivationNeeded { .. } => "VC-0227",
            Self::CredentialMismatch { .. } => "VC-0228",
        }
    }

    /// Whether the bytes could not be read, as opposed to: they say the wrong thing.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        matches!(
            self,
            Self::Envelope(_)
                | Self::Token(_)
                | Self::Malformed { .. }
                | Self::UnknownProfile { .. }
        )
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
            Self::MeasurementMismatch { .. } | Self::MeasurementMissing { .. } => {
                "send nothing; if this runtime should be used, all parties must agree on a policy \
                 that names it"
            }
            Self::LaunchPolicyMismatch { .. } => {
                "send nothing; compare your copy of the policy with the other parties'"
            }
            Self::BindingMismatch { .. } | Self::BindingMissing { .. } => {
                "send nothing; connect again, and if it stays like this, someone is in between"
            }
            Self::Expired { .. } | Self::NotYetValid { .. } => {
                "send nothing; check this machine's clock, and add fresh collateral with \
                 `veracruz collateral add`"
            }
            Self::MissingCollateral { .. } | Self::WrongCollateral { .. } => {
                "add what the vendor publishes for this platform with `veracruz collateral add`"
            }
            Self::Revoked { .. } => "send nothing; the vendor says that this platform is broken",
            Self::DebugNotAllowed { .. } | Self::ConfigurationNotAllowed { .. } => {
                "send nothing; ask the host to start the isolate without debugging and migration"
            }
            Self::StaleTcb { .. } | Self::TcbMismatch { .. } => {
                "send nothing; ask the host to update its firmware, or agree with all parties on a \
                 policy that names the exception"
            }
            Self::ChipMismatch { .. } => {
                "send nothing; if this machine should be trusted, all parties must agree on a \
                 policy that names it"
            }
            Self::Emulated { .. } => {
                "send nothing; ask the host for an enclave on real hardware: an emulator is for trying \
                 things out, with a build of veracruz that says so"
            }
            Self::NotCompared => "give reference values, or a policy that names some",
            Self::ActivationNeeded { .. } => {
                "attest the isolate on a connection; or agree with all parties on a policy that \
                 names `aks` or `ak_roots`"
            }
            Self::CredentialMismatch { .. } => {
                "send nothing; the evidence is by a key outside the TPM that it names, or someone \
                 is in between"
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
