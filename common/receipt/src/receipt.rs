//! The file: a signed payload and the evidence over it.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use veracruz_evidence::cbor::{Reader, Writer};
use veracruz_evidence::cose::{SIGNATURE_BYTES, SPKI_HEADER, Sign1, Unsigned};
use veracruz_evidence::{Evidence, MAX_EVIDENCE_BYTES, ReportData, report_data, spki};
use veracruz_policy::{InstanceId, KeyDigest};

use crate::format::{self, VERSION};
use crate::{ReceiptError, ReceiptPayload};

/// The longest receipt that is read, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 1 << 20;

/// The header `typ` (RFC 9596): keeps a signature made for something else from being a receipt.
const TYP: i64 = 16;
const MEDIA_TYPE: &str = "application/vnd.veracruz.receipt+cbor";

/// A receipt whose form is right. Nothing about it was verified: see [`crate::verify`].
#[derive(Clone, Debug)]
pub struct Receipt {
    payload: ReceiptPayload,
    payload_sha256: [u8; 32],
    spki: Vec<u8>,
    signed: Vec<u8>,
    evidence: Evidence,
}

impl Receipt {
    /// Reads a receipt's file.
    ///
    /// # Errors
    /// `TooLong` before anything is looked at; `UnsupportedVersion`, `Malformed` and the other
    /// errors about the form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLong { found: bytes.len() });
        }
        let mut r = Reader::new(bytes)?;
        let length = r.array(3)?;
        match r.unsigned()? {
            VERSION if length == 3 => {}
            VERSION => return Err(ReceiptError::Value("number of parts")),
            found => return Err(ReceiptError::UnsupportedVersion { found }),
        }
        let signed = r.bytes(MAX_RECEIPT_BYTES)?.to_vec();
        let evidence = Evidence::parse(r.bytes(MAX_EVIDENCE_BYTES)?)?;

        let sign1 = Sign1::parse(&signed)?;
        check_headers(&sign1)?;
        let header = sign1
            .unverified_header(SPKI_HEADER)
            .ok_or(ReceiptError::Value("key"))?;
        let spki = Reader::new(header)?.bytes(spki::P256_SPKI_BYTES)?.to_vec();
        let payload = format::parse(sign1.unverified_payload())?;
        let payload_sha256 = Sha256::digest(sign1.unverified_payload()).into();
        Ok(Self {
            payload,
            payload_sha256,
            spki,
            signed,
            evidence,
        })
    }

    /// Writes the receipt's file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Writer::encode(|w| {
            w.array(3);
            w.unsigned(VERSION);
            w.bytes(&self.signed);
            w.bytes(&self.evidence.encode());
        })
    }

    /// What the receipt says, before anyone knows who said it.
    #[must_use]
    pub const fn unverified_payload(&self) -> &ReceiptPayload {
        &self.payload
    }

    /// The evidence beside the payload.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The report data that the evidence must have.
    #[must_use]
    pub fn expected_report_data(&self) -> ReportData {
        report_data::receipt(&self.payload.policy, &self.spki, &self.payload_sha256)
    }

    /// Checks that the key in the receipt signed the payload and is the instance that it names.
    /// That says nothing about the key: the evidence does.
    ///
    /// # Errors
    /// `InstanceMismatch`, `Key`, `BadSignature`.
    pub fn verify_signature(&self) -> Result<&ReceiptPayload, ReceiptError> {
        let found = InstanceId::from(KeyDigest::of_spki(&self.spki));
        if found != self.payload.instance {
            return Err(ReceiptError::InstanceMismatch {
                expected: self.payload.instance,
                found,
            });
        }
        let key = spki::parse_p256(&self.spki)?;
        let sign1 = Sign1::parse(&self.signed)?;
        sign1
            .verify(&key)
            .map_err(|_| ReceiptError::BadSignature { instance: found })?;
        Ok(&self.payload)
    }
}

/// A receipt that lacks evidence and signature. The isolate asks for evidence with
/// [`report_data`](Self::report_data), signs [`to_be_signed`](Self::to_be_signed), finishes.
#[derive(Clone, Debug)]
pub struct UnsignedReceipt {
    payload: ReceiptPayload,
    payload_sha256: [u8; 32],
    spki: Vec<u8>,
    unsigned: Unsigned,
}

impl UnsignedReceipt {
    /// Fixes what the receipt says. `spki` is the DER of the isolate's key.
    ///
    /// # Errors
    /// `InstanceMismatch` where `payload.instance` is not the digest of `spki`.
    pub fn new(payload: &ReceiptPayload, spki: &[u8]) -> Result<Self, ReceiptError> {
        let found = InstanceId::from(KeyDigest::of_spki(spki));
        if found != payload.instance {
            return Err(ReceiptError::InstanceMismatch {
                expected: payload.instance,
                found,
            });
        }
        let bytes = format::encode(payload);
        let unsigned = Unsigned::new(
            |headers| {
                headers.int(TYP, |w| w.text(MEDIA_TYPE));
                headers.int(SPKI_HEADER, |w| w.bytes(spki));
            },
            &bytes,
        );
        let payload_sha256 = Sha256::digest(&bytes).into();
        Ok(Self {
            payload: payload.clone(),
            payload_sha256,
            spki: spki.into(),
            unsigned,
        })
    }

    /// What the evidence over this receipt must be bound to.
    #[must_use]
    pub fn report_data(&self) -> ReportData {
        report_data::receipt(&self.payload.policy, &self.spki, &self.payload_sha256)
    }

    /// The bytes to sign with ECDSA, P-256 and SHA-256 (which is the signer's to apply).
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        self.unsigned.to_be_signed()
    }

    /// Puts signature (r ‖ s) and evidence in.
    ///
    /// # Errors
    /// `BadSignature` where the signature is not one by the isolate's key over this receipt, `Key`
    /// where that key is not on P-256, `TooLong` where nobody would read the result: a mistake is
    /// found here and not by the participants.
    pub fn finish(
        self,
        signature: &[u8; SIGNATURE_BYTES],
        evidence: Evidence,
    ) -> Result<Receipt, ReceiptError> {
        let Self {
            payload,
            payload_sha256,
            spki,
            unsigned,
        } = self;
        let signed = unsigned.signed(signature);
        let receipt = Receipt {
            payload,
            payload_sha256,
            spki,
            signed,
            evidence,
        };
        receipt.verify_signature()?;
        match receipt.encode().len() {
            found if found > MAX_RECEIPT_BYTES => Err(ReceiptError::TooLong { found }),
            _ => Ok(receipt),
        }
    }
}

/// Exactly alg, typ and the key are protected, nothing else is there, and typ is right.
fn check_headers(sign1: &Sign1<'_>) -> Result<(), ReceiptError> {
    if !sign1.unprotected_is_empty() || sign1.header_count() != 3 {
        return Err(ReceiptError::Value("headers"));
    }
    let typ = sign1
        .unverified_header(TYP)
        .ok_or(ReceiptError::Value("header typ"))?;
    if Reader::new(typ)?.text(128)? != MEDIA_TYPE {
        return Err(ReceiptError::Value("header typ"));
    }
    Ok(())
}
