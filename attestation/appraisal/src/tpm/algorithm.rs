//! Algorithm identifiers (TPM 2.0 Library, part 2, section 6.3).

use crate::AppraisalError;
use crate::key::Hash;

pub(super) const RSA: u16 = 0x0001;
pub(super) const SHA1: u16 = 0x0004;
pub(super) const AES: u16 = 0x0006;
pub(super) const SHA256: u16 = 0x000b;
pub(super) const SHA384: u16 = 0x000c;
pub(super) const SHA512: u16 = 0x000d;
pub(super) const NULL: u16 = 0x0010;
pub(super) const RSASSA: u16 = 0x0014;
pub(super) const RSAPSS: u16 = 0x0016;
pub(super) const ECDSA: u16 = 0x0018;
pub(super) const ECC: u16 = 0x0023;
pub(super) const CFB: u16 = 0x0043;

/// A digest algorithm that is strong enough for `part`.
///
/// # Errors
/// `WeakDigest`, `BadAlgorithm`.
pub(super) fn strong(algorithm: u16, part: &'static str) -> Result<Hash, AppraisalError> {
    match algorithm {
        SHA256 => Ok(Hash::Sha256),
        SHA384 => Ok(Hash::Sha384),
        SHA512 => Ok(Hash::Sha512),
        SHA1 => Err(AppraisalError::WeakDigest {
            part,
            found: "SHA-1".into(),
        }),
        other => Err(AppraisalError::BadAlgorithm {
            part,
            expected: "SHA-256, SHA-384 or SHA-512",
            found: name(other),
        }),
    }
}

/// For people.
pub(super) fn name(algorithm: u16) -> String {
    match algorithm {
        RSA => "RSA".into(),
        SHA1 => "SHA-1".into(),
        SHA256 => "SHA-256".into(),
        SHA384 => "SHA-384".into(),
        SHA512 => "SHA-512".into(),
        RSASSA => "RSASSA".into(),
        RSAPSS => "RSAPSS".into(),
        ECDSA => "ECDSA".into(),
        ECC => "ECC".into(),
        other => format!("TPM algorithm 0x{other:04x}"),
    }
}
