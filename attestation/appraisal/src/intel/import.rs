//! Quotes as others hand them on.

use std::borrow::Cow;

use serde::Deserialize;
use veracruz_evidence::Technology;

use super::platform::expect;
use super::quote::Quote;
use crate::collateral::text;
use crate::{AppraisalError, Collateral};

/// JSON around a quote, of whatever tool: the names that are in use.
#[derive(Deserialize)]
struct Wrapper<'a> {
    /// trustee, Intel Trust Authority, Azure, dstack.
    #[serde(
        borrow,
        alias = "intel_quote",
        alias = "tdx_quote",
        alias = "sgx_quote"
    )]
    quote: Cow<'a, str>,
    /// trustee: the CCEL log of a virtual machine.
    #[serde(borrow, default, alias = "ccel")]
    cc_eventlog: Option<Cow<'a, str>>,
}

/// What every quoting buffer is longer by, where it is longer than its quote. Fewer bytes are no
/// filling, but something that does not belong there.
const LEAST_FILLING: usize = 16;

const PART: &str = "quote";

/// Finds the quote in a file: raw, as hex or base64, in the JSON of other projects, or after the
/// header of Open Enclave. Zeros with which a buffer was filled up are cut off. An event log that
/// comes along goes to the collateral.
pub(crate) fn import(
    file: &[u8],
    technology: Technology,
    collateral: &mut Collateral,
) -> Result<Vec<u8>, AppraisalError> {
    let mut bytes = Cow::Borrowed(file);
    // Text in JSON, and that in text: no tool does more.
    for _ in 0..3 {
        if starts_a_quote(&bytes) {
            break;
        }
        let Some(inner) = unwrap(&bytes, collateral)? else {
            break;
        };
        bytes = Cow::Owned(inner);
    }
    let bytes = after_open_enclave(&bytes);
    let quote = Quote::parse_front(bytes)?;
    expect(&quote, technology)?;
    let (content, filling) = bytes
        .split_at_checked(quote.length())
        .unwrap_or((bytes, &[]));
    if !filling.is_empty()
        && (filling.len() < LEAST_FILLING || filling.iter().any(|byte| *byte != 0))
    {
        return Err(AppraisalError::Malformed {
            part: PART,
            reason: format!("{} bytes after its end", filling.len()),
        });
    }
    Ok(content.to_vec())
}

/// A version that is known, and the key type that goes with it.
fn starts_a_quote(bytes: &[u8]) -> bool {
    matches!(bytes, [3..=5, 0, 2..=3, 0, ..])
}

/// What is in a text; `None` where it is none.
fn unwrap(bytes: &[u8], collateral: &mut Collateral) -> Result<Option<Vec<u8>>, AppraisalError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(None);
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '"');
    if !text.starts_with('{') {
        return Ok(text::decode(text));
    }
    let malformed = |reason: String| AppraisalError::Malformed { part: PART, reason };
    let wrapper: Wrapper<'_> = serde_json::from_str(text)
        .map_err(|error| malformed(format!("JSON without a quote in it: {error}")))?;
    if let Some(log) = &wrapper.cc_eventlog {
        collateral.add(log.as_bytes())?;
    }
    let quote = text::decode(&wrapper.quote)
        .ok_or_else(|| malformed("in JSON, neither hex nor base64".into()))?;
    Ok(Some(quote))
}

/// Open Enclave's `oe_report_header_t`: version 1, type 2 (remote), the length.
fn after_open_enclave(bytes: &[u8]) -> &[u8] {
    match bytes.split_at_checked(16) {
        Some(([1, 0, 0, 0, 2, 0, 0, 0, ..], quote)) => quote,
        _ => bytes,
    }
}
