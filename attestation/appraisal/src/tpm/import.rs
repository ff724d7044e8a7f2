//! Quotes as others keep them: go-tpm-tools' `Attestation` (Google Compute Engine), Trustee's JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use veracruz_evidence::tpm::TpmContent;
use veracruz_policy::Sha256;

use super::algorithm::{SHA1, SHA256};
use super::attest::Attest;
use super::protobuf::{Field, fields};
use crate::import::{self as files, json_bytes};
use crate::{AppraisalError, Collateral};

const PART: &str = "TPM evidence";

/// The content for [`examine`](super::examine) of a file: our own, the JSON of Trustee's attester
/// (`ak_public`, `tpm_quote`), or the protocol buffer `Attestation` of go-tpm-tools, of whose quotes
/// that of the SHA-256 bank is taken; each as it is or as hex or base64. Certificates in it stay
/// with it.
///
/// # Errors
/// `Malformed`; `WeakDigest` where there is a quote of the SHA-1 bank and no better one.
pub fn import(file: &[u8], _collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    if let Some(text) = files::as_text(file).filter(|text| text.starts_with('{'))
        && let Ok(json) = serde_json::from_str::<Value>(text)
        && json.get("tpm_quote").is_some()
    {
        return trustee(&json).map(|content| content.encode());
    }
    let bytes = files::binary(file, &["evidence", "attestation", "content"], PART)?;
    // A CBOR map of six begins otherwise than a message whose first field is its first.
    match bytes.first() {
        Some(0xa6) => Ok(bytes),
        _ => attestation(&bytes).map(|content| content.encode()),
    }
}

/// The fields of `Attestation`, `Quote` and `PCRs` that are looked at.
mod field {
    pub(super) const AK_PUB: u64 = 1;
    pub(super) const QUOTES: u64 = 2;
    pub(super) const EVENT_LOG: u64 = 3;
    pub(super) const AK_CERT: u64 = 6;
    pub(super) const INTERMEDIATE_CERTS: u64 = 7;

    pub(super) const QUOTE: u64 = 1;
    pub(super) const RAW_SIG: u64 = 2;
    pub(super) const PCRS: u64 = 3;

    pub(super) const HASH: u64 = 1;
    pub(super) const PCR: u64 = 2;
}

fn attestation(message: &[u8]) -> Result<TpmContent, AppraisalError> {
    let mut content = TpmContent::default();
    let mut leaf = None;
    let mut quotes = Vec::new();
    for found in fields(message)? {
        match found {
            Field::Bytes(field::AK_PUB, public) => content.public = public.into(),
            Field::Bytes(field::QUOTES, quote) => quotes.push(quote),
            Field::Bytes(field::EVENT_LOG, log) => content.log = log.into(),
            Field::Bytes(field::AK_CERT, certificate) if !certificate.is_empty() => {
                leaf = Some(certificate.to_vec());
            }
            Field::Bytes(field::INTERMEDIATE_CERTS, certificate) => {
                content.certificates.push(certificate.into());
            }
            _ => {}
        }
    }
    if let Some(leaf) = leaf {
        content.certificates.insert(0, leaf);
    } else {
        content.certificates.clear();
    }
    let mut weak = false;
    for quote in quotes {
        match bank(quote)? {
            SHA256 => {
                read_quote(quote, &mut content)?;
                return Ok(content);
            }
            SHA1 => weak = true,
            _ => {}
        }
    }
    Err(if weak {
        AppraisalError::WeakDigest {
            part: "bank of the PCRs in the quote",
            found: "SHA-1".into(),
        }
    } else {
        malformed("no quote of the SHA-256 bank")
    })
}

/// The bank that a quote's registers are said to be of.
fn bank(quote: &[u8]) -> Result<u16, AppraisalError> {
    let mut bank = 0;
    for found in fields(quote)? {
        if let Field::Bytes(field::PCRS, registers) = found {
            for found in fields(registers)? {
                if let Field::Number(field::HASH, number) = found {
                    bank = u16::try_from(number).unwrap_or_default();
                }
            }
        }
    }
    Ok(bank)
}

fn read_quote(quote: &[u8], content: &mut TpmContent) -> Result<(), AppraisalError> {
    for found in fields(quote)? {
        match found {
            Field::Bytes(field::QUOTE, attest) => content.attest = attest.into(),
            Field::Bytes(field::RAW_SIG, signature) => content.signature = signature.into(),
            Field::Bytes(field::PCRS, registers) => {
                for found in fields(registers)? {
                    if let Field::Bytes(field::PCR, entry) = found {
                        let (index, value) = map_entry(entry)?;
                        content.registers.insert(index, value);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// An entry of `map<uint32, bytes>`: a field that is 0 may be left out.
fn map_entry(entry: &[u8]) -> Result<(u8, Sha256), AppraisalError> {
    let (mut index, mut value) = (0, Default::default());
    for found in fields(entry)? {
        match found {
            Field::Number(1, number) => index = number,
            Field::Bytes(2, bytes) => value = bytes,
            _ => {}
        }
    }
    let index = u8::try_from(index).ok().filter(|index| *index < 24);
    let index = index.ok_or_else(|| malformed("a PCR above 23"))?;
    Ok((index, register(value)?))
}

fn trustee(json: &Value) -> Result<TpmContent, AppraisalError> {
    let member = |value: &Value, name: &str| {
        let bytes = value.get(name).and_then(json_bytes);
        bytes.ok_or_else(|| malformed(&format!("JSON without {name}")))
    };
    let quote = json.get("tpm_quote").unwrap_or(&Value::Null);
    let attest = member(quote, "message")?;
    let values = quote.get("pcrs").and_then(Value::as_array);
    let values = values.ok_or_else(|| malformed("JSON without pcrs"))?;
    if values.len() > 24 {
        return Err(malformed("more than 24 PCRs"));
    }
    // All 24 are there, whatever the quote is over; only those of the quote mean anything.
    let selection = Attest::parse(&attest)?.selection;
    let mut registers = BTreeMap::new();
    for (index, value) in (0u8..).zip(values) {
        if selection.contains(&index) {
            let bytes = json_bytes(value).ok_or_else(|| malformed("a PCR that is not hex"))?;
            registers.insert(index, register(&bytes)?);
        }
    }
    let optional = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| json.get(name));
        value.and_then(json_bytes).unwrap_or_default()
    };
    Ok(TpmContent {
        signature: member(quote, "signature")?,
        public: member(json, "ak_public")?,
        registers,
        log: optional(["event_log", "eventlog"]),
        certificates: Some(optional(["ak_cert", "ak_certificate"]))
            .filter(|certificate| !certificate.is_empty())
            .into_iter()
            .collect(),
        endorsement: None,
        attest,
    })
}

fn register(bytes: &[u8]) -> Result<Sha256, AppraisalError> {
    <[u8; 32]>::try_from(bytes)
        .map(Sha256::from_bytes)
        .map_err(|_| malformed("a PCR of the SHA-256 bank with another length than 32 bytes"))
}

fn malformed(reason: &str) -> AppraisalError {
    AppraisalError::Malformed {
        part: PART,
        reason: reason.into(),
    }
}
