//! What a CoRIM holds, apart from how it is encoded.

use veracruz_policy::{KeyDigest, Measurement, PublicKey, Timestamp};

use crate::AppraisalError;

/// A file with reference values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corim {
    pub(super) id: String,
    pub(super) profile: Option<String>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) signature: CorimSignature,
    pub(super) values: Vec<ReferenceValue>,
    pub(super) keys: Vec<AttestationKey>,
    pub(super) left_out: usize,
}

/// What is known of a CoRIM's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorimSignature {
    /// There is none.
    Absent,
    /// There is one, and nobody said whose it should be.
    NotChecked,
    /// By the key that the caller named.
    Good,
}

/// What something measures to, or is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReferenceValue {
    pub(super) environment: Environment,
    /// The measured element's key, or the name of an integrity register.
    pub(super) key: Option<String>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Digest(Measurement),
    Raw(Vec<u8>),
}

/// A key that signs evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttestationKey {
    pub(super) environment: Environment,
    /// The key of a condition, in our own profile the policy's field.
    pub(super) key: Option<String>,
    pub(super) value: KeyValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyValue {
    /// The key itself.
    Key(PublicKey),
    /// SHA-256 of its SPKI.
    Thumbprint(KeyDigest),
}

/// What a value is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) class_id: Option<ClassId>,
    pub(super) model: Option<String>,
    pub(super) instance: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClassId {
    /// An implementation id in Veraison's own tag of before.
    PsaImplementation(Vec<u8>),
    Bytes(Vec<u8>),
    /// A UUID, an object identifier: nothing that evidence is compared with.
    Other,
}

impl ClassId {
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::PsaImplementation(bytes) | Self::Bytes(bytes) => Some(bytes),
            Self::Other => None,
        }
    }
}

impl Corim {
    /// Its id: text, or hex of a UUID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The profile that says how it is to be read.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// What is known of its signature.
    #[must_use]
    pub const fn signature(&self) -> CorimSignature {
        self.signature
    }

    /// How many parts of it say something that this version does not use: other kinds of tags and
    /// triples, digests that no policy can name. It accepts less for them, never more.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether it is valid at `now`.
    ///
    /// # Errors
    /// `NotYetValid`, `Expired`.
    pub fn check_dates(&self, now: Timestamp) -> Result<(), AppraisalError> {
        const PART: &str = "CoRIM";
        match (self.not_before, self.not_after) {
            (Some(from), _) if now < from => Err(AppraisalError::NotYetValid {
                part: PART,
                from,
                now,
            }),
            (_, Some(until)) if now > until => Err(AppraisalError::Expired {
                part: PART,
                until,
                now,
            }),
            _ => Ok(()),
        }
    }
}

pub(super) fn malformed(reason: impl Into<String>) -> AppraisalError {
    AppraisalError::Malformed {
        part: "CoRIM",
        reason: reason.into(),
    }
}
