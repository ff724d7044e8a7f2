//! COSE_Sign1 (RFC 9052 section 4.2) with ES256 (RFC 9053 section 2.1), and nothing else.
//!
//! Stricter than the RFCs, so that signed bytes have one reading:
//! - always tag 18, always deterministic CBOR ([`crate::cbor`]), always an attached payload;
//! - the algorithm stands in the protected header alone and is ES256; nobody chooses another;
//! - no header is understood as critical, so any `crit` is refused (RFC 9052 section 3.1);
//! - no label stands in both headers, none but integers are allowed.
//!
//! Both values of `s` that satisfy the equation are accepted: RFC 9053 does not want the smaller
//! one, and TPMs, secure elements and the TLS library, all of which sign in this system, give
//! either. So for each signature a second valid one can be made by anyone. Therefore nothing here
//! recognises a message by its signature: receipts and evidence are told apart by their payloads.
//!
//! ```
//! use p256::ecdsa::SigningKey;
//! use veracruz_evidence::cose::{Sign1, sign1};
//!
//! let key = SigningKey::from_slice(&[7; 32])?;
//! let signed = sign1(|_headers| {}, b"payload", &key);
//! let parsed = Sign1::parse(&signed)?;
//! assert_eq!(parsed.verify(key.verifying_key())?, b"payload");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::vec::Vec;

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

use crate::cbor::{CborError, MapWriter, Reader, Writer};

/// `COSE_Sign1_Tagged`.
const TAG: u64 = 18;
/// Header label `alg`.
const ALG: i64 = 1;
/// Header label `crit`.
const CRIT: i64 = 2;
/// The algorithm ES256: ECDSA with P-256 and SHA-256.
const ES256: i64 = -7;
/// More headers than this are nobody's: bounds the work on the unprotected header.
const MAX_HEADERS: usize = 16;
/// Private protected header: the DER SubjectPublicKeyInfo of the key that signed. It says which key
/// to try; whether that key is to be believed is another question.
pub const SPKI_HEADER: i64 = -70001;
/// Bytes of a signature: r ‖ s.
pub const SIGNATURE_BYTES: usize = 64;

/// A message that is not a COSE_Sign1 of the kind this module takes, or whose signature is wrong.
/// Whoever made or carried the bytes is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoseError {
    /// Not deterministic CBOR, or not in the shape of a COSE_Sign1.
    #[error("not a COSE_Sign1: {0}")]
    Malformed(#[from] CborError),
    /// The protected header names no algorithm.
    #[error("the protected header names no algorithm, expected ES256 (-7)")]
    NoAlgorithm,
    /// The protected header names another algorithm than ES256.
    #[error("the protected header names algorithm {found}, expected ES256 (-7)")]
    WrongAlgorithm {
        /// The COSE algorithm number found.
        found: i64,
    },
    /// The unprotected header has `alg` or `crit`, which only a signed header may have.
    #[error("the unprotected header has label {label}, which must be protected")]
    MustBeProtected {
        /// The label found.
        label: i64,
    },
    /// A label stands in the protected and in the unprotected header.
    #[error("label {label} stands in both headers")]
    LabelTwice {
        /// The label.
        label: i64,
    },
    /// The sender says that headers must be understood; none of them is.
    #[error("the message has critical headers, and none is understood")]
    CriticalHeader,
    /// The signature is not one by the given key over these bytes.
    #[error("the signature was not made by this key over these bytes")]
    BadSignature,
}

/// A parsed COSE_Sign1 whose signature was not checked yet.
#[derive(Clone, Debug)]
pub struct Sign1<'b> {
    /// The protected header's map, as it was signed.
    protected: &'b [u8],
    unprotected_is_empty: bool,
    payload: &'b [u8],
    signature: [u8; SIGNATURE_BYTES],
}

impl<'b> Sign1<'b> {
    /// Reads a COSE_Sign1. `bytes` should be bounded by the caller: nothing is copied.
    ///
    /// # Errors
    /// Everything in [`CoseError`] but `BadSignature`.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, CoseError> {
        let mut reader = Reader::new(bytes)?;
        reader.tag(TAG, "tag 18 (COSE_Sign1)")?;
        reader.tuple(4)?;
        let protected = reader.bytes(usize::MAX)?;
        let protected_labels = check_protected(protected)?;
        let unprotected_labels = labels(&mut reader)?;
        let payload = reader.bytes(usize::MAX)?;
        let signature = reader.byte_array()?;
        for label in &unprotected_labels {
            if [ALG, CRIT].contains(label) {
                return Err(CoseError::MustBeProtected { label: *label });
            }
            if protected_labels.contains(label) {
                return Err(CoseError::LabelTwice { label: *label });
            }
        }
        let unprotected_is_empty = unprotected_labels.is_empty();
        Ok(Self {
            protected,
            unprotected_is_empty,
            payload,
            signature,
        })
    }

    /// Whether the unprotected header is empty. Formats that want one encoding require it.
    pub fn unprotected_is_empty(&self) -> bool {
        self.unprotected_is_empty
    }

    /// The value of a protected header, undecoded, or `None` where there is no such label.
    /// A claim, as long as the signature was not checked.
    pub fn unverified_header(&self, label: i64) -> Option<&'b [u8]> {
        header(self.protected, label)
    }

    /// How many protected headers there are.
    pub fn header_count(&self) -> usize {
        Reader::new(self.protected)
            .and_then(|mut r| r.map(MAX_HEADERS))
            .unwrap_or_default()
    }

    /// The payload, before anyone knows whether its signature is right.
    pub fn unverified_payload(&self) -> &'b [u8] {
        self.payload
    }

    /// Checks the signature and gives the payload.
    ///
    /// # Errors
    /// `BadSignature`.
    pub fn verify(&self, key: &VerifyingKey) -> Result<&'b [u8], CoseError> {
        let signature =
            Signature::from_slice(&self.signature).map_err(|_| CoseError::BadSignature)?;
        let signed = sig_structure(self.protected, self.payload);
        key.verify(&signed, &signature)
            .map_err(|_| CoseError::BadSignature)?;
        Ok(self.payload)
    }
}

