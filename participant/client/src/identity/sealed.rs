//! Keys under a passphrase: PKCS #8 with PBES2 (RFC 8018), as `openssl pkey` reads them.
//!
//! Written are scrypt and AES-256 in CBC mode. Read is what OpenSSL writes, too: PBKDF2 with
//! SHA-256, and AES with other lengths.

use std::ops::Range;
use std::path::Path;

use pkcs8::der::asn1::OctetString;
use pkcs8::der::pem::LineEnding;
use pkcs8::der::{Decode as _, SecretDocument};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{self, EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfo, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use super::pem::{PLAIN, SEALED};
use super::unusable;
use crate::error::Error;
use crate::random;

/// The cost of a guess: 16 MiB of memory, five times over. OWASP counts it equal to 128 MiB once;
/// OpenSSL takes no more than 32 MiB for a key.
const LOG_N: u8 = 14;
const BLOCK_SIZE: u32 = 8;
const PARALLELIZATION: u32 = 5;

/// Bounds of what a file may make its reader spend: 1 GiB, a few seconds.
const MAX_N: u64 = 1 << 20;
const MAX_BLOCK_SIZE: u16 = 8;
const MAX_PARALLELIZATION: u16 = 16;
const MAX_ITERATIONS: u32 = 10_000_000;

/// A plain identity with its key under `passphrase`.
pub(super) fn seal(
    path: &Path,
    plain: &str,
    passphrase: &Passphrase,
) -> Result<Zeroizing<String>, Error> {
    let failed = |error: &dyn std::fmt::Display| unusable(path, error);
    let (place, key) = block(path, plain, PLAIN)?;
    let parameters = parameters()?.map_err(|error| failed(&error))?;
    let data = parameters
        .encrypt(passphrase.bytes(), key.as_bytes())
        .map_err(|error| failed(&error))?;
    let sealed = EncryptedPrivateKeyInfo {
        encryption_algorithm: EncryptionScheme::from(parameters),
        encrypted_data: OctetString::new(data).map_err(|error| failed(&error))?,
    };
    let document = SecretDocument::try_from(&sealed).map_err(|error| failed(&error))?;
    let text = document.to_pem(SEALED, LineEnding::LF);
    replaced(plain, place, &text.map_err(|error| failed(&error))?)
        .ok_or_else(|| failed(&"its key moved"))
}

/// A sealed identity with its key in the plain.
pub(super) fn open(
    path: &Path,
    text: &str,
    passphrase: &Passphrase,
) -> Result<Zeroizing<String>, Error> {
    let failed = |error: &dyn std::fmt::Display| unusable(path, error);
    let wrong = || Error::PassphraseWrong { path: path.into() };
    let (place, key) = block(path, text, SEALED)?;
    let sealed = EncryptedPrivateKeyInfoRef::from_der(key.as_bytes())
        .map_err(|error| failed(&format_args!("its encrypted key cannot be read: {error}")))?;
    bounded(&sealed.encryption_algorithm).map_err(|reason| failed(&reason))?;
    let plain = sealed
        .decrypt(passphrase.bytes())
        .map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::DecryptFailed)
            | pkcs8::Error::Asn1(_) => wrong(),
            other => failed(&other),
        })?;
    // One wrong passphrase in 256 leaves good padding behind, and none leaves a key.
    PrivateKeyInfoRef::from_der(plain.as_bytes()).map_err(|_| wrong())?;
    let plain = plain.to_pem(PLAIN, LineEnding::LF);
    replaced(text, place, &plain.map_err(|error| failed(&error))?)
        .ok_or_else(|| failed(&"its key moved"))
}

/// With a fresh salt.
fn parameters() -> Result<pkcs5::Result<Parameters>, Error> {
    let salt = random::secret::<16>()?;
    let iv = random::secret::<16>()?;
    let cost = scrypt::Params::new(LOG_N, BLOCK_SIZE, PARALLELIZATION);
    let cost = cost.map_err(|error| Error::Machine {
        reason: format!("no parameters of scrypt: {error}"),
    })?;
    Ok(Parameters::generate_scrypt_aes256cbc(cost, &*salt, *iv))
}

