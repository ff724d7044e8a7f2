//! Why the attester did not do what it was asked.

use std::fmt;

use minicbor::{Decode, Encode};
use rustix::io::Errno;
use veracruz_machine::{Stage, StartError};

use super::IsolateId;

/// Why the attester did not do what it was asked. It goes on in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Encode, Decode)]
#[non_exhaustive]
pub enum Refusal {
    /// The bytes are no request. The asker is at fault.
    #[n(0)]
    #[error("the bytes are no request of this protocol")]
    Malformed,
    /// The asker speaks another version.
    #[n(1)]
    #[error("the attester speaks version {expected} of its protocol, the asker version {found}")]
    Version {
        /// The attester's version.
        #[n(0)]
        expected: u32,
        /// The asker's version.
        #[n(1)]
        found: u32,
    },
    /// A descriptor came with a request that takes none, or none with one that takes one.
    #[n(2)]
    #[error("the request takes {expected} descriptors, and came with {found}")]
    Descriptors {
        /// How many the request takes.
        #[n(0)]
        expected: u8,
        /// How many came.
        #[n(1)]
        found: u8,
    },
    /// The image could not be read.
    #[n(3)]
    #[error("the image cannot be read: {error}", error = Errno::from_raw_os_error(*errno))]
    ImageUnreadable {
        /// The kernel's error number.
        #[n(0)]
        errno: i32,
    },
    /// The image's descriptor is a pipe, a socket, a directory or a device.
    #[n(4)]
    #[error("the image is no regular file")]
    ImageIsNoFile,
    /// The image is not an ELF file.
    #[n(5)]
    #[error("the image is no executable program: it does not begin as an ELF file does")]
    ImageIsNoProgram,
    /// The image is too large.
    #[n(6)]
    #[error("the image has {found} bytes, and at most {most} are taken")]
    ImageTooLarge {
        /// Its size in bytes.
        #[n(0)]
        found: u64,
        /// The largest that is taken.
        #[n(1)]
        most: u64,
    },
    /// No image with this digest was registered, or it was forgotten: register it.
    #[n(7)]
    #[error("no image with the digest {} is registered", veracruz_policy::Sha256::from_bytes(*digest))]
    UnknownImage {
        /// The digest that was asked for.
        #[cbor(n(0), with = "minicbor::bytes")]
        digest: [u8; 32],
    },
    /// The policy has errors.
    #[n(8)]
    #[error("the policy has errors: {detail}")]
    Policy {
        /// The errors, as the policy's parser words them, cut to 4 KiB.
        #[n(0)]
        detail: String,
    },
    /// A limit is out of bounds.
    #[n(9)]
    #[error("the limit '{name}' is {found}, and must be from {least} to {most}")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        #[n(0)]
        name: String,
        /// The least that is taken.
        #[n(1)]
        least: u64,
        /// The most that is taken.
        #[n(2)]
        most: u64,
        /// What was asked for.
        #[n(3)]
        found: u64,
    },
    /// As many isolates as the attester keeps are running.
    #[n(10)]
    #[error("{most} isolates are running, and the attester starts no more")]
    TooManyIsolates {
        /// The most that it keeps.
        #[n(0)]
        most: u32,
    },
    /// There is no such isolate.
    #[n(11)]
    #[error("there is no isolate {id}")]
    UnknownIsolate {
        /// The name that was asked for.
        #[n(0)]
        id: IsolateId,
    },
    /// The isolate has ended.
    #[n(12)]
    #[error("the isolate {id} has ended")]
    IsolateEnded {
        /// Its name.
        #[n(0)]
        id: IsolateId,
    },
    /// The sandbox could not be set up on this machine.
    #[n(13)]
    #[error("the sandbox failed at {step}: {error}", error = Errno::from_raw_os_error(*errno))]
    Sandbox {
        /// Where.
        #[n(0)]
        step: Step,
        /// The kernel's error number.
        #[n(1)]
        errno: i32,
    },
    /// A note is too long.
    #[n(15)]
    #[error("the note has {found} bytes, and at most {most} are kept")]
    NoteTooLong {
        /// Its length in bytes.
        #[n(0)]
        found: u32,
        /// The longest that is kept.
        #[n(1)]
        most: u32,
    },
    /// The described machine cannot be, or does not fit its parts. The asker is at fault.
    #[n(20)]
    #[error("no such machine can be started: {detail}")]
    Machine {
        /// What does not fit.
        #[n(0)]
        detail: String,
    },
    /// A program that machines need is missing. The operator of the attester's machine can mend it.
    #[n(21)]
    #[error("{detail}")]
    NoTool {
        /// Which, and how to mend it.
        #[n(0)]
        detail: String,
    },
    /// A machine did not start.
    #[n(22)]
    #[error("the machine did not start, {stage} failed: {detail}")]
    MachineFailed {
        /// What failed.
        #[n(0)]
        stage: Stage,
        /// What it said, at most 2 KiB.
        #[n(1)]
        detail: String,
    },
    /// The attester's machine refused something else.
    #[n(14)]
    #[error("the attester's machine refused: {error}", error = Errno::from_raw_os_error(*errno))]
    Internal {
        /// The kernel's error number.
        #[n(0)]
        errno: i32,
    },
}

impl Refusal {
    pub(crate) fn internal(error: Errno) -> Self {
        Self::Internal {
            errno: error.raw_os_error(),
        }
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        let detail = error.to_string();
        match error {
            StartError::Description(_) => Self::Machine { detail },
            StartError::NoTool { .. } => Self::NoTool { detail },
            _ => Self::MachineFailed {
                stage: Stage::Warden,
                detail,
            },
        }
    }
}

/// The steps of setting up the sandbox, in their order. See `docs/reference/process-isolate.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Step {
    /// A process in namespaces of its own.
    #[n(0)]
    Namespaces,
    /// A control group with the isolate's limits.
    #[n(12)]
    ControlGroup,
    /// The map of users and groups, written by the attester.
    #[n(1)]
    IdMap,
    /// Taking the one user and group there are.
    #[n(2)]
    Identity,
    /// Dying with the attester.
    #[n(3)]
    ParentDeath,
    /// A session, umask and signals of its own; a neutral host name.
    #[n(4)]
    Session,
    /// The empty read-only root.
    #[n(5)]
    Root,
    /// The descriptors 0 to 5, and no others.
    #[n(6)]
    Descriptors,
    /// Resource limits.
    #[n(7)]
    ResourceLimits,
    /// Giving up capabilities and new privileges.
    #[n(8)]
    Privileges,
    /// Landlock.
    #[n(9)]
    Landlock,
    /// The filter of system calls.
    #[n(10)]
    Seccomp,
    /// Executing the measured image.
    #[n(11)]
    Execute,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Self; 13] = [
        Self::Namespaces,
        Self::ControlGroup,
        Self::IdMap,
        Self::Identity,
        Self::ParentDeath,
        Self::Session,
        Self::Root,
        Self::Descriptors,
        Self::ResourceLimits,
        Self::Privileges,
        Self::Landlock,
        Self::Seccomp,
        Self::Execute,
    ];

    /// The step's name in the documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::ControlGroup => "control group",
            Self::IdMap => "id map",
            Self::Identity => "identity",
            Self::ParentDeath => "parent death",
            Self::Session => "session",
            Self::Root => "root",
            Self::Descriptors => "descriptors",
            Self::ResourceLimits => "resource limits",
            Self::Privileges => "privileges",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::Execute => "execute",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the step '{}'", self.as_str())
    }
}
