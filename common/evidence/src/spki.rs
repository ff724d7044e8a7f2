//! The one encoding of a P-256 public key that is used everywhere: DER SubjectPublicKeyInfo.
//!
//! RFC 5480 gives a P-256 key on a named curve with an uncompressed point exactly one DER
//! encoding of 91 bytes, so it is compared and built as bytes; no ASN.1 parser is needed. A key is
//! known by the SHA-256 of these bytes, so a second encoding of the same key would be a second
//! name for it: compressed points and explicit curve parameters are refused.

use p256::ecdsa::VerifyingKey;

/// Length of the DER of a P-256 SubjectPublicKeyInfo.
pub const P256_SPKI_BYTES: usize = 91;

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING (66 bytes, none unused) }.
const PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Reads the DER of a P-256 SubjectPublicKeyInfo: the point must be on the curve.
///
/// # Errors
/// [`NotP256Spki`] for everything else, other encodings of the same key included.
pub fn parse_p256(der: &[u8]) -> Result<VerifyingKey, NotP256Spki> {
    let point = der.strip_prefix(&PREFIX).ok_or(NotP256Spki)?;
    // 0x04: uncompressed (SEC 1 section 2.3.3).
    if point.len() != 65 || point.first() != Some(&0x04) {
        return Err(NotP256Spki);
    }
    VerifyingKey::from_sec1_bytes(point).map_err(|_| NotP256Spki)
}

/// The DER of the SubjectPublicKeyInfo of a P-256 key.
pub fn of_p256(key: &VerifyingKey) -> [u8; P256_SPKI_BYTES] {
    let mut der = [0; P256_SPKI_BYTES];
    let point = key.to_sec1_point(false);
    for (to, from) in der.iter_mut().zip(PREFIX.iter().chain(point.as_bytes())) {
        *to = *from;
    }
    der
}

/// Bytes that are not the DER of a P-256 SubjectPublicKeyInfo with an uncompressed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the DER SubjectPublicKeyInfo of a P-256 key with an uncompressed point")]
pub struct NotP256Spki;
