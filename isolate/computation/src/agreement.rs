//! What an isolate of a quorum says to the others about a run: signed, and carried by participants.
//!
//! COSE_Sign1 (`veracruz_evidence::cose`) whose protected headers are the algorithm, the type
//! `application/vnd.veracruz.agreement+cose` and the isolate's key, and whose payload is
//!
//! ```text
//! { 1 => policy hash, 2 => run, 3 => quorum (QuorumSet::id), 4 => instance, 5 => tag }
//! ```
//!
//! in deterministic CBOR; everything but the run is 32 bytes. The type keeps a signature for another
//! purpose from being an agreement, and an agreement from being anything else.

use alloc::vec::Vec;

use veracruz_evidence::{
    cbor::{Reader, Writer},
    cose::{SIGNATURE_BYTES, SPKI_HEADER, Sign1, Unsigned},
    spki,
};
use veracruz_policy::{InstanceId, KeyDigest, PolicyHash, Sha256};
use veracruz_protocol::{limits, media};

/// The header `typ` (RFC 9596).
const TYP: i64 = 16;

const POLICY: i64 = 1;
const RUN: i64 = 2;
const QUORUM: i64 = 3;
const INSTANCE: i64 = 4;
const TAG: i64 = 5;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The policy of the run.
    pub policy: PolicyHash,
    /// The run, which has one number in all isolates of a quorum.
    pub run: u32,
    /// The name of the quorum.
    pub quorum: Sha256,
    /// Who says it.
    pub instance: InstanceId,
    /// What it found, under a key that only isolates with all shares have.
    pub tag: [u8; 32],
}

/// An agreement whose form is right. Who said it is not known before its signature is verified.
#[derive(Clone, Debug)]
pub struct Unheard<'b> {
    said: Agreement,
    spki: &'b [u8],
    signed: Sign1<'b>,
}

/// The bytes are not an agreement, or nobody signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// Whoever carried it changed it, or took something else for it.
    #[error("not an agreement in its one encoding")]
    Malformed,
    /// The key in it is not the instance that it names.
    #[error("the key in the agreement is not that of the isolate that it names")]
    OtherKey,
    /// The signature is wrong.
    #[error("the signature is not one by the isolate that it names")]
    BadSignature,
}

impl Agreement {
    /// What is to be signed by the key with this SubjectPublicKeyInfo (DER), the isolate's own.
    #[must_use]
    pub fn unsigned(&self, spki: &[u8]) -> UnsignedAgreement {
        let payload = Writer::encode(|w| {
            w.map(|m| {
                m.int(POLICY, |w| w.bytes(self.policy.as_bytes()));
                m.int(RUN, |w| w.unsigned(self.run.into()));
                m.int(QUORUM, |w| w.bytes(self.quorum.as_bytes()));
                m.int(INSTANCE, |w| w.bytes(self.instance.as_bytes()));
                m.int(TAG, |w| w.bytes(&self.tag));
            });
        });
        UnsignedAgreement(Unsigned::new(
            |headers| {
                headers.int(TYP, |w| w.text(media::AGREEMENT));
                headers.int(SPKI_HEADER, |w| w.bytes(spki));
            },
            &payload,
        ))
    }
}

/// An agreement that lacks its signature.
#[derive(Clone, Debug)]
pub struct UnsignedAgreement(Unsigned);

impl UnsignedAgreement {
    /// The bytes to sign with ECDSA, P-256 and SHA-256 (which is the signer's to apply).
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        self.0.to_be_signed()
    }

    /// The message, with its signature (r ‖ s).
    #[must_use]
    pub fn signed(self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
        self.0.signed(signature)
    }
}

impl<'b> Unheard<'b> {
    /// Reads a message of at most [`limits::AGREEMENT_BYTES`].
    ///
    /// # Errors
    /// [`AgreementError::Malformed`].
    pub fn parse(bytes: &'b [u8]) -> Result<Self, AgreementError> {
        if bytes.len() > limits::AGREEMENT_BYTES {
            return Err(AgreementError::Malformed);
        }
        let signed = Sign1::parse(bytes).map_err(|_| AgreementError::Malformed)?;
        let spki = key_header(&signed).ok_or(AgreementError::Malformed)?;
        let said = payload(signed.unverified_payload()).ok_or(AgreementError::Malformed)?;
        Ok(Self { said, spki, signed })
    }

    /// What it says, before anyone knows who says it.
    #[must_use]
    pub const fn unverified(&self) -> &Agreement {
        &self.said
    }

    /// What it says, said by the isolate that it names. Whether that one may speak is the caller's
    /// to know.
    ///
    /// # Errors
    /// [`AgreementError::OtherKey`], [`AgreementError::BadSignature`].
    pub fn verify(self) -> Result<Agreement, AgreementError> {
        if InstanceId::from(KeyDigest::of_spki(self.spki)) != self.said.instance {
            return Err(AgreementError::OtherKey);
        }
        let key = spki::parse_p256(self.spki).map_err(|_| AgreementError::OtherKey)?;
        self.signed
            .verify(&key)
            .map_err(|_| AgreementError::BadSignature)?;
        Ok(self.said)
    }
}

/// The key; `None` unless exactly algorithm, type and key are protected, and nothing else is there.
fn key_header<'b>(signed: &Sign1<'b>) -> Option<&'b [u8]> {
    if !signed.unprotected_is_empty() || signed.header_count() != 3 {
        return None;
    }
    let typ = Reader::new(signed.unverified_header(TYP)?).ok()?.text(64);
    if typ != Ok(media::AGREEMENT) {
        return None;
    }
    let header = signed.unverified_header(SPKI_HEADER)?;
    Reader::new(header).ok()?.bytes(spki::P256_SPKI_BYTES).ok()
}

fn payload(bytes: &[u8]) -> Option<Agreement> {
    let mut r = Reader::new(bytes).ok()?;
    if r.map(5).ok()? != 5 {
        return None;
    }
    r.key(POLICY, "policy").ok()?;
    let policy = PolicyHash::from_bytes(r.byte_array().ok()?);
    r.key(RUN, "run").ok()?;
    let run = r.unsigned32().ok()?;
    r.key(QUORUM, "quorum").ok()?;
    let quorum = Sha256::from_bytes(r.byte_array().ok()?);
    r.key(INSTANCE, "instance").ok()?;
    let instance = InstanceId::from_bytes(r.byte_array().ok()?);
    r.key(TAG, "tag").ok()?;
    let tag = r.byte_array().ok()?;
    Some(Agreement {
        policy,
        run,
        quorum,
        instance,
        tag,
    })
}
