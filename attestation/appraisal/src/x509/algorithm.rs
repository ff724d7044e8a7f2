//! The algorithms with which certificates and lists are signed.

use x509_cert::der::Encode as _;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::key::{Hash, Scheme};

/// How a vendor signs certificates. Which one is right follows from the vendor, never from the
/// certificate alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedWith {
    /// ecdsa-with-SHA256, RFC 5758 section 3.2.
    EcdsaSha256,
    /// ecdsa-with-SHA384.
    EcdsaSha384,
    /// sha256WithRSAEncryption, RFC 4055 section 5.
    RsaSha256,
    /// id-RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes, RFC 4055 section 3.1.
    RsaPssSha384,
}

/// AlgorithmIdentifiers, DER, whole: an identifier has one meaning, so it is compared as bytes.
const KNOWN: &[(SignedWith, &[u8])] = &[
    (
        SignedWith::EcdsaSha256,
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
    ),
    (
        SignedWith::EcdsaSha384,
        b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
    ),
    (
        SignedWith::RsaSha256,
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
    ),
    (
        SignedWith::RsaPssSha384,
        b"\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\
          \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
          \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
          \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
          \xa2\x03\x02\x01\x30",
    ),
    // The same with the default of the trailer field written out, as AMD did for some years.
    (
        SignedWith::RsaPssSha384,
        b"\x30\x46\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x39\
          \xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
          \xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\
          \x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\
          \xa2\x03\x02\x01\x30\xa3\x03\x02\x01\x01",
    ),
];

impl SignedWith {
    /// What an identifier says; `None` where it is none of these.
    pub(crate) fn read(identifier: &AlgorithmIdentifierOwned) -> Option<Self> {
        let der = identifier.to_der().ok()?;
        let (known, _) = KNOWN.iter().find(|(_, known)| *known == der.as_slice())?;
        Some(*known)
    }

    /// How the signature is verified.
    pub(crate) const fn scheme(self) -> Scheme {
        match self {
            Self::EcdsaSha256 => Scheme::EcdsaDer(Hash::Sha256),
            Self::EcdsaSha384 => Scheme::EcdsaDer(Hash::Sha384),
            Self::RsaSha256 => Scheme::RsaPkcs1(Hash::Sha256),
            Self::RsaPssSha384 => Scheme::RsaPss(Hash::Sha384),
        }
    }

    /// The name in its specification.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EcdsaSha256 => "ecdsa-with-SHA256",
            Self::EcdsaSha384 => "ecdsa-with-SHA384",
            Self::RsaSha256 => "sha256WithRSAEncryption",
            Self::RsaPssSha384 => "RSASSA-PSS with SHA-384 and a salt of 48 bytes",
        }
    }
}
