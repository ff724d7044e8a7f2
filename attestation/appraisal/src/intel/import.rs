//! Quotes as others hand them on.

use serde_json::Value;
use veracruz_evidence::Technology;

use super::platform::expect;
use super::quote::Quote;
use crate::tpm::event_log::EventLog;
use crate::{AppraisalError, Collateral, MAX_FILE_BYTES, import as files};

/// What every quoting buffer is longer by, where it is longer than its quote. Fewer bytes are no
/// filling, but something that does not belong there.
const LEAST_FILLING: usize = 16;

const PART: &str = "quote";

/// Finds the quote in a file: raw, as hex or base64, anywhere in JSON, or after the header of Open
/// Enclave. Zeros with which a buffer was filled up are cut off. Event logs and certificates that
/// come along in JSON go to the collateral.
pub(crate) fn import(
    file: &[u8],
    technology: Technology,
    collateral: &mut Collateral,
) -> Result<Vec<u8>, AppraisalError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(malformed(format!("a file of {} bytes", file.len())));
    }
    let bytes = match files::json(file) {
        Some(json) => in_json(&json, collateral)?,
        None => files::binary(file, &["quote"], PART)?,
    };
    let bytes = after_open_enclave(&bytes);
    let quote = Quote::parse_front(bytes)?;
    expect(&quote, technology)?;
    let (content, filling) = bytes
        .split_at_checked(quote.length())
        .unwrap_or((bytes, &[]));
    if !filling.is_empty()
        && (filling.len() < LEAST_FILLING || filling.iter().any(|byte| *byte != 0))
    {
        return Err(malformed(format!("{} bytes after its end", filling.len())));
    }
    Ok(content.to_vec())
}

/// The first value that begins as a quote does, under whatever name.
fn in_json(json: &Value, collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    let mut quote = None;
    let mut along = Vec::new();
    files::each_leaf(json, &mut |_, value| {
        if let Some(pem) = value.as_str().filter(|text| text.contains("-----BEGIN ")) {
            along.push(pem.as_bytes().to_vec());
        } else if let Some(bytes) = files::json_bytes(value) {
            if EventLog::begins(&bytes) {
                along.push(bytes);
            } else if quote.is_none() && begins(&bytes) {
                quote = Some(bytes);
            }
        }
    });
    for file in along {
        collateral.add(&file)?;
    }
    quote.ok_or_else(|| malformed("JSON without a quote in it, as hex or base64".into()))
}

/// Whether bytes begin as a quote does: a version, a key type, and SGX or TDX.
fn begins(bytes: &[u8]) -> bool {
    matches!(
        after_open_enclave(bytes),
        [3..=5, 0, 2 | 3, 0, 0 | 0x81, 0, 0, 0, ..]
    )
}

/// Open Enclave's `oe_report_header_t`: version 1, type 2 (remote), the length.
fn after_open_enclave(bytes: &[u8]) -> &[u8] {
    match bytes.split_at_checked(16) {
        Some(([1, 0, 0, 0, 2, 0, 0, 0, ..], quote)) => quote,
        _ => bytes,
    }
}

fn malformed(reason: String) -> AppraisalError {
    AppraisalError::Malformed { part: PART, reason }
}
