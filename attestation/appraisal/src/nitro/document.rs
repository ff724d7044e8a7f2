//! The payload of an attestation document ("Attestation document specification" of the Nitro
//! Enclaves NSM API), read strictly.

use std::collections::BTreeMap;

use veracruz_policy::{Sha384, Timestamp};

use super::PART;
use crate::AppraisalError;
use crate::cbor::Value;

/// The bounds of the specification: bytes of a certificate and of a field of the caller's, and how
/// many registers there are.
const MAX_CERTIFICATE_BYTES: usize = 1024;
const MAX_FIELD_BYTES: usize = 1024;
const REGISTERS: u8 = 32;
/// Most certificates in the bundle. The specification names no bound; real ones have four.
const MAX_BUNDLE: usize = 8;

/// What an attestation document claims.
#[derive(Debug)]
pub(super) struct Document<'b> {
    pub(super) module_id: &'b str,
    /// When it was made; the document has milliseconds.
    pub(super) made: Timestamp,
    /// The registers that were locked, by index.
    pub(super) pcrs: BTreeMap<u8, Sha384>,
    /// The certificate of the key that signed, DER.
    pub(super) certificate: &'b [u8],
    /// Its issuers, DER, the root first.
    pub(super) cabundle: Vec<&'b [u8]>,
    pub(super) public_key: Option<&'b [u8]>,
    pub(super) user_data: Option<&'b [u8]>,
    pub(super) nonce: Option<&'b [u8]>,
}

impl<'b> Document<'b> {
    /// Reads a document: every field of the specification, none besides.
    ///
    /// # Errors
    /// `Malformed`.
    pub(super) fn parse(claims: Value<'b>) -> Result<Self, AppraisalError> {
        let Some(pairs) = claims.map() else {
            return Err(malformed("the payload is no map"));
        };
        for (key, _) in pairs {
            let known = key.text().is_some_and(|key| FIELDS.contains(&key));
            if !known {
                return Err(malformed("a field that the specification does not have"));
            }
        }
        let field = |name: &'static str| {
            let value = claims.get_text(name);
            value.ok_or_else(|| malformed(&format!("no {name}")))
        };
        let module_id = field("module_id")?.text().filter(|id| !id.is_empty());
        if field("digest")?.text() != Some("SHA384") {
            return Err(malformed("digest is not SHA384"));
        }
        let milliseconds = field("timestamp")?.unsigned().filter(|time| *time > 0);
        let made = milliseconds.and_then(|time| i64::try_from(time / 1000).ok());
        let certificate = field("certificate")?;
        let optional = |name: &'static str| match claims.get_text(name) {
            None => Ok(None),
            Some(value) if value.is_null() => Ok(None),
            Some(value) => bounded(value, name, MAX_FIELD_BYTES).map(Some),
        };
        Ok(Self {
            module_id: module_id.ok_or_else(|| malformed("module_id is no text"))?,
            made: made
                .map(Timestamp::from_seconds)
                .ok_or_else(|| malformed("timestamp is no time in milliseconds"))?,
            pcrs: registers(field("pcrs")?)?,
            certificate: bounded(certificate, "certificate", MAX_CERTIFICATE_BYTES)?,
            cabundle: bundle(field("cabundle")?)?,
            public_key: optional("public_key")?,
            user_data: optional("user_data")?,
            nonce: optional("nonce")?,
        })
    }
}

const FIELDS: [&str; 9] = [
    "module_id",
    "digest",
    "timestamp",
    "pcrs",
    "certificate",
    "cabundle",
    "public_key",
    "user_data",
    "nonce",
];

fn registers(value: Value<'_>) -> Result<BTreeMap<u8, Sha384>, AppraisalError> {
    let Some(pairs) = value.map() else {
        return Err(malformed("pcrs is no map"));
    };
    let mut registers = BTreeMap::new();
    for (index, value) in pairs {
        let index = index.unsigned().and_then(|index| u8::try_from(index).ok());
        let value = value
            .bytes()
            .and_then(|bytes| <[u8; 48]>::try_from(bytes).ok());
        let (Some(index), Some(value)) = (index.filter(|index| *index < REGISTERS), value) else {
            return Err(malformed(
                "pcrs has an entry that is no register of 48 bytes",
            ));
        };
        registers.insert(index, Sha384::from_bytes(value));
    }
    Ok(registers)
}

fn bundle(value: Value<'_>) -> Result<Vec<&[u8]>, AppraisalError> {
    let Some(items) = value.array() else {
        return Err(malformed("cabundle is no array"));
    };
    let bundle = items
        .take(MAX_BUNDLE + 1)
        .map(|item| bounded(item, "cabundle", MAX_CERTIFICATE_BYTES))
        .collect::<Result<Vec<_>, _>>()?;
    if bundle.is_empty() || bundle.len() > MAX_BUNDLE {
        return Err(malformed("cabundle has not 1 to 8 certificates"));
    }
    Ok(bundle)
}

fn bounded<'b>(value: Value<'b>, name: &str, max: usize) -> Result<&'b [u8], AppraisalError> {
    let bytes = value.bytes().filter(|bytes| bytes.len() <= max);
    bytes.ok_or_else(|| malformed(&format!("{name} is no byte string of at most {max} bytes")))
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}