/// Refuses what would take its reader's memory or its day.
fn bounded(scheme: &EncryptionScheme) -> Result<(), &'static str> {
    let kdf = match scheme {
        EncryptionScheme::Pbes2(parameters) => &parameters.kdf,
        _ => return Err("its key is encrypted in a way that is no longer safe"),
    };
    let fits = match kdf {
        Kdf::Scrypt(cost) => {
            (2..=MAX_N).contains(&cost.cost_parameter)
                && cost.cost_parameter.is_power_of_two()
                && (1..=MAX_BLOCK_SIZE).contains(&cost.block_size)
                && (1..=MAX_PARALLELIZATION).contains(&cost.parallelization)
        }
        Kdf::Pbkdf2(cost) => (1..=MAX_ITERATIONS).contains(&cost.iteration_count),
        _ => return Err("its passphrase is hashed in a way that is not known here"),
    };
    fits.then_some(())
        .ok_or("trying a passphrase on its key would take too much memory or time")
}

/// Where the block with this label stands, and what is in it.
fn block(path: &Path, text: &str, label: &str) -> Result<(Range<usize>, SecretDocument), Error> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let place = text.find(&begin).and_then(|start| {
        let length = text.get(start..)?.find(&end)?;
        Some(start..start.checked_add(length)?.checked_add(end.len())?)
    });
    let damaged = || unusable(path, &format_args!("its block {label:?} is damaged"));
    let place = place.ok_or_else(damaged)?;
    let block = text.get(place.clone()).ok_or_else(damaged)?;
    let (_, document) = SecretDocument::from_pem(block).map_err(|_| damaged())?;
    Ok((place, document))
}

/// `text` with `block` at that place.
fn replaced(text: &str, place: Range<usize>, block: &str) -> Option<Zeroizing<String>> {
    let room = text.len().saturating_add(block.len());
    // Sized at once: a string that grows would leave the key in memory that it gave back.
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.push_str(text.get(..place.start)?);
    out.push_str(block.trim_end());
    out.push_str(text.get(place.end..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, ScryptParams};

    fn scheme(kdf: Kdf) -> EncryptionScheme {
        let mut parameters = parameters().unwrap().unwrap();
        parameters.kdf = kdf;
        parameters.into()
    }

    #[test]
    fn what_is_written_here_may_be_read_here() {
        assert_eq!(bounded(&parameters().unwrap().unwrap().into()), Ok(()));
        // What `openssl` writes unless told otherwise.
        let openssl = Pbkdf2Params::hmac_sha256(2048, &[0; 8]).unwrap();
        assert_eq!(bounded(&scheme(openssl.into())), Ok(()));
    }

    #[test]
    fn refuses_costs_that_would_stop_its_reader() {
        let cost = scrypt::Params::new(LOG_N, BLOCK_SIZE, PARALLELIZATION).unwrap();
        let good = ScryptParams::from_params_and_salt(cost, &[0; 16]).unwrap();
        for (n, r, p) in [
            (0, 8, 1),
            (1, 8, 1),
            (3, 8, 1),
            (1 << 21, 8, 1),
            (1 << 14, 0, 1),
            (1 << 14, 9, 1),
            (1 << 14, 8, 0),
            (1 << 14, 8, 17),
        ] {
            let mut bad = good;
            (bad.cost_parameter, bad.block_size, bad.parallelization) = (n, r, p);
            assert!(bounded(&scheme(bad.into())).is_err(), "{n} {r} {p}");
        }
        let days = Pbkdf2Params::hmac_sha256(100_000_000, &[0; 8]).unwrap();
        assert!(bounded(&scheme(days.into())).is_err());
    }
}
