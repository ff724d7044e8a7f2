//! What can go wrong at the participant's end.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use veracruz_appraisal::AppraisalError;
use veracruz_catalogue::Fault;
use veracruz_policy::{
    FilePath, InstanceId, KeyDigest, ParticipantName, PolicyHash, Sha256, Timestamp,
};
use veracruz_protocol::{ErrorCode, Problem, Versions};
use veracruz_receipt::ReceiptError;

use crate::approvals::ApprovalFlaw;
use crate::plan::PlanError;
use crate::proxy::ProxyError;

/// Why something was not done. Each variant says who is at fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody listens at this address, or the network is at fault.
    #[error("the host {address} does not answer: {source}")]
    HostUnreachable {
        /// Where it should have been.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The isolate ended the handshake: it does not know this identity, or it is another
    /// computation's isolate.
    #[error("the isolate refused the connection: {alert}")]
    HandshakeRefused {
        /// The TLS alert (RFC 8446, section 6).
        alert: String,
    },
    /// What answered does not speak this protocol.
    #[error("what answers at {address} is no isolate: {reason}")]
    NoIsolate {
        /// Where it is.
        address: String,
        /// What TLS says.
        reason: String,
    },
    /// The connection broke: the host, the network or the isolate ended it.
    #[error("the connection broke: {reason}")]
    ConnectionLost {
        /// What was noticed.
        reason: String,
    },
    /// The host led to another isolate than the one that was asked for.
    #[error("expected the isolate {expected}, found {found}")]
    OtherInstance {
        /// The one that was asked for.
        expected: InstanceId,
        /// The one that answered.
        found: InstanceId,
    },
    /// This identity is not one of the policy's participants.
    #[error("no participant of the policy has the key {key}")]
    NotAParticipant {
        /// The identity's key.
        key: KeyDigest,
    },
    /// The certificate in the policy does not hold at this time.
    #[error("your certificate is valid from {not_before} to {not_after}; it is {now}")]
    CertificateDates {
        /// The first moment.
        not_before: Timestamp,
        /// The last moment.
        not_after: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
    /// The policy is over.
    #[error("the policy expired at {expired}; it is {now}")]
    PolicyExpired {
        /// Its `expires`.
        expired: Timestamp,
        /// The time by this machine's clock.
        now: Timestamp,
    },
    /// The isolate has another policy than the participant's own copy.
    #[error("expected the policy {expected}, the isolate has {found}")]
    PolicyDiffers {
        /// The hash of the participant's copy.
        expected: PolicyHash,
        /// The hash of what the isolate gave, or why it has none.
        found: String,
    },
    /// The policy's isolates do not protect from the host, and the caller did not accept that.
    #[error("this policy's isolates do not protect what you upload from whoever runs the host")]
    Unprotected,
    /// The evidence does not show what the policy asks for.
    #[error("the isolate's evidence is refused: {0}")]
    EvidenceRefused(#[source] Box<AppraisalError>),
    /// The isolate or the host said no; its own code and words.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// An answer that the protocol does not have.
    #[error("the answer to {request} cannot be understood: expected {expected}, found {found}")]
    ReplyMalformed {
        /// What was asked.
        request: &'static str,
        /// What would have been right.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// The runtime in the isolate speaks other versions of the protocol.
    #[error(
        "the runtime speaks versions {runtime} of the protocol, this client speaks {client}: {older} \
         is older"
    )]
    VersionsDiffer {
        /// What the runtime says that it speaks.
        runtime: Versions,
        /// What this client speaks.
        client: Versions,
        /// Who is to be updated: `the client` or `the runtime`.
        older: &'static str,
    },
    /// Another isolate was provisioned under this policy before.
    #[error(
        "you provisioned the isolate {earlier} under this policy at {at} ({entrusted}); this is \
         another one, {found}, and neither knows what the other one has run"
    )]
    SecondInstance {
        /// The one in the ledger; the latest where there are several.
        earlier: InstanceId,
        /// When that was.
        at: Timestamp,
        /// What was entrusted to it and seen there, in words.
        entrusted: String,
        /// The one at the other end now.
        found: InstanceId,
    },
    /// The policy demands a quorum, and these are not all of its isolates. The caller, or whoever
    /// runs the hosts.
    #[error("expected {expected}, found {found}")]
    QuorumIncomplete {
        /// The isolates that the policy demands.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Somebody signed other isolates as the quorum than those at hand. A host leads participants to
    /// different isolates, or an isolate shows what it should not.
    #[error("{participant} signed another quorum than the isolates at hand")]
    QuorumUnsigned {
        /// Who.
        participant: ParticipantName,
    },
    /// The isolates of a quorum show different contents. One of them at least is broken.
    #[error("isolate {instance} shows another {path} than the rest of the quorum")]
    QuorumOutputs {
        /// The file.
        path: FilePath,
        /// The first isolate that differs.
        instance: InstanceId,
    },
    /// The policy has no such file.
    #[error("the policy has no file {path}")]
    FileUnknown {
        /// The path.
        path: FilePath,
    },
    /// The policy has someone else provide this file.
    #[error("the policy does not have you provide {path}")]
    NotProvider {
        /// The path.
        path: FilePath,
    },
    /// The policy pins other contents.
    #[error("{path}: the policy pins {expected}, your file is {found}")]
    PinMismatch {
        /// The path.
        path: FilePath,
        /// The digests that it may have, separated by commas.
        expected: String,
        /// The digest that it has.
        found: Sha256,
    },
    /// The file is larger than the policy allows.
    #[error("{path}: at most {expected} bytes, your file has {found}")]
    FileTooLarge {
        /// The path.
        path: FilePath,
        /// `max_bytes`.
        expected: u64,
        /// The length.
        found: u64,
    },
    /// The file changed while it was uploaded.
    #[error("{} changed while it was read", path.display())]
    FileChanged {
        /// The local file.
        path: PathBuf,
    },
    /// What was downloaded is not what the isolate announced.
    #[error("{path}: expected the SHA-256 {expected}, what arrived is {found}")]
    DownloadDiffers {
        /// The path.
        path: FilePath,
        /// What was announced.
        expected: Sha256,
        /// What arrived.
        found: Sha256,
    },
    /// There is a file already where one should be put.
    #[error("{} exists and is not overwritten", path.display())]
    DestinationExists {
        /// The local file.
        path: PathBuf,
    },
    /// A file of the participant's cannot be used.
    #[error("{}: cannot {action}: {source}", path.display())]
    File {
        /// The local file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// The identity's files cannot be used.
    #[error("the identity {} cannot be used: {reason}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Others than its owner may read or change the identity's file.
    #[error("others can read the identity {}", path.display())]
    IdentityExposed {
        /// The file.
        path: PathBuf,
    },
    /// The identity's key is under a passphrase, and nobody gave one.
    #[error("the identity {} is under a passphrase, and none was given", path.display())]
    PassphraseNeeded {
        /// The file.
        path: PathBuf,
    },
    /// It is not the passphrase of this identity.
    #[error("the passphrase does not open the identity {}", path.display())]
    PassphraseWrong {
        /// The identity's file.
        path: PathBuf,
    },
    /// What was given is no passphrase.
    #[error("the passphrase{} cannot be used: {reason}", in_file(path.as_deref()))]
    PassphraseUnusable {
        /// The file that it was to be read from; absent where it was typed.
        path: Option<PathBuf>,
        /// Why.
        reason: String,
    },
    /// The ledger cannot be used. Without it nothing is provisioned.
    #[error("the ledger {} cannot be used: {reason}", path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The ledger was written by another version of this program.
    #[error("the ledger {} has version {found}, and this program reads up to {expected}", path.display())]
    LedgerVersion {
        /// The file, which was left as it is.
        path: PathBuf,
        /// The latest version that this program knows.
        expected: u32,
        /// Its version.
        found: u32,
    },
    /// A file is no approval, and no bundle of approvals of this policy.
    #[error("the approvals in {} cannot be used: {reason}", path.display())]
    ApprovalFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Somebody's approval approves nothing of this policy.
    #[error("the approval is refused: {0}")]
    ApprovalRefused(#[source] Box<ApprovalFlaw>),
    /// What is to be signed approves nothing, and every isolate would refuse it.
    #[error("there is nothing to sign: {0}")]
    ApprovalTerms(#[from] Box<ApprovalFlaw>),
    /// The store of collateral cannot be used, or a file is no collateral.
    #[error("{} cannot be used as collateral: {reason}", path.display())]
    Collateral {
        /// The store's folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file with reference values cannot be used.
    #[error("the reference values in {} cannot be used: {reason}", path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A receipt does not hold.
    #[error("the receipt is refused: {0}")]
    ReceiptRefused(#[source] Box<ReceiptError>),
    /// A receipt is another one than was asked for, or the appraisal beside it does not hold.
    #[error("the receipt is refused: {reason}")]
    ReceiptUnfit {
        /// Why.
        reason: String,
    },
    /// A run was not over when the caller stopped waiting.
    #[error("run {run} was not over after {waited_ms} ms")]
    StillRunning {
        /// The run.
        run: u32,
        /// How long the caller waited, in milliseconds.
        waited_ms: u64,
    },
    /// There is no way through a proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// What goes where cannot be made out. Whoever called is at fault.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Several files cannot be transferred, each for a reason of its own. Nothing was.
    #[error("{} files cannot be transferred: {}", .0.len(), joined(.0))]
    Several(Vec<Error>),
    /// The operating system gave no randomness, or the cryptographic library failed.
    #[error("this machine failed: {reason}")]
    Machine {
        /// What failed.
        reason: String,
    },
}

fn in_file(path: Option<&std::path::Path>) -> String {
    path.map(|path| format!(" in {}", path.display()))
        .unwrap_or_default()
}

/// Who has to act, as scripts see it by the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Something of the caller's own is wrong: a file, an identity, an argument.
    Local,
    /// The far end is not to be trusted: evidence, policy, digest, receipt.
    Trust,
    /// The isolate or the host refused.
    Refused,
    /// The network or the machine failed; trying again may help.
    Unavailable,
}

/// Where the words for an error are.
enum Text {
    Shared(ErrorCode),
    Other {
        code: &'static str,
        hint: &'static str,
    },
}

impl ErrorClass {
    /// The exit code of the command line: 3 to 6. (1 is a fault of Veracruz, 2 is wrong usage.)
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Local => 3,
            Self::Trust => 4,
            Self::Refused => 5,
            Self::Unavailable => 6,
        }
    }
}

impl Error {
    /// The stable code, for `veracruz explain`: the isolate's own where it refused.
    pub fn code(&self) -> &'static str {
        match self.text() {
            Text::Shared(code) => code.as_str(),
            Text::Other { code, .. } => code,
        }
    }

    /// Whose fault it is, as the catalogue has it.
    pub fn fault(&self) -> Fault {
        ErrorCode::parse(self.code()).map_or(Fault::Veracruz, ErrorCode::fault)
    }

    /// What to do next, in one line.
    pub fn hint(&self) -> &'static str {
        match self.text() {
            Text::Shared(code) => code.hint(),
            Text::Other { hint, .. } => hint,
        }
    }

    fn text(&self) -> Text {
        Text::Shared(match self {
            Self::Proxy(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Several(errors) => {
                return errors
                    .first()
                    .map_or(Text::Shared(ErrorCode::AssignmentWrong), Self::text);
            }
            Self::File { source, .. } if is_full(source) => ErrorCode::NoRoom,
            Self::Refused(problem) => problem.code,
            Self::EvidenceRefused(error) => {
                return Text::Other {
                    code: error.code(),
                    hint: error.hint(),
                };
            }
            Self::ReceiptRefused(error) => {
                return Text::Other {
                    code: error.code(),
                    hint: error.hint(),
                };
            }
            Self::OtherInstance { .. } => ErrorCode::OtherInstance,
            Self::StillRunning { .. } => ErrorCode::StillRunning,
            Self::FileChanged { .. } => ErrorCode::FileChanged,
            Self::DestinationExists { .. } => ErrorCode::DestinationExists,
            Self::Ledger { .. } => ErrorCode::LedgerUnusable,
            Self::LedgerVersion { .. } => ErrorCode::LedgerVersion,
            Self::ApprovalFile { .. } => ErrorCode::ApprovalFileUnusable,
            Self::ApprovalRefused(flaw) | Self::ApprovalTerms(flaw) => flaw.code(),
            Self::Collateral { .. } => ErrorCode::CollateralUnusable,
            Self::Reference { .. } => ErrorCode::ReferenceUnusable,
            Self::HostUnreachable { .. } | Self::NoIsolate { .. } => ErrorCode::HostUnreachable,
            Self::HandshakeRefused { .. } | Self::NotAParticipant { .. } => ErrorCode::PeerUnknown,
            Self::ConnectionLost { .. } => ErrorCode::ConnectionLost,
            Self::PolicyExpired { .. } => ErrorCode::PolicyExpired,
            Self::PolicyDiffers { .. } => ErrorCode::PolicyDiffers,
            Self::Unprotected => ErrorCode::UnprotectedIsolate,
            Self::ReplyMalformed { .. } => ErrorCode::ReplyMalformed,
            Self::VersionsDiffer { .. } => ErrorCode::VersionsDiffer,
            Self::SecondInstance { .. } => ErrorCode::SecondInstance,
            Self::QuorumIncomplete { .. } => ErrorCode::QuorumIncomplete,
            Self::QuorumUnsigned { .. } => ErrorCode::QuorumUnsigned,
            Self::QuorumOutputs { .. } => ErrorCode::QuorumOutputs,
            Self::FileUnknown { .. } => ErrorCode::FileUnknown,
            Self::NotProvider { .. } => ErrorCode::NotProvider,
            Self::PinMismatch { .. } => ErrorCode::PinMismatch,
            Self::FileTooLarge { .. } => ErrorCode::FileTooLarge,
            Self::DownloadDiffers { .. } => ErrorCode::DownloadDiffers,
            Self::File { .. } => ErrorCode::FileUnreadable,
            Self::Identity { .. } | Self::CertificateDates { .. } => ErrorCode::IdentityUnusable,
            Self::IdentityExposed { .. } => ErrorCode::IdentityExposed,
            Self::PassphraseNeeded { .. } => ErrorCode::PassphraseNeeded,
            Self::PassphraseWrong { .. } => ErrorCode::PassphraseWrong,
            Self::PassphraseUnusable { .. } => ErrorCode::PassphraseUnusable,
            Self::ReceiptUnfit { .. } => ErrorCode::ReceiptRefused,
            Self::Machine { .. } => ErrorCode::Internal,
        })
    }

    /// Who has to act.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Proxy(error) => error.class(),
            Self::Several(errors) => errors.first().map_or(ErrorClass::Local, Self::class),
            Self::HostUnreachable { .. }
            | Self::NoIsolate { .. }
            | Self::ConnectionLost { .. }
            | Self::StillRunning { .. }
            | Self::Machine { .. } => ErrorClass::Unavailable,
            Self::OtherInstance { .. }
            | Self::PolicyDiffers { .. }
            | Self::Unprotected
            | Self::EvidenceRefused(_)
            | Self::ReplyMalformed { .. }
            | Self::SecondInstance { .. }
            | Self::QuorumUnsigned { .. }
            | Self::QuorumOutputs { .. }
            | Self::ApprovalRefused(_)
            | Self::DownloadDiffers { .. }
            | Self::ReceiptRefused(_)
            | Self::ReceiptUnfit { .. } => ErrorClass::Trust,
            Self::HandshakeRefused { .. } | Self::VersionsDiffer { .. } | Self::Refused(_) => {
                ErrorClass::Refused
            }
            Self::Plan(_)
            | Self::NotAParticipant { .. }
            | Self::QuorumIncomplete { .. }
            | Self::CertificateDates { .. }
            | Self::PolicyExpired { .. }
            | Self::FileUnknown { .. }
            | Self::NotProvider { .. }
            | Self::PinMismatch { .. }
            | Self::FileTooLarge { .. }
            | Self::FileChanged { .. }
            | Self::DestinationExists { .. }
            | Self::File { .. }
            | Self::Identity { .. }
            | Self::IdentityExposed { .. }
            | Self::PassphraseNeeded { .. }
            | Self::PassphraseWrong { .. }
            | Self::PassphraseUnusable { .. }
            | Self::Ledger { .. }
            | Self::LedgerVersion { .. }
            | Self::ApprovalFile { .. }
            | Self::ApprovalTerms(_)
            | Self::Collateral { .. }
            | Self::Reference { .. } => ErrorClass::Local,
        }
    }

    /// What would have been right and what was found instead, where the error is about that.
    pub fn expected_and_found(&self) -> Option<(String, String)> {
        Some(match self {
            Self::OtherInstance { expected, found } => (expected.to_string(), found.to_string()),
            Self::PolicyDiffers { expected, found } => (expected.to_string(), found.clone()),
            Self::ReplyMalformed {
                expected, found, ..
            } => ((*expected).into(), found.clone()),
            Self::VersionsDiffer {
                runtime, client, ..
            } => (client.to_string(), runtime.to_string()),
            Self::PinMismatch {
                expected, found, ..
            } => (expected.clone(), found.to_string()),
            Self::FileTooLarge {
                expected, found, ..
            } => (expected.to_string(), found.to_string()),
            Self::DownloadDiffers {
                expected, found, ..
            } => (expected.to_string(), found.to_string()),
            Self::SecondInstance { earlier, found, .. } => (earlier.to_string(), found.to_string()),
            Self::QuorumIncomplete { expected, found } => (expected.clone(), found.clone()),
            Self::LedgerVersion {
                expected, found, ..
            } => (expected.to_string(), found.to_string()),
            Self::Refused(problem) => (problem.expected.clone()?, problem.found.clone()?),
            Self::EvidenceRefused(error) => return error.expected_and_found(),
            _ => return None,
        })
    }

    /// One error for all of these: itself where there is one.
    pub(crate) fn of_all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }

    /// Whether the same may succeed on a new connection.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. })
    }

    pub(crate) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            path,
            action,
            source,
        }
    }
}

/// There is no room: on the disk, in the quota, or in a file.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    // A file that is read has another reason to be too large.
    error.raw_os_error().is_some()
        && matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn joined(errors: &[Error]) -> String {
    let each: Vec<String> = errors.iter().map(ToString::to_string).collect();
    each.join("; ")
}
