//! Software components that a token lists (RFC 9783 section 4.4.1).

use data_encoding::HEXLOWER;
use veracruz_policy::Measurement;

use super::Claims;
use crate::AppraisalError;
use crate::cbor::Value;

const TYPE: i64 = 1;
const VALUE: i64 = 2;
const VERSION: i64 = 4;
const SIGNER: i64 = 5;
const ALGORITHM: i64 = 6;
/// Lengths of the digests that are strong enough: SHA-256, SHA-384, SHA-512.
const DIGEST: &[usize] = &[32, 48, 64];

/// One component that was measured while the device started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component<'b> {
    kind: Option<&'b str>,
    /// Its digest.
    pub(crate) measurement: Measurement,
    version: Option<&'b str>,
    signer: &'b [u8],
    algorithm: Option<&'b str>,
}

impl<'b> Component<'b> {
    /// The components in a claim that must be there and have at least one.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn list(
        claims: &Claims<'b>,
        label: i64,
        part: &'static str,
    ) -> Result<Vec<Self>, AppraisalError> {
        let items = claims.get(label).and_then(Value::array).ok_or_else(|| {
            claims.malformed(format!("no list of software components (claim {label})"))
        })?;
        let components: Vec<Self> = items
            .map(|item| Self::read(item, part))
            .collect::<Result<_, _>>()?;
        if components.is_empty() {
            return Err(claims.malformed("an empty list of software components".into()));
        }
        Ok(components)
    }

    fn read(item: Value<'b>, part: &'static str) -> Result<Self, AppraisalError> {
        let claims = Claims::new(item, part)?;
        let measurement = claims.bytes(VALUE, "measurement of a software component", DIGEST)?;
        let measurement = Measurement::from_slice(measurement)
            .ok_or_else(|| claims.malformed("a measurement of an odd length".into()))?;
        Ok(Self {
            kind: claims.text(TYPE, "type of a software component")?,
            measurement,
            version: claims.text(VERSION, "version of a software component")?,
            signer: claims.bytes(SIGNER, "signer id of a software component", DIGEST)?,
            algorithm: claims.text(ALGORITHM, "digest algorithm of a software component")?,
        })
    }

    /// All that it says, in one line for people.
    pub(crate) fn words(&self) -> String {
        let mut words = format!("{}", self.measurement);
        for (name, value) in [
            ("type", self.kind),
            ("version", self.version),
            ("digest", self.algorithm),
        ] {
            if let Some(value) = value {
                words.push_str(&format!(", {name} {value:?}"));
            }
        }
        words.push_str(", signer ");
        words.push_str(&HEXLOWER.encode(self.signer));
        words
    }

    /// Refuses components that the policy does not name: every one that was loaded can do harm.
    ///
    /// # Errors
    /// `MeasurementMismatch` with the first one.
    pub(crate) fn check_all(
        components: &[Self],
        accepted: &[Measurement],
        claim: &'static str,
    ) -> Result<(), AppraisalError> {
        let other = components
            .iter()
            .find(|component| !accepted.contains(&component.measurement));
        match other {
            None => Ok(()),
            Some(component) => Err(AppraisalError::MeasurementMismatch {
                claim,
                expected: accepted.to_vec(),
                found: component.measurement,
            }),
        }
    }
}
