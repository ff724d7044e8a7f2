//! Why an isolate was not started, or does not answer.

use std::io;
use std::path::PathBuf;

use veracruz_attester::ClientError;
use veracruz_policy::Sha256;

use crate::{Kind, Loss};

/// Why an isolate was not started, or does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The runtime's binary cannot be opened. The operator is at fault.
    #[error("the runtime {path} cannot be opened: {source}", path = path.display())]
    NoImage {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The runtime's binary is no regular file. The operator is at fault.
    #[error("the runtime {path} is no regular file", path = path.display())]
    ImageIsNoFile {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The attester cannot be reached, or refuses.
    #[error(transparent)]
    Attester(#[from] ClientError),
    /// The policy is longer than a message of the control channel.
    #[error("the policy has {found} bytes, which is more than any policy may have")]
    PolicyTooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// The attester measured something else than the image says of itself. One of them is of
    /// another version, or not honest.
    #[error("the attester measured {found}, and the image is {expected}")]
    OtherMeasurement {
        /// What the image measures to.
        expected: Sha256,
        /// What the attester says.
        found: Sha256,
    },
    /// Amazon's program that starts enclaves is not there, refuses, or says something else.
    #[error("nitro-cli: {reason}")]
    NitroCli {
        /// What it said.
        reason: String,
    },
    /// Not what a kind that hardware protects is started from. Whoever asked for it is at fault.
    #[error(
        "isolates of kind {kind} are started {} firmware of their own",
        if *.firmware { "with" } else { "without" }
    )]
    NotProtected {
        /// The kind that was asked for.
        kind: Kind,
        /// Whether that kind starts in firmware.
        firmware: bool,
    },
    /// The isolate refused to work. It tells the host a class of reason and no more.
    #[error("the isolate refused to start its work (class {class})")]
    Refused {
        /// One of [`veracruz_protocol::control::refusal`].
        class: u16,
    },
    /// The isolate is dead.
    #[error("the isolate is lost: {loss}")]
    Lost {
        /// How it ended.
        loss: Loss,
    },
    /// The isolate does not answer in time.
    #[error("the isolate does not answer")]
    Silent,
    /// The isolate says what no runtime says.
    #[error("the isolate's answer is not one of the control channel")]
    Confused,
    /// An error of this machine.
    #[error("talking to the isolate: {0}")]
    Io(#[from] io::Error),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
}
