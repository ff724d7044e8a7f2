//! Claims of a token: a CBOR map with numbers as keys.

use data_encoding::HEXLOWER;
use veracruz_policy::Chips;

use crate::AppraisalError;
use crate::cbor::Value;

/// The claims of one token. Those that a profile does not have are allowed and not looked at, as
/// for every EAT (RFC 9711 section 3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<'b> {
    part: &'static str,
    map: Value<'b>,
}

impl<'b> Claims<'b> {
    /// The claims in `map`; `part` is what errors call the token.
    ///
    /// # Errors
    /// `Malformed` where it is no map.
    pub(crate) fn new(map: Value<'b>, part: &'static str) -> Result<Self, AppraisalError> {
        let claims = Self { part, map };
        match map.map() {
            Some(_) => Ok(claims),
            None => Err(claims.malformed("the claims are no map".into())),
        }
    }

    /// The value of a claim.
    pub(crate) fn get(&self, label: i64) -> Option<Value<'b>> {
        self.map.get(label)
    }

    /// A byte string of one of these lengths, which must be there.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn bytes(
        &self,
        label: i64,
        name: &str,
        lengths: &[usize],
    ) -> Result<&'b [u8], AppraisalError> {
        let value = self
            .get(label)
            .ok_or_else(|| self.malformed(format!("no {name} (claim {label})")))?;
        let bytes = value
            .bytes()
            .ok_or_else(|| self.malformed(format!("the {name} is no byte string")))?;
        if lengths.contains(&bytes.len()) {
            return Ok(bytes);
        }
        let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
        Err(self.malformed(format!(
            "the {name} has {} bytes, expected {}",
            bytes.len(),
            lengths.join(" or ")
        )))
    }

    /// A text that may be missing.
    ///
    /// # Errors
    /// `Malformed` where it is something else.
    pub(crate) fn text(&self, label: i64, name: &str) -> Result<Option<&'b str>, AppraisalError> {
        let Some(value) = self.get(label) else {
            return Ok(None);
        };
        match value.text() {
            Some(text) => Ok(Some(text)),
            None => Err(self.malformed(format!("the {name} is no text"))),
        }
    }

    /// A number of at most 16 bits, which must be there.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn number16(&self, label: i64, name: &str) -> Result<u16, AppraisalError> {
        let number = self.get(label).and_then(Value::unsigned);
        number
            .and_then(|number| u16::try_from(number).ok())
            .ok_or_else(|| self.malformed(format!("no {name} (claim {label}) of 16 bits")))
    }

    /// An instance id: a UEID of the kind RAND (RFC 9711 section 4.2.1.1), the byte 1 and the
    /// digest of a key.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn instance_id(&self, label: i64) -> Result<&'b [u8], AppraisalError> {
        let id = self.bytes(label, "instance id", &[33])?;
        match id.first() {
            Some(1) => Ok(id),
            _ => Err(self.malformed("the instance id is no UEID of type 0x01".into())),
        }
    }

    pub(crate) fn malformed(&self, reason: String) -> AppraisalError {
        AppraisalError::Malformed {
            part: self.part,
            reason,
        }
    }
}

/// Refuses a device that is in any state but 'secured': in all others someone can debug it, or
/// nobody provisioned it (RFC 9783 section 4.3.1; for CCA the RMM specification, A7.2.3.2).
///
/// # Errors
/// `LifecycleMismatch`.
pub(crate) fn check_secured(lifecycle: u16, part: &'static str) -> Result<(), AppraisalError> {
    // The lower byte is the implementation's own.
    if lifecycle >> 8 == 0x30 {
        return Ok(());
    }
    Err(AppraisalError::LifecycleMismatch {
        part,
        expected: "0x3000 to 0x30ff (secured)",
        found: lifecycle,
    })
}

/// Refuses a device that is none of those that the policy names.
///
/// # Errors
/// `ChipMismatch`.
pub(crate) fn check_chip(instance_id: &[u8], chips: &Chips) -> Result<(), AppraisalError> {
    match chips {
        Chips::Named(ids) if !chips.accepts(instance_id) => Err(AppraisalError::ChipMismatch {
            expected: ids.iter().map(ToString::to_string).collect(),
            found: HEXLOWER.encode(instance_id),
        }),
        _ => Ok(()),
    }
}
