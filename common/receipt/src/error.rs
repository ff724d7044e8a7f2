//! Why a receipt does not hold.

use alloc::boxed::Box;

use veracruz_evidence::EvidenceError;
use veracruz_evidence::cbor::CborError;
use veracruz_evidence::cose::CoseError;
use veracruz_evidence::spki::NotP256Spki;
use veracruz_policy::{
    FilePath, InstanceId, Measurement, ParticipantName, PolicyHash, QuorumError, Sha256,
};

use crate::{Commitment, MAX_RECEIPT_BYTES};

/// A receipt that proves nothing, or not what it was shown for. Unless a variant says otherwise,
/// whoever made or carried the receipt is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Longer than [`MAX_RECEIPT_BYTES`].
    #[error("a receipt of {found} bytes, at most {MAX_RECEIPT_BYTES} are read")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// Not in the form of a receipt.
    #[error("not a receipt: {0}")]
    Malformed(#[from] CborError),
    /// A part of the receipt has a value that it cannot have.
    #[error("not a receipt: its {0} cannot be")]
    Value(&'static str),
    /// The signed part is not a COSE_Sign1.
    #[error("the receipt's signed part: {0}")]
    Cose(#[from] CoseError),
    /// The part that should be evidence is not. A receipt without evidence proves nothing.
    #[error("the receipt's evidence: {0}")]
    NoEvidence(#[from] EvidenceError),
    /// Another version of the format: a newer `veracruz` may read it.
    #[error("a receipt of version {found}, this veracruz reads version 1")]
    UnsupportedVersion {
        /// The version found.
        found: u64,
    },
    /// The key in the receipt is of a kind that isolates do not have.
    #[error("the receipt's key is {0}")]
    Key(#[from] NotP256Spki),
    /// The key in the receipt is not the instance that the receipt names.
    #[error("the receipt names instance {expected}, and has the key of instance {found}")]
    InstanceMismatch {
        /// The instance that the payload names.
        expected: InstanceId,
        /// The instance whose key it is.
        found: InstanceId,
    },
    /// The receipt was changed, or was not signed by its instance.
    #[error("the signature is not one by instance {instance} over this receipt")]
    BadSignature {
        /// The instance that should have signed.
        instance: InstanceId,
    },
    /// A receipt of another computation. Perhaps the caller took the wrong policy.
    #[error("the receipt is for policy {found}, expected {expected}")]
    WrongPolicy {
        /// The policy that the caller holds.
        expected: PolicyHash,
        /// The policy that the receipt names.
        found: PolicyHash,
    },
    /// The evidence is not good, or is over something else.
    #[error("the receipt's evidence was refused: {reason}")]
    EvidenceRefused {
        /// What the appraiser found.
        #[source]
        reason: Box<dyn core::error::Error + Send + Sync>,
    },
    /// The receipt names another runtime than its evidence.
    #[error("the receipt says that runtime {found} ran, the evidence says {expected}")]
    MeasurementMismatch {
        /// What the evidence says.
        expected: Box<Measurement>,
        /// What the payload says.
        found: Box<Measurement>,
    },
    /// More runs than the policy allows, or a run 0.
    #[error("the receipt is for run {found}, the policy allows runs 1 to {expected}")]
    RunOutOfRange {
        /// How many the policy allows.
        expected: u32,
        /// Which one the receipt is for.
        found: u32,
    },
    /// A run without an approval that the policy requires.
    #[error("the receipt lacks the approval of {participant}, which the policy requires")]
    MissingApproval {
        /// Who had to approve.
        participant: ParticipantName,
    },
    /// An approval by someone who does not take part.
    #[error("the receipt has an approval of {participant}, who is not in the policy")]
    UnknownParticipant {
        /// Whose name it is.
        participant: ParticipantName,
    },
    /// A file that the policy wants in the receipt is not there.
    #[error("the receipt does not mention {path}, which the policy has as {expected}")]
    MissingFile {
        /// The file in the policy.
        path: FilePath,
        /// What it is there: a program, or an input.
        expected: &'static str,
    },
    /// A file that the policy does not have in this role.
    #[error("the receipt has {path} as {found}, the policy does not")]
    UnexpectedFile {
        /// The file in the receipt.
        path: FilePath,
        /// What it is there: a program, an input or an output.
        found: &'static str,
    },
    /// Outputs of a run that released none.
    #[error("the run {outcome}, and the receipt has outputs all the same")]
    OutputsWithoutRelease {
        /// How the run ended.
        outcome: crate::Outcome,
    },
    /// A program of another content than the policy pins.
    #[error("the program {path} had SHA-256 {found}, which the policy does not allow")]
    WrongProgram {
        /// The program.
        path: FilePath,
        /// What was executed.
        found: Sha256,
    },
    /// The isolates are not the quorum that the policy demands.
    #[error("the isolates are not the quorum of the policy: {reason}")]
    QuorumIncomplete {
        /// What does not fit.
        #[source]
        reason: Box<QuorumError>,
    },
    /// The isolate that signed is not in the quorum that it names.
    #[error("isolate {instance} is not in the quorum that its receipt names")]
    QuorumWithout {
        /// The isolate.
        instance: InstanceId,
    },
    /// The receipts of a quorum say different things of what must be the same.
    #[error("the receipt of isolate {instance} differs from the first one in {what}")]
    QuorumDiffers {
        /// The isolate.
        instance: InstanceId,
        /// In what.
        what: &'static str,
    },
    /// The caller has a file for which the receipt has no commitment. The caller is at fault.
    #[error("the receipt has no commitment to {path}")]
    NothingToOpen {
        /// The file.
        path: FilePath,
    },
    /// The caller's file or salt is not what went into, or came out of, this run.
    #[error(
        "the file given for {path}, with its salt, is not the one of this run: commitment {found}, expected {expected}"
    )]
    CommitmentMismatch {
        /// The file.
        path: FilePath,
        /// The commitment in the receipt.
        expected: Commitment,
        /// The commitment to what was given.
        found: Commitment,
    },
}

impl ReceiptError {
    /// The stable code, for `veracruz explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. }
            | Self::Malformed(_)
            | Self::Value(_)
            | Self::Cose(_)
            | Self::Key(_) => "VC-0610",
            Self::UnsupportedVersion { .. } => "VC-0611",
            Self::InstanceMismatch { .. } => "VC-0612",
            Self::BadSignature { .. } => "VC-0613",
            Self::WrongPolicy { .. } => "VC-0614",
            Self::NoEvidence(_) | Self::EvidenceRefused { .. } => "VC-0615",
            Self::MeasurementMismatch { .. } => "VC-0616",
            Self::RunOutOfRange { .. } => "VC-0617",
            Self::MissingApproval { .. } | Self::UnknownParticipant { .. } => "VC-0618",
            Self::MissingFile { .. }
            | Self::UnexpectedFile { .. }
            | Self::OutputsWithoutRelease { .. } => "VC-0619",
            Self::WrongProgram { .. } => "VC-0620",
            Self::NothingToOpen { .. } | Self::CommitmentMismatch { .. } => "VC-0621",
            Self::QuorumIncomplete { .. } | Self::QuorumWithout { .. } => "VC-0640",
            Self::QuorumDiffers { .. } => "VC-0641",
        }
    }

    /// What to do next, in one line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::UnsupportedVersion { .. } => "use a newer version of veracruz",
            Self::WrongPolicy { .. } => {
                "give the policy of the computation that this receipt is for"
            }
            Self::NothingToOpen { .. } => {
                "name the file as the policy names it; a run that did not finish has no outputs"
            }
            Self::CommitmentMismatch { .. } => {
                "take the file and the salt as they were uploaded or downloaded for this very run"
            }
            Self::QuorumIncomplete { .. } | Self::QuorumWithout { .. } => {
                "take the receipts of all isolates of one run, as `veracruz receipt fetch` does"
            }
            _ => {
                "fetch the receipt again from the isolate; if it stays like this, believe nothing in it"
            }
        }
    }
}
