//! What is allowed in a policy, and probably not meant.

use alloc::{string::String, vec::Vec};
use core::fmt;

use veracruz_catalogue::ErrorCode;

use super::{Position, cause::list, show};
use crate::{FilePath, ParticipantName, PathPattern, TcbStatus, Timestamp};

/// Something that is allowed, and that the parties should know before they agree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    pub(crate) position: Position,
    pub(crate) pointer: String,
    pub(crate) cause: WarningCause,
}

/// What a [`Warning`] is about.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WarningCause {
    /// A provided file that no stage may read or run, and that nobody receives.
    #[error("{path} is provided, but no stage may read it and nobody receives it")]
    InputNotUsed {
        /// The file.
        path: FilePath,
    },
    /// An output or intermediate file that no stage may write.
    #[error("no stage may write {path}")]
    NeverWritten {
        /// The file.
        path: FilePath,
    },
    /// An intermediate file that no stage may read.
    #[error("{path} is intermediate, and no stage may read it")]
    NeverRead {
        /// The file.
        path: FilePath,
    },
    /// An entry of a stage's `read` or `write` that a more specific one overrides or repeats.
    #[error("{specific} is covered by {general} too; {specific} decides alone")]
    OverlappingRights {
        /// The entry that decides.
        specific: PathPattern,
        /// The entry around it.
        general: PathPattern,
    },
    /// A participant that no other part of the policy names.
    #[error("{participant} neither provides, receives, approves nor runs anything")]
    WithoutRole {
        /// The participant.
        participant: ParticipantName,
    },
    /// An isolate that does not protect from the host.
    #[error("the isolate {kind:?} protects nobody from the host")]
    Unprotected {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// Nobody receives an output.
    #[error("nobody receives anything from this computation")]
    NoOutput,
    /// The policy does not expire.
    #[error("the policy does not expire")]
    NoExpiry,
    /// Any chip of that technology will do.
    #[error("any chip will do for {kind:?}, a broken one too")]
    AnyChip {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// A TCB that is not up to date will do.
    #[error("machines for {kind:?} whose TCB status is {status} are accepted")]
    TcbException {
        /// The kind of isolate.
        kind: &'static str,
        /// The status.
        status: TcbStatus,
    },
    /// RTMR 0 of a TDX virtual machine may be anything.
    #[error("\"rtmr0\" is not named, so the host configures the virtual machine as it likes")]
    ConfigurationNotMeasured,
    /// Evidence may be signed by a cloud provider's key.
    #[error("a key of the cloud provider (VLEK) may sign for {kind:?}")]
    ProviderKey {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// Any patch level of SEV-SNP will do.
    #[error("any patch level will do for {kind:?}: there is no \"minimum_tcb\"")]
    NoMinimumTcb {
        /// The kind of isolate.
        kind: &'static str,
    },
    /// Several kinds of isolate are alternatives.
    #[error(
        "{} are alternatives and the host chooses: protection is that of the weakest",
        list(kinds)
    )]
    Weakest {
        /// The kinds.
        kinds: Vec<&'static str>,
    },
    /// Every isolate of a quorum has all data.
    #[error(
        "{} all have all data: it is as confidential as the weakest of them",
        list(kinds)
    )]
    QuorumSharesAll {
        /// The kinds.
        kinds: Vec<&'static str>,
    },
    /// Isolates of a quorum may give one NaN different bits.
    #[error(
        "isolates of these kinds may have different processors, and \"nan\" is \"native\": equal \
         computations may have different outputs"
    )]
    QuorumNativeNan,
    /// A participant's client believes a verifier.
    #[error("{participant} relies on a verifier's word: how fresh that is, the verifier decides")]
    TrustsVerifier {
        /// The participant.
        participant: ParticipantName,
    },
    /// A name looks like another, or like a word in other letters.
    #[error("{found:?} looks like {like:?}, and is another name")]
    LooksAlike {
        /// The name.
        found: String,
        /// What a reader takes it for.
        like: String,
    },
    /// A limit that nobody chose.
    #[error("{field:?} is not said for {of}, which has the default of {default}")]
    DefaultLimit {
        /// What has the limit: a file or a stage.
        of: String,
        /// The field that would say it.
        field: &'static str,
        /// The default, in words.
        default: &'static str,
    },
    /// A certificate's time is over.
    #[error("the certificate of {of} expired at {not_after}")]
    CertificateExpired {
        /// The participant or verifier.
        of: String,
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// A certificate's time has not come.
    #[error("the certificate of {of} is not valid before {not_before}")]
    CertificateNotYetValid {
        /// The participant or verifier.
        of: String,
        /// The start of its validity.
        not_before: Timestamp,
    },
    /// The policy's time is over.
    #[error("the policy expired at {expires}")]
    PolicyExpired {
        /// The end of the policy.
        expires: Timestamp,
    },
}

impl Warning {
    /// Where in the document.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.position.line
    }

    /// The column in that line, from 1, in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.position.column
    }

    /// The place as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What it is about, for code that tells warnings apart.
    #[must_use]
    pub fn cause(&self) -> &WarningCause {
        &self.cause
    }

    /// The stable code, as `VC-0180`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code().as_str()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.cause.code().hint()
    }
}

impl WarningCause {
    /// The entry of the catalogue. A code never changes its meaning.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::QuorumSharesAll { .. } => ErrorCode::WarnQuorumSharesAll,
            Self::QuorumNativeNan => ErrorCode::WarnQuorumNativeNan,
            Self::InputNotUsed { .. } => ErrorCode::WarnInputNotUsed,
            Self::NeverWritten { .. } => ErrorCode::WarnNeverWritten,
            Self::OverlappingRights { .. } => ErrorCode::WarnOverlappingRights,
            Self::WithoutRole { .. } => ErrorCode::WarnWithoutRole,
            Self::Unprotected { .. } => ErrorCode::WarnUnprotected,
            Self::NoOutput => ErrorCode::WarnNoOutput,
            Self::NoExpiry => ErrorCode::WarnNoExpiry,
            Self::NeverRead { .. } => ErrorCode::WarnNeverRead,
            Self::AnyChip { .. } => ErrorCode::WarnAnyChip,
            Self::TcbException { .. } => ErrorCode::WarnTcbException,
            Self::ConfigurationNotMeasured => ErrorCode::WarnConfigurationNotMeasured,
            Self::ProviderKey { .. } => ErrorCode::WarnProviderKey,
            Self::Weakest { .. } => ErrorCode::WarnWeakest,
            Self::TrustsVerifier { .. } => ErrorCode::WarnTrustsVerifier,
            Self::DefaultLimit { .. } => ErrorCode::WarnDefaultLimit,
            Self::LooksAlike { .. } => ErrorCode::WarnLooksAlike,
            Self::NoMinimumTcb { .. } => ErrorCode::WarnNoMinimumTcb,
            Self::CertificateExpired { .. } => ErrorCode::WarnCertificateExpired,
            Self::CertificateNotYetValid { .. } => ErrorCode::WarnCertificateNotYetValid,
            Self::PolicyExpired { .. } => ErrorCode::WarnPolicyExpired,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.position, &self.pointer, self.code(), &self.cause)
    }
}
