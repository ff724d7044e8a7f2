//! Attestation results of a verifier: EAR, draft-ietf-rats-ear-04, with the AR4SI vector
//! (draft-ietf-rats-ar4si) and the claims that say what the result is about.
//!
//! An EAR is a passport: it says that a verifier found some isolate good. Whoever takes one trusts
//! that verifier as it would trust its own appraisal, so [`Ear::read`] wants to know beforehand
//! whose it must be, what it must be bound to, for which policy and for which key. A result without
//! the key could be shown by anybody else.
//!
//! Both forms are read and written: JWT (RFC 7519) and CWT (RFC 8392), ES256 alone, and strictly:
//! a claim that is not expected is refused, since what it would mean is not known.
//!
//! | claim | JWT | CWT | here |
//! |---|---|---|---|
//! | profile | `eat_profile` | 265 | [`PROFILE`] |
//! | issued, expires | `iat`, `exp` | 6, 4 | seconds since 1970; at most [`LONGEST`] apart |
//! | verifier | `ear_verifier_id` | 1004 | its name as policies have it, and its software |
//! | nonce | `eat_nonce` | 10 | the 64 bytes of report data |
//! | results | `submods` | 266 | one for each piece of evidence, by its technology |
//! | … status | `ear_status` | 1000 | the worst tier in the vector |
//! | … vector | `ear_trustworthiness_vector` | 1001 | [`TrustVector`] |
//! | … policies | `ear_appraisal_policy_ids` | 1003 | [`policy_id`] of the policy that it was held against |
//! | … attester's claims | `ear_attester_claims` | 1005 | [`AttesterClaims`] |

mod cwt;
mod error;
mod expected;
mod jwt;
mod result;
mod vector;

pub use error::EarError;
pub use expected::Expected;
pub use result::{AttesterClaims, Ear, Submod, VerifierId, policy_id};
pub use vector::{Tier, TrustClaim, TrustVector};

/// `eat_profile` of every result: draft-ietf-rats-ear-04, section 3.
pub const PROFILE: &str = "tag:ietf.org,2026:rats/ear#04";

/// The media type of a result as JWT (RFC 9782).
pub const JWT_MEDIA_TYPE: &str =
    "application/eat+jwt; eat_profile=\"tag:ietf.org,2026:rats/ear#04\"";

/// The media type of a result as CWT (RFC 9782).
pub const CWT_MEDIA_TYPE: &str =
    "application/eat+cwt; eat_profile=\"tag:ietf.org,2026:rats/ear#04\"";

/// The longest time for which a result is good, in seconds. Longer ones are refused: whoever holds
/// one can show it until it ends.
pub const LONGEST: i64 = 15 * 60;

/// The longest result that is read, in bytes.
pub const MAX_EAR_BYTES: usize = 16 * 1024;

/// The most submodules of a result.
pub const MAX_SUBMODS: usize = 16;
