//! Why a result was refused.

use veracruz_evidence::ReportData;
use veracruz_evidence::cose::CoseError;
use veracruz_policy::{KeyDigest, Timestamp};

use super::{LONGEST, MAX_EAR_BYTES, Tier};

/// A result that is not the expected one. Whoever carried it is at fault, or the verifier, unless
/// the caller has another policy than the isolate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EarError {
    /// Longer than any result.
    #[error("a result of {found} bytes, at most {MAX_EAR_BYTES} are taken")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// Not a result in either form.
    #[error("malformed result, {part}: {reason}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a COSE_Sign1 as it must be.
    #[error("malformed result: {0}")]
    Cose(CoseError),
    /// Signed with another algorithm than the pinned key's.
    #[error("a result signed with {found:?}, expected ES256")]
    WrongAlgorithm {
        /// What its header says.
        found: String,
    },
    /// The pinned key is none for ES256. Whoever wrote the policy is at fault.
    #[error("the verifier's key {key} is not an ECDSA key on P-256")]
    UnusableKey {
        /// Its digest.
        key: KeyDigest,
    },
    /// Signed by another key than the pinned one, as it says itself.
    #[error("a result under the key {found}, expected {expected}")]
    UntrustedKey {
        /// Digest of the pinned key.
        expected: KeyDigest,
        /// What its header says.
        found: String,
    },
    /// The pinned key did not sign this.
    #[error("the key {expected} did not sign this result")]
    BadSignature {
        /// Digest of the pinned key.
        expected: KeyDigest,
    },
    /// The profile of another kind of token.
    #[error("a token of profile {found:?}, expected {:?}", super::PROFILE)]
    WrongProfile {
        /// What it says.
        found: String,
    },
    /// Another verifier's result.
    #[error("a result of the verifier {found:?}, expected {expected:?}")]
    WrongVerifier {
        /// The name that the caller's policy has.
        expected: String,
        /// The name found.
        found: String,
    },
    /// Good for too long, or for less than no time.
    #[error("a result that is good for {found} s, expected 0 to {LONGEST}")]
    Lifetime {
        /// In seconds.
        found: i64,
    },
    /// Not yet good.
    #[error("a result from {from}, and it is {now}")]
    NotYetValid {
        /// Its time.
        from: Timestamp,
        /// The caller's time.
        now: Timestamp,
    },
    /// Not good any more.
    #[error("a result that ended at {at}, and it is {now}")]
    Expired {
        /// Its end.
        at: Timestamp,
        /// The caller's time.
        now: Timestamp,
    },
    /// For another challenge, connection, key or purpose.
    #[error("the result is bound to {found}, expected {expected}")]
    BindingMismatch {
        /// The caller's report data.
        expected: Box<ReportData>,
        /// The result's.
        found: Box<ReportData>,
    },
    /// The verifier does not say that the isolate is good.
    #[error("the result for {submod} is {found}")]
    NotGood {
        /// Which submodule.
        submod: String,
        /// Its tier.
        found: Tier,
    },
    /// Held against something else than the caller's policy.
    #[error("the evidence was held against {found:?}, expected {expected:?}")]
    PolicyMismatch {
        /// What names the caller's policy.
        expected: String,
        /// What the result names.
        found: Vec<String>,
    },
    /// About another isolate.
    #[error("the result is about the key {found:?}, expected {expected:?}")]
    KeyMismatch {
        /// Digest of the isolate's key.
        expected: Option<KeyDigest>,
        /// What the result says.
        found: Option<KeyDigest>,
    },
}
