//! Digests, one type for each thing that is digested.

use alloc::string::String;
use core::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::Digest as _;

/// Length in bytes of SHA-256.
const LENGTH: usize = 32;

/// Length in bytes of SHA-384.
const LONG: usize = 48;

/// Length in bytes of SHA-512.
const LONGEST: usize = 64;

/// Characters of a digest in base32 without padding: fits a DNS label (63).
const BASE32_LENGTH: usize = 52;

/// A text is not the text form of a digest. Whoever wrote the text is at fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The text has another length.
    #[error("expected {expected} characters, found {found}")]
    Length {
        /// How many characters the text form has.
        expected: usize,
        /// How many bytes the text had.
        found: usize,
    },
    /// The text has a character that the alphabet does not have; capitals are not in it.
    #[error("{found:?} is not one of {alphabet}")]
    Character {
        /// The alphabet in words.
        alphabet: &'static str,
        /// The first character outside the alphabet.
        found: char,
    },
    /// The bits of the last character that no byte uses are not zero: another spelling of a digest.
    #[error("the last character has bits that no byte uses")]
    TrailingBits,
}

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $length:ident, $encode:ident, $decode:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The digest whose bytes these are; nothing is hashed.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&$encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                $decode(text).map(Self)
            }
        }
    };
}

digest! {
    /// What names a policy: SHA-256 over the RFC 8785 canonical form of its document.
    ///
    /// Its text form is lower-case base32 (RFC 4648) without padding, 52 characters, so that it is
    /// a DNS label. It is read strictly: one digest has one spelling.
    PolicyHash, LENGTH, base32, from_base32
}

digest! {
    /// SHA-256 of some content (a file, a program, a runtime), written as lower-case hex.
    Sha256, LENGTH, hex, from_hex
}

digest! {
    /// SHA-256 of a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), written as lower-case hex:
    /// what a participant *is*.
    KeyDigest, LENGTH, hex, from_hex
}

digest! {
    /// One isolate, named by the SHA-256 of the SubjectPublicKeyInfo of its TLS key.
    ///
    /// Same 32 bytes as the [`KeyDigest`] of that key; written as base32 like a [`PolicyHash`],
    /// since it is a DNS label too.
    InstanceId, LENGTH, base32, from_base32
}

digest! {
    /// SHA-384 of what was started, written as lower-case hex: the measurement of SEV-SNP, TDX and
    /// Nitro.
    Sha384, LONG, hex, from_hex
}

digest! {
    /// SHA-512 of what was started, written as lower-case hex: what a CCA realm may ask for.
    Sha512, LONGEST, hex, from_hex
}

/// The measurement of an isolate, in the width of its technology; lower-case hex as text.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Measurement {
    /// SHA-256: a process's runtime, MRENCLAVE, a PCR of a TPM, a PSA or CCA component.
    Sha256(Sha256),
    /// SHA-384: an SNP launch digest, MRTD, a PCR of Nitro.
    Sha384(Sha384),
    /// SHA-512: a CCA realm that asked for it, a PSA or CCA component.
    Sha512(Sha512),
}

impl Measurement {
    /// The 32, 48 or 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(digest) => digest.as_bytes(),
            Self::Sha384(digest) => digest.as_bytes(),
            Self::Sha512(digest) => digest.as_bytes(),
        }
    }

    /// A measurement of 32, 48 or 64 bytes; `None` for any other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if let Ok(bytes) = <[u8; LENGTH]>::try_from(bytes) {
            return Some(Self::Sha256(Sha256(bytes)));
        }
        if let Ok(bytes) = <[u8; LONG]>::try_from(bytes) {
            return Some(Self::Sha384(Sha384(bytes)));
        }
        let bytes = <[u8; LONGEST]>::try_from(bytes).ok()?;
        Some(Self::Sha512(Sha512(bytes)))
    }
}

impl From<Sha256> for Measurement {
    fn from(digest: Sha256) -> Self {
        Self::Sha256(digest)
    }
}

impl From<Sha384> for Measurement {
    fn from(digest: Sha384) -> Self {
        Self::Sha384(digest)
    }
}

impl From<Sha512> for Measurement {
    fn from(digest: Sha512) -> Self {
        Self::Sha512(digest)
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => digest.fmt(f),
            Self::Sha384(digest) => digest.fmt(f),
            Self::Sha512(digest) => digest.fmt(f),
        }
    }
}

impl Sha384 {
    /// Digests `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(sha2::Sha384::digest(content).into())
    }
}

impl Sha256 {
    /// Digests `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(sha2::Sha256::digest(content).into())
    }
}

