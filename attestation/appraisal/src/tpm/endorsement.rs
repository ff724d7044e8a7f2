//! Endorsement keys: which TPM it is, by its maker's word.

use veracruz_evidence::tpm::Endorsement;
use veracruz_policy::{KeyDigest, Timestamp};

use super::algorithm::{AES, CFB, name, strong};
use super::area::{
    Area, DECRYPT, FIXED_PARENT, FIXED_TPM, RESTRICTED, SENSITIVE_DATA_ORIGIN, SIGN,
};
use super::chain;
use crate::key::{Curve, Hash, Key};
use crate::{AppraisalError, Collateral, Fact};

/// What errors call it.
const PART: &str = "EK";

/// An endorsement key that an authority certifies, and how something is encrypted to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EndorsementKey {
    pub(super) key: Key,
    pub(super) digest: KeyDigest,
    /// The digest of its name, which is that of everything encrypted to it.
    pub(super) hash: Hash,
    /// Bytes of the AES key.
    pub(super) cipher_bytes: usize,
}

impl EndorsementKey {
    /// Checks that a chain leads from the key's certificate to one of `roots`, and that the key is
    /// of the kind that TCG's EK profile has: restricted, for decryption.
    ///
    /// The certificate says whose key it is. What the public area says besides is not signed: who
    /// lies in it gets a credential that no TPM opens.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`, `WeakDigest`, `ConfigurationNotAllowed`, and what is wrong with
    /// the certificates.
    pub(super) fn check(
        endorsement: &Endorsement,
        collateral: &Collateral,
        roots: &[KeyDigest],
        now: Timestamp,
    ) -> Result<(Self, Vec<Fact>), AppraisalError> {
        let area = Area::parse(&endorsement.public, PART)?;
        area.check_attributes(
            "EK attributes",
            FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | DECRYPT,
            SIGN,
            "fixedTPM, fixedParent, sensitiveDataOrigin, restricted and decrypt, and not sign",
        )?;
        let cipher_bytes = match area.symmetric {
            Some((AES, 128, CFB)) => 16,
            Some((AES, 256, CFB)) => 32,
            other => {
                return Err(bad_algorithm(
                    "AES-128 or AES-256 in CFB mode",
                    match other {
                        Some((cipher, bits, mode)) => {
                            format!("{} {bits}, mode {}", name(cipher), name(mode))
                        }
                        None => "no cipher".into(),
                    },
                ));
            }
        };
        let hash = match strong(area.name_algorithm, PART)? {
            Hash::Sha512 => return Err(bad_algorithm("SHA-256 or SHA-384", "SHA-512".into())),
            hash => hash,
        };
        if let Key::Ec(Curve::P521, _) = area.key {
            return Err(bad_algorithm("RSA, P-256 or P-384", "P-521".into()));
        }
        let certificates = &endorsement.certificates;
        let chain = chain::check(&chain::EK, &area.key, certificates, collateral, roots, now)?;
        let digest = area.key.digest().ok_or_else(|| AppraisalError::Malformed {
            part: PART,
            reason: "a key that cannot be written".into(),
        })?;
        let fact = |name, value| Fact { name, value };
        let mut facts = vec![
            fact("EK", digest.to_string()),
            fact("EK kind", area.key.kind().into()),
        ];
        facts.extend(chain);
        let key = Self {
            key: area.key,
            digest,
            hash,
            cipher_bytes,
        };
        Ok((key, facts))
    }
}

fn bad_algorithm(expected: &'static str, found: String) -> AppraisalError {
    AppraisalError::BadAlgorithm {
        part: PART,
        expected,
        found,
    }
}
