//! Credentials: the question whether two keys are in one TPM, and its answer.
//!
//! Whoever appraises encrypts a secret to an endorsement key, for the name of an attestation key
//! (`TPM2_MakeCredential`); the TPM gives it out only where it holds both keys
//! (`TPM2_ActivateCredential`; TCG TPM 2.0 Library, part 1, section 24, credential protection).

use alloc::vec::Vec;

use crate::ReportData;
use crate::report_data::hash_items;

/// The most bytes of a `TPMS_ID_OBJECT`: two digests of at most 64 bytes, each with its length.
pub const MAX_CREDENTIAL_BLOB_BYTES: usize = 2 * (2 + 64);
/// The most bytes of an encrypted seed: what RSA with 4096 bits gives.
pub const MAX_CREDENTIAL_SECRET_BYTES: usize = 512;

/// A secret for the holder of two keys. Nothing in it is in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// `TPMS_ID_OBJECT`, `credentialBlob` without its length: the secret, encrypted, and a code
    /// that binds it to the name of the attestation key.
    pub blob: Vec<u8>,
    /// What a `TPM2B_ENCRYPTED_SECRET` holds: the seed of the keys for the blob, encrypted to the
    /// endorsement key.
    pub secret: Vec<u8>,
}

/// What the isolate answers once its TPM gave the secret out, on the connection whose evidence had
/// `report_data`.
///
/// It is not the secret itself: an isolate that gave that out would open credentials that others
/// made for its key, for whoever is a participant. And the answer on one connection is none on
/// another. `SHA-512( u32be(len(item)) ‖ item, … )` over `"veracruz-credential-v1"`, the secret and
/// the report data.
#[must_use]
pub fn credential_answer(secret: &[u8], report_data: &ReportData) -> [u8; 64] {
    *hash_items(&[b"veracruz-credential-v1", secret, report_data.as_bytes()]).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha512};

    #[test]
    fn an_answer_is_of_one_secret_and_one_connection() {
        let report_data = ReportData::from_bytes([2; 64]);
        let answer = credential_answer(&[1; 32], &report_data);
        // From the definition.
        let mut hash = Sha512::new();
        for item in [&b"veracruz-credential-v1"[..], &[1; 32], &[2; 64]] {
            hash.update(u32::try_from(item.len()).unwrap().to_be_bytes());
            hash.update(item);
        }
        assert_eq!(answer[..], hash.finalize()[..]);
        assert_ne!(answer, credential_answer(&[3; 32], &report_data));
        let other = ReportData::from_bytes([4; 64]);
        assert_ne!(answer, credential_answer(&[1; 32], &other));
    }
}
