//! What a verified receipt proves and what it does not, in plain words.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use veracruz_policy::{
    FilePath, InstanceId, Measurement, ParticipantName, PolicyHash, QuorumMember, Sha256,
};

use crate::Outcome;

/// Something that a receipt proved, as far as its evidence can be believed (which
/// [`NotProved::NotProtectedFromHost`] may say is not far).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proved {
    /// Who made the receipt, and that it is unchanged.
    SignedByInstance {
        /// The isolate.
        instance: InstanceId,
    },
    /// What that isolate is.
    Measured {
        /// The measurement, in the width of the evidence's technology.
        measurement: Measurement,
        /// The appraiser's words.
        words: String,
    },
    /// That the run was one of the policy at hand.
    RunOfPolicy {
        /// The policy's name.
        name: String,
        /// Its hash.
        policy: PolicyHash,
        /// Which run of this instance.
        run: u32,
        /// How many the policy allows an instance.
        of: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// That the isolate had all approvals that the policy requires.
    Approved {
        /// Who approved.
        by: Vec<ParticipantName>,
    },
    /// With which other isolates the run was made, and whether they agreed, as this one found.
    InQuorum {
        /// The isolates.
        members: Vec<QuorumMember>,
        /// Whether this one found that all agree.
        agreed: bool,
    },
    /// What was executed.
    Executed {
        /// The program.
        path: FilePath,
        /// SHA-256 of its content.
        sha256: Sha256,
        /// Whether the policy fixes that content.
        pinned: bool,
    },
    /// That a file at hand went into the run.
    Input {
        /// The file in the policy.
        path: FilePath,
        /// SHA-256 of the file at hand.
        sha256: Sha256,
    },
    /// That a file at hand came out of the run.
    Output {
        /// The file in the policy.
        path: FilePath,
        /// SHA-256 of the file at hand.
        sha256: Sha256,
    },
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedByInstance { instance } => {
                write!(
                    f,
                    "the receipt is complete and unchanged, as instance {instance} signed it"
                )
            }
            Self::Measured { measurement, words } => {
                write!(
                    f,
                    "that instance ran the runtime with measurement {measurement}: {words}"
                )
            }
            Self::RunOfPolicy {
                name,
                policy,
                run,
                of,
                outcome,
            } => write!(
                f,
                "it did run {run} of {of} under the policy {name:?} ({policy}), and the run {}",
                match outcome {
                    Outcome::Finished => "finished",
                    Outcome::Failed => "failed",
                    Outcome::Withheld => "finished, but nothing was released",
                }
            ),
            Self::Approved { by } => {
                f.write_str("before the run it had the approvals of ")?;
                list(f, by)
            }
            Self::InQuorum { members, agreed } => {
                let kinds: Vec<_> = members.iter().map(|member| member.kind).collect();
                f.write_str("the run was made in a quorum of ")?;
                list(f, &kinds)?;
                f.write_str(match agreed {
                    true => ", and this isolate found that all of them have equal outputs",
                    false => ", and this isolate did not find that all of them agree",
                })
            }
            Self::Executed {
                path,
                sha256,
                pinned: true,
            } => {
                write!(
                    f,
                    "it executed {path} with the SHA-256 that the policy fixes, {sha256}"
                )
            }
            Self::Executed {
                path,
                sha256,
                pinned: false,
            } => write!(
                f,
                "it executed {path} with SHA-256 {sha256}; the policy leaves its content open"
            ),
            Self::Input { path, sha256 } => {
                write!(
                    f,
                    "the file at hand with SHA-256 {sha256} went into the run as {path}"
                )
            }
            Self::Output { path, sha256 } => {
                write!(
                    f,
                    "the file at hand with SHA-256 {sha256} came out of the run as {path}"
                )
            }
        }
    }
}

/// Something that a receipt does not prove, and that a reader might think it does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotProved {
    /// No hardware stands behind the evidence.
    NotProtectedFromHost,
    /// Nobody says when the run was.
    NotDated,
    /// Approvals are named by digest, their signatures are not in the receipt.
    ApprovalsNotShown,
    /// Runs are counted by each instance alone.
    OtherInstances,
    /// The receipt is of one isolate of a quorum.
    OneOfQuorum,
    /// Inputs are committed to, and were not opened here.
    InputsNotShown {
        /// The files.
        paths: Vec<FilePath>,
    },
    /// Outputs are committed to, and were not opened here.
    OutputsNotShown {
        /// The files.
        paths: Vec<FilePath>,
    },
    /// Outputs of the policy that the run did not release.
    OutputsNotMade {
        /// The files.
        paths: Vec<FilePath>,
    },
    /// What went in may have been false.
    InputsMayLie,
}

impl fmt::Display for NotProved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProtectedFromHost => f.write_str(
                "that the host is honest: the isolate was not protected from it, and the host \
                 could have read the data or forged this receipt",
            ),
            Self::NotDated => f.write_str("when the run was: the receipt is dated by nobody"),
            Self::ApprovalsNotShown => f.write_str(
                "the approvals themselves: the receipt has their digests, and their signatures \
                 were checked by the instance, not here",
            ),
            Self::OtherInstances => f.write_str(
                "that there were no other runs: another instance, started with the same policy, \
                 counts its own",
            ),
            Self::OneOfQuorum => f.write_str(
                "what the other isolates of the quorum found: this is the word of one of them, and \
                 the receipts of all are in a combined receipt",
            ),
            Self::InputsNotShown { paths } => {
                f.write_str("what these inputs were (they are committed, not shown): ")?;
                list(f, paths)
            }
            Self::OutputsNotShown { paths } => {
                f.write_str("what these outputs were (they are committed, not shown): ")?;
                list(f, paths)
            }
            Self::OutputsNotMade { paths } => {
                f.write_str("anything about these outputs, which the run did not release: ")?;
                list(f, paths)
            }
            Self::InputsMayLie => {
                f.write_str("that the inputs were true: a provider may upload what it likes")
            }
        }
    }
}

/// `a, b and c`.
fn list(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        match index {
            0 => {}
            _ if index.checked_add(1) == Some(items.len()) => f.write_str(" and ")?,
            _ => f.write_str(", ")?,
        }
        item.fmt(f)?;
    }
    Ok(())
}