impl PolicyHash {
    /// Digests a canonical form. Only the parser can make one, so only a policy has a hash.
    pub(crate) fn of_canonical(canonical: &[u8]) -> Self {
        Self(sha2::Sha256::digest(canonical).into())
    }
}

impl KeyDigest {
    /// Digests a DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Self {
        Self(sha2::Sha256::digest(spki).into())
    }
}

impl From<KeyDigest> for InstanceId {
    fn from(key: KeyDigest) -> Self {
        Self(key.0)
    }
}

impl From<InstanceId> for KeyDigest {
    fn from(instance: InstanceId) -> Self {
        Self(instance.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn base32(bytes: &[u8; LENGTH]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes);
    text.make_ascii_lowercase();
    text
}

fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], DigestError> {
    check(
        text,
        N.saturating_mul(2),
        "0-9 a-f",
        |c| matches!(c, '0'..='9' | 'a'..='f'),
    )?;
    let mut bytes = [0; N];
    match HEXLOWER.decode_mut(text.as_bytes(), &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(DigestError::TrailingBits),
    }
}

fn from_base32(text: &str) -> Result<[u8; LENGTH], DigestError> {
    check(
        text,
        BASE32_LENGTH,
        "a-z 2-7",
        |c| matches!(c, 'a'..='z' | '2'..='7'),
    )?;
    let mut bytes = [0; LENGTH];
    // The decoder refuses trailing bits, which is the one error left after `check`.
    match BASE32_NOPAD.decode_mut(text.to_ascii_uppercase().as_bytes(), &mut bytes) {
        Ok(LENGTH) => Ok(bytes),
        _ => Err(DigestError::TrailingBits),
    }
}

fn check(
    text: &str,
    expected: usize,
    alphabet: &'static str,
    allowed: fn(char) -> bool,
) -> Result<(), DigestError> {
    if let Some(found) = text.chars().find(|c| !allowed(*c)) {
        return Err(DigestError::Character { alphabet, found });
    }
    if text.len() != expected {
        return Err(DigestError::Length {
            expected,
            found: text.len(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    // `printf abc | sha256sum`, and the same through Python's base64.b32encode.
    const ABC_HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ABC_BASE32: &str = "xj4bnp4pahh6uqkbidpf3lrceoyagyndsylxvhfucd7wd4qacwwq";

    #[test]
    fn a_content_digest_is_lower_case_hex() {
        let digest = Sha256::of(b"abc");
        assert_eq!(digest.to_string(), ABC_HEX);
        assert_eq!(ABC_HEX.parse(), Ok(digest));
    }

    #[test]
    fn a_measurement_has_the_width_of_its_technology() {
        // `printf abc | sha384sum`
        let long = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                    8086072ba1e7cc2358baeca134c825a7";
        let digest = Sha384::of(b"abc");
        assert_eq!(digest.to_string(), long);
        assert_eq!(long.parse(), Ok(digest));
        assert!(long.parse::<Sha256>().is_err() && ABC_HEX.parse::<Sha384>().is_err());
        for measurement in [Sha256::of(b"abc").into(), Measurement::from(digest)] {
            assert_eq!(
                Measurement::from_slice(measurement.as_bytes()),
                Some(measurement)
            );
        }
        assert_eq!(Measurement::from_slice(&[0; 33]), None);
    }

    #[test]
    fn a_policy_hash_is_lower_case_base32() {
        let hash = PolicyHash::from_bytes(*Sha256::of(b"abc").as_bytes());
        assert_eq!(hash.to_string(), ABC_BASE32);
        assert_eq!(ABC_BASE32.parse(), Ok(hash));
    }

    #[test]
    fn refuses_capitals_padding_and_other_lengths() {
        assert!(ABC_HEX.to_uppercase().parse::<Sha256>().is_err());
        assert!(ABC_BASE32.to_uppercase().parse::<PolicyHash>().is_err());
        assert!(
            (ABC_BASE32.to_string() + "====")
                .parse::<PolicyHash>()
                .is_err()
        );
        assert!(ABC_HEX.get(..62).unwrap().parse::<Sha256>().is_err());
        assert!("".parse::<InstanceId>().is_err());
        assert!("é".repeat(26).parse::<InstanceId>().is_err());
    }

    #[test]
    fn refuses_a_second_spelling_of_a_hash() {
        // The last of 52 characters carries 4 bits that no byte uses: 'q' is 16, 'r' is 17.
        let other = ABC_BASE32.get(..51).unwrap().to_string() + "r";
        assert_eq!(other.parse::<PolicyHash>(), Err(DigestError::TrailingBits));
    }
}
