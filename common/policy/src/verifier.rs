//! Attestation services that the parties believe.

use alloc::{string::String, vec::Vec};

use crate::{PublicKey, Timestamp};

/// Most bytes of a verifier's name: those of a DNS name.
pub const MAX_VERIFIER_NAME_BYTES: usize = 253;

/// A service that appraises the isolate by this policy and says so: by a certificate for the
/// isolate's key, which standard clients believe, and by signed attestation results.
///
/// Whoever relies on it believes its word instead of evidence on the own connection.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verifier {
    /// What the policy calls it, in the characters of a DNS name. No other verifier has it.
    pub name: String,
    /// The X.509 v3 certificate of the authority that issues the isolate's certificates, DER.
    pub ca: Vec<u8>,
    /// Start of that certificate's validity. Not checked by the parser: it has no clock.
    pub not_before: Timestamp,
    /// End of that certificate's validity.
    pub not_after: Timestamp,
    /// The key that signs attestation results (EAR): ECDSA on P-256.
    pub ear_key: PublicKey,
}
