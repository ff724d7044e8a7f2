//! What is wrong with an approval.

use thiserror::Error;
use veracruz_policy::{FilePath, PolicyHash, Timestamp};
use veracruz_protocol::{ErrorCode, JwsError};

/// Why a statement approves nothing, or must not be signed. Whoever made it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApprovalFlaw {
    /// It is not a JWS in compact form with an approval statement in it.
    #[error("it cannot be read: {0}")]
    Malformed(#[from] JwsError),
    /// It is signed for another purpose.
    #[error("its purpose is not an approval's: {found}")]
    Purpose {
        /// What it says.
        found: String,
    },
    /// It approves another policy.
    #[error("it approves another policy: expected {expected}, found {found}")]
    Policy {
        /// The hash of the own copy.
        expected: PolicyHash,
        /// The hash in the statement.
        found: PolicyHash,
    },
    /// The policy has no such participant.
    #[error("it is by {found}, whom the policy does not know")]
    Participant {
        /// The name in the statement.
        found: String,
    },
    /// The signature is not by the key that the policy has for the participant.
    #[error("it is not signed by the key that the policy has for {participant}")]
    Signature {
        /// The name in the statement.
        participant: String,
    },
    /// It is for any isolate, and the policy does not pin what runs there.
    #[error("it is for any instance, and the policy does not pin {path}")]
    AnyInstance {
        /// The first program that is not pinned.
        path: FilePath,
    },
    /// It names no instance, or too many, or one twice.
    #[error("expected one to {limit} different instances, found {found}")]
    Instances {
        /// The most that there may be.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// It does not say which contents are meant of a program that the policy does not pin.
    #[error("it does not say which {path} is meant, and the policy does not pin it")]
    ProgramOpen {
        /// The program.
        path: FilePath,
    },
    /// It names a file that is no program, or one that the policy pins.
    #[error("it names {path}, which is no program that the policy leaves open")]
    ProgramSurplus {
        /// The file.
        path: FilePath,
    },
    /// It ends before it begins, or has ended.
    #[error("it would hold until {expires}, and it is {now}")]
    Over {
        /// Its end.
        expires: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
}

impl ApprovalFlaw {
    /// The code under which an isolate would refuse the same.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(JwsError::Algorithm { .. }) => ErrorCode::ApprovalAlgorithm,
            Self::Malformed(_) | Self::Instances { .. } => ErrorCode::ApprovalMalformed,
            Self::Purpose { .. } => ErrorCode::ApprovalPurpose,
            Self::Policy { .. } => ErrorCode::ApprovalPolicy,
            Self::Participant { .. } => ErrorCode::ApprovalParticipant,
            Self::Signature { .. } => ErrorCode::ApprovalSignature,
            Self::AnyInstance { .. } => ErrorCode::ApprovalAnyInstance,
            Self::ProgramOpen { .. } | Self::ProgramSurplus { .. } => ErrorCode::ApprovalPrograms,
            Self::Over { .. } => ErrorCode::ApprovalExpired,
        }
    }
}
