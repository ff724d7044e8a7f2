//! A computation that several isolates carry out, and whose outputs count where all of them agree.

use alloc::vec::Vec;

use sha2::Digest as _;

use crate::{InstanceId, IsolateKind, Policy, Sha256};

/// Most isolates of a quorum.
pub const MAX_QUORUM: usize = 8;

/// The label of [`QuorumSet::id`].
const SET_LABEL: &[u8] = b"veracruz-quorum-set-v1";

/// One isolate of a quorum: its key, and what it is.
///
/// That the kind is right is appraised by participants, who sign it; isolates believe their word.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct QuorumMember {
    /// Its key.
    pub instance: InstanceId,
    /// Its kind.
    pub kind: IsolateKind,
}

/// The isolates of one quorum: one of each kind that the policy demands, in the policy's order, so
/// that there is one way to write a set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QuorumSet(Vec<QuorumMember>);

/// Why isolates are not the quorum of a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError {
    /// The policy demands one isolate.
    #[error("the policy has no quorum")]
    NoQuorum,
    /// There are too few or too many.
    #[error("expected {expected} isolates, one of each kind of the policy's quorum, found {found}")]
    Count {
        /// As many as the policy demands.
        expected: usize,
        /// As many as there are.
        found: usize,
    },
    /// An isolate of another kind than its place demands.
    #[error("expected an isolate of the kind {expected}, found one of the kind {found}")]
    Kind {
        /// What the policy demands at this place.
        expected: IsolateKind,
        /// What is there.
        found: IsolateKind,
    },
    /// One isolate stands for two.
    #[error("isolate {instance} is named twice")]
    Twice {
        /// The isolate.
        instance: InstanceId,
    },
}

impl QuorumSet {
    /// The quorum of `policy` that consists of `members`.
    ///
    /// # Errors
    /// Where they are not one isolate of each kind of [`Policy::quorum`], in that order.
    pub fn new(policy: &Policy, members: &[QuorumMember]) -> Result<Self, QuorumError> {
        let kinds = policy.quorum();
        if kinds.is_empty() {
            return Err(QuorumError::NoQuorum);
        }
        if members.len() != kinds.len() {
            return Err(QuorumError::Count {
                expected: kinds.len(),
                found: members.len(),
            });
        }
        for (index, (member, expected)) in members.iter().zip(kinds).enumerate() {
            if member.kind != *expected {
                return Err(QuorumError::Kind {
                    expected: *expected,
                    found: member.kind,
                });
            }
            let mut earlier = members.iter().take(index);
            if earlier.any(|other| other.instance == member.instance) {
                return Err(QuorumError::Twice {
                    instance: member.instance,
                });
            }
        }
        Ok(Self(members.to_vec()))
    }

    /// The members, in the policy's order.
    #[must_use]
    pub fn members(&self) -> &[QuorumMember] {
        &self.0
    }

    /// Whether this isolate is one of them.
    #[must_use]
    pub fn contains(&self, instance: &InstanceId) -> bool {
        self.0.iter().any(|member| member.instance == *instance)
    }

    /// A name for the set: SHA-256 of `"veracruz-quorum-set-v1"` and, of each member in order, the
    /// name of its kind and its instance; each item with its length as u32 big-endian before it.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        let mut hash = sha2::Sha256::new();
        let mut item = |bytes: &[u8]| {
            // Labels, names and digests of at most 32 bytes.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            hash.update(length.to_be_bytes());
            hash.update(bytes);
        };
        item(SET_LABEL);
        for member in &self.0 {
            item(member.kind.name().as_bytes());
            item(member.instance.as_bytes());
        }
        Sha256::from_bytes(hash.finalize().into())
    }
}
