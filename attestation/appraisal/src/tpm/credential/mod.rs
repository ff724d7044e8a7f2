//! Credentials, made in software: `TPM2_MakeCredential` (TPM 2.0 Library, part 1, section 24,
//! credential protection; part 3, section 12.6).

mod derive;
mod seed;

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use veracruz_evidence::tpm::Credential;

use super::endorsement::EndorsementKey;
use crate::AppraisalError;
use crate::key::Hash;
use derive::kdfa;

/// Bytes of the secret.
pub(super) const SECRET_BYTES: usize = 32;
/// The most bytes from which a seed is made: those of SHA-384, or of a scalar of P-384.
pub(super) const SEED_BYTES: usize = 48;

/// Encrypts `secret` so that the TPM of `ek` gives it out for the key named `name` alone.
///
/// `random` are bytes that nobody else knows. RSA's padding takes more, of the library's own.
///
/// # Errors
/// `Malformed` where the endorsement key is none to which anything can be encrypted.
pub(super) fn make(
    ek: &EndorsementKey,
    name: &[u8],
    secret: &[u8; SECRET_BYTES],
    random: &[u8; SEED_BYTES],
) -> Result<Credential, AppraisalError> {
    make_for(ek, name, secret, random).map_err(|Unspecified| AppraisalError::Malformed {
        part: "EK",
        reason: format!(
            "a key of {} to which nothing can be encrypted",
            ek.key.kind()
        ),
    })
}

fn make_for(
    ek: &EndorsementKey,
    name: &[u8],
    secret: &[u8],
    random: &[u8; SEED_BYTES],
) -> Result<Credential, Unspecified> {
    let (seed, encrypted_seed) = seed::encrypted(ek, random)?;
    let key = kdfa(ek.hash, &seed, b"STORAGE", name, ek.cipher_bytes)?;
    let mut identity = sized(secret)?;
    encrypt(&key, &mut identity)?;
    let key = kdfa(ek.hash, &seed, b"INTEGRITY", &[], ek.hash.width())?;
    let key = hmac::Key::new(ek.hash.hmac(), &key);
    let integrity = hmac::sign(&key, &[&identity, name].concat());
    Ok(Credential {
        blob: [sized(integrity.as_ref())?, identity].concat(),
        secret: encrypted_seed,
    })
}

/// AES in CFB mode, from an initialisation vector of zeros: the key is used once.
fn encrypt(key: &[u8], text: &mut [u8]) -> Result<(), Unspecified> {
    let algorithm = if key.len() == 16 { &AES_128 } else { &AES_256 };
    let key = EncryptingKey::cfb128(UnboundCipherKey::new(algorithm, key)?)?;
    let zeros = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(text, zeros).map(drop)
}

/// A `TPM2B`.
fn sized(bytes: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let length = u16::try_from(bytes.len()).map_err(|_| Unspecified)?;
    Ok([&length.to_be_bytes(), bytes].concat())
}

impl Hash {
    /// Bytes of the digest.
    const fn width(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}
