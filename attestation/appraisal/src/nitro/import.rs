//! Attestation documents in files that others wrote.

use crate::import::binary;
use crate::{AppraisalError, Collateral};

/// Names under which other programs keep a document in JSON.
const NAMES: &[&str] = &[
    "attestation_document",
    "attestation_doc",
    "attestationDocument",
    "attestation",
    "document",
    "doc",
    "evidence",
    "quote",
];

/// Brings a file into the form that [`examine`](super::examine) takes: the bytes of a document,
/// tagged as COSE or not, or hex or base64 of them, alone or in JSON. Nothing is verified.
///
/// # Errors
/// `Malformed` where it is none of these.
pub fn import(file: &[u8], _collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    binary(file, NAMES, super::PART)
}
