//! The one kind of certificate that either end may show: X.509 v3 over an ECDSA P-256 key.

use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};

/// A SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point's coordinates:
/// id-ecPublicKey, secp256r1, a BIT STRING of 65 bytes that begins with 0x04 (RFC 5480).
const P256_SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const P256_SPKI_LEN: usize = P256_SPKI_PREFIX.len() + 64;

/// The DER SubjectPublicKeyInfo of a certificate, exactly as it stands there.
///
/// It is read by the parser that also verifies the handshake's signature, so that the key that
/// is bound into report data is the key that signed. Refuses X.509 v1, unknown critical
/// extensions, and keys other than P-256.
pub(crate) fn spki_of(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, Error> {
    let spki = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    if spki.len() != P256_SPKI_LEN || !spki.starts_with(&P256_SPKI_PREFIX) {
        return Err(CertificateError::ApplicationVerificationFailure.into());
    }
    Ok(spki.as_ref().to_vec())
}
