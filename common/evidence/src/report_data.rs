//! Report data: the 64 bytes that say what a piece of evidence is for.
//!
//! Evidence proves that some isolate runs some code. That it is *this* isolate, at the other end
//! of *this* connection, is said by its report data alone, so everything that must not be mixed
//! up goes in: the purpose, the policy, the keys, the connection, the challenge.
//!
//! `report data = SHA-512( u32be(len(item)) ‖ item, for every item in order )`
//!
//! | purpose | items |
//! |---|---|
//! | [`session`] | `"veracruz-session-v1"`, policy hash, SHA-256(server SPKI), SHA-256(client SPKI), TLS exporter, nonce |
//! | [`receipt`] | `"veracruz-receipt-v1"`, policy hash, SHA-256(server SPKI), SHA-256(receipt payload) |
//! | [`key`] | `"veracruz-key-v1"`, policy hash, SHA-256(SPKI), SHA-256(verifier's EAR key SPKI), verifier's nonce |
//!
//! SPKI is the DER of an X.509 SubjectPublicKeyInfo. The TLS exporter is that of RFC 9266
//! (`EXPORTER-Channel-Binding`, empty context, 32 bytes).

use core::fmt;

use sha2::{Digest as _, Sha256, Sha512};
use veracruz_policy::PolicyHash;

use crate::hex;

/// What a piece of evidence is bound to: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportData([u8; 64]);

impl ReportData {
    /// Takes 64 bytes as they are. To compute them, see the functions of [this module](self).
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for ReportData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for ReportData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReportData({self})")
    }
}

/// A challenge: 32 bytes that whoever appraises drew at random for one appraisal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(")?;
        hex::write(&self.0, f)?;
        f.write_str(")")
    }
}

/// Report data of evidence for one attested TLS connection.
///
/// `server_spki` and `client_spki` are the DER of the keys that signed this handshake, as the
/// handshake verified them; `exporter` is the connection's; `nonce` is the client's.
pub fn session(
    policy: &PolicyHash,
    server_spki: &[u8],
    client_spki: &[u8],
    exporter: &[u8; 32],
    nonce: &Nonce,
) -> ReportData {
    hash_items(&[
        b"veracruz-session-v1",
        policy.as_bytes(),
        &Sha256::digest(server_spki),
        &Sha256::digest(client_spki),
        exporter,
        nonce.as_bytes(),
    ])
}

/// Report data of evidence for the receipt of a run, whose payload has the given SHA-256.
pub fn receipt(policy: &PolicyHash, server_spki: &[u8], payload_sha256: &[u8; 32]) -> ReportData {
    hash_items(&[
        b"veracruz-receipt-v1",
        policy.as_bytes(),
        &Sha256::digest(server_spki),
        payload_sha256,
    ])
}

/// Report data of evidence with which an isolate asks a verifier to vouch for its key.
///
/// `verifier_ear_spki` is the DER of the key with which that verifier signs its results, so that
/// evidence given to one verifier is of no use with another.
pub fn key(
    policy: &PolicyHash,
    spki: &[u8],
    verifier_ear_spki: &[u8],
    nonce: &Nonce,
) -> ReportData {
    hash_items(&[
        b"veracruz-key-v1",
        policy.as_bytes(),
        &Sha256::digest(spki),
        &Sha256::digest(verifier_ear_spki),
        nonce.as_bytes(),
    ])
}

/// The length before each item keeps two lists of items from hashing alike.
pub(crate) fn hash_items(items: &[&[u8]]) -> ReportData {
    let mut hash = Sha512::new();
    for item in items {
        // Items are labels, digests and secrets of at most 64 bytes.
        let length = u32::try_from(item.len()).unwrap_or(u32::MAX);
        hash.update(length.to_be_bytes());
        hash.update(item);
    }
    ReportData(hash.finalize().into())
}