/// Reads a COSE_Sign1, checks its signature, gives the payload.
///
/// # Errors
/// Everything in [`CoseError`].
pub fn verify1<'b>(bytes: &'b [u8], key: &VerifyingKey) -> Result<&'b [u8], CoseError> {
    Sign1::parse(bytes)?.verify(key)
}

/// Signs `payload` with a key in memory; deterministic (RFC 6979), so no randomness is needed.
///
/// `headers` adds protected headers; `alg` is added here.
pub fn sign1(headers: impl FnOnce(&mut MapWriter), payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let unsigned = Unsigned::new(headers, payload);
    let signature: Signature = key.sign(&unsigned.to_be_signed());
    unsigned.signed(&signature.to_bytes().into())
}

/// A COSE_Sign1 that lacks its signature: for keys that are not in this process's memory, or in
/// another library's hands.
///
/// ```
/// use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
/// use veracruz_evidence::cose::{Unsigned, verify1};
///
/// # let key = SigningKey::from_slice(&[7; 32])?;
/// let unsigned = Unsigned::new(|_headers| {}, b"payload");
/// let signature: Signature = key.sign(&unsigned.to_be_signed()); // SHA-256 is part of ES256
/// let message = unsigned.signed(&signature.to_bytes().into());
/// assert_eq!(verify1(&message, key.verifying_key())?, b"payload");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Unsigned {
    protected: Vec<u8>,
    payload: Vec<u8>,
}

impl Unsigned {
    /// Prepares a message; `headers` adds protected headers, and `alg` is added here.
    pub fn new(headers: impl FnOnce(&mut MapWriter), payload: &[u8]) -> Self {
        let protected = Writer::encode(|w| {
            w.map(|m| {
                headers(m);
                m.int(ALG, |w| w.integer(ES256));
            });
        });
        Self {
            protected,
            payload: payload.into(),
        }
    }

    /// The bytes to sign with ECDSA, P-256 and SHA-256 (which is the signer's to apply).
    pub fn to_be_signed(&self) -> Vec<u8> {
        sig_structure(&self.protected, &self.payload)
    }

    /// The finished message; `signature` is r ‖ s, 32 bytes each, big-endian.
    pub fn signed(&self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
        Writer::encode(|w| {
            w.tag(TAG);
            w.array(4);
            w.bytes(&self.protected);
            w.map(|_| {});
            w.bytes(&self.payload);
            w.bytes(signature);
        })
    }
}

/// `Sig_structure` of RFC 9052 section 4.4, without external data.
fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    Writer::encode(|w| {
        w.array(4);
        w.text("Signature1");
        w.bytes(protected);
        w.bytes(&[]);
        w.bytes(payload);
    })
}

fn check_protected(protected: &[u8]) -> Result<Vec<i64>, CoseError> {
    // An empty map is written as an empty string (RFC 9052 section 3).
    if protected.is_empty() {
        return Err(CoseError::NoAlgorithm);
    }
    let mut reader = Reader::new(protected)?;
    let labels = labels(&mut reader)?;
    if labels.contains(&CRIT) {
        return Err(CoseError::CriticalHeader);
    }
    let algorithm = header(protected, ALG).ok_or(CoseError::NoAlgorithm)?;
    match Reader::new(algorithm)?.integer()? {
        ES256 => Ok(labels),
        found => Err(CoseError::WrongAlgorithm { found }),
    }
}

/// The value of `label` in a header map that was checked before.
fn header(map: &[u8], label: i64) -> Option<&[u8]> {
    let mut reader = Reader::new(map).ok()?;
    for _ in 0..reader.map(MAX_HEADERS).ok()? {
        let found = reader.integer().ok()?;
        let value = reader.item().ok()?;
        if found == label {
            return Some(value);
        }
    }
    None
}

/// The labels of a header map, which the reader steps over.
fn labels(reader: &mut Reader<'_>) -> Result<Vec<i64>, CborError> {
    (0..reader.map(MAX_HEADERS)?)
        .map(|_| {
            let label = reader.integer()?;
            reader.item()?;
            Ok(label)
        })
        .collect()
}
