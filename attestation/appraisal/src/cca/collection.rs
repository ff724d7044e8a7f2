//! The two tokens of a realm, as they come together.

use veracruz_evidence::cbor::CborError;

use super::{PLATFORM, REALM};
use crate::AppraisalError;
use crate::cbor::Value;
use crate::cose::{Sign1, not_cbor};

/// `cca-token-collection` of RMM 1.0, and the collection of draft-ietf-rats-msg-wrap.
const RMM_1: u64 = 399;
const CMW: u64 = 907;
/// The labels of the two tokens.
const PLATFORM_TOKEN: i64 = 44234;
const REALM_TOKEN: i64 = 44241;
/// The key of a collection's type (draft-ietf-rats-msg-wrap section 3.2).
const TYPE: &str = "__cmwc_t";
const TOKEN: &str = "CCA token";

/// The tokens, unverified.
#[derive(Clone, Debug)]
pub(super) struct Collection<'b> {
    pub(super) platform: Sign1<'b>,
    pub(super) realm: Sign1<'b>,
}

impl<'b> Collection<'b> {
    /// Reads a collection: tag 399 with two byte strings (RMM 1.0), or tag 907 with two pairs of a
    /// media type and a byte string (later drafts). Evidence of devices that are assigned to a
    /// realm, which later drafts put beside them, is not supported: nothing here would judge it.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`.
    pub(super) fn parse(content: &'b [u8]) -> Result<Self, AppraisalError> {
        let malformed = |reason: String| AppraisalError::Malformed {
            part: TOKEN,
            reason,
        };
        let value = Value::parse(content).map_err(|error: CborError| not_cbor(TOKEN, &error))?;
        let Some((RMM_1 | CMW, collection)) = value.tag() else {
            return Err(malformed("expected tag 399 or 907 and a collection".into()));
        };
        let entries = collection
            .map()
            .ok_or_else(|| malformed("the collection is no map".into()))?;
        for (key, _) in entries {
            let known = matches!(key.integer(), Some(PLATFORM_TOKEN | REALM_TOKEN))
                || key.text() == Some(TYPE);
            if !known {
                return Err(malformed(format!(
                    "an entry besides {PLATFORM_TOKEN} (platform) and {REALM_TOKEN} (realm) is not \
                     supported"
                )));
            }
        }
        let token = |label: i64, part: &'static str| {
            let entry = collection.get(label).and_then(content_of);
            let entry = entry.ok_or_else(|| malformed(format!("no {part} ({label}) as bytes")))?;
            Sign1::parse(entry, part)
        };
        Ok(Self {
            platform: token(PLATFORM_TOKEN, PLATFORM)?,
            realm: token(REALM_TOKEN, REALM)?,
        })
    }
}

/// The bytes of an entry: itself, or the second of media type, content and perhaps an indicator.
fn content_of(entry: Value<'_>) -> Option<&[u8]> {
    if let Some(bytes) = entry.bytes() {
        return Some(bytes);
    }
    let mut items = entry.array()?;
    let media_type = items.next()?;
    if media_type.text().is_none() && media_type.unsigned().is_none() {
        return None;
    }
    items.next()?.bytes()
}
