//! The public part of an attestation key: `TPMT_PUBLIC` (TPM 2.0 Library, part 2, section 12.2.4),
//! `TPM2B_PUBLIC`, or a SubjectPublicKeyInfo.

use super::area::{
    Area, DECRYPT, FIXED_PARENT, FIXED_TPM, RESTRICTED, SENSITIVE_DATA_ORIGIN, SIGN,
};
use super::signature::Signature;
use super::wire::Wire;
use crate::AppraisalError;
use crate::key::Key;

/// What errors call it.
const PART: &str = "AK";
/// What they call what its TPM does with it.
const ATTRIBUTES: &str = "AK attributes";

/// A key as claimed, and what its TPM does with it, as claimed.
#[derive(Clone, Debug)]
pub(super) struct Public<'b> {
    pub(super) key: Key,
    /// `None` where the key came without, as SubjectPublicKeyInfo.
    pub(super) area: Option<Area<'b>>,
}

impl<'b> Public<'b> {
    /// Reads a key in any of the three forms, which begin differently.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`; `ConfigurationNotAllowed` where the key would sign what did not
    /// come out of its TPM.
    pub(super) fn parse(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        if bytes.first() == Some(&0x30) {
            let malformed = |reason| AppraisalError::Malformed { part: PART, reason };
            return Ok(Self {
                key: Key::from_spki(bytes).map_err(malformed)?,
                area: None,
            });
        }
        let mut wire = Wire::new(bytes, PART);
        let first = wire.u16()?;
        let area = if usize::from(first) == bytes.len().saturating_sub(2) {
            wire.take(first.into())?
        } else {
            bytes
        };
        let area = Area::parse(area, PART)?;
        // A key that signs whatever it is given proves nothing: a restricted one signs what its TPM
        // made, and nothing else that looks like it. That the attributes are those of the key
        // follows from the key: who enrolled or certified it looked at them.
        area.check_attributes(
            ATTRIBUTES,
            FIXED_TPM | RESTRICTED | SIGN,
            DECRYPT,
            "fixedTPM, restricted and sign, and not decrypt",
        )?;
        Ok(Self {
            key: area.key.clone(),
            area: Some(area),
        })
    }

    /// Refuses a signature (`TPMT_SIGNATURE`) by another scheme than the key has.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`.
    pub(super) fn check_scheme(&self, signature: &[u8]) -> Result<(), AppraisalError> {
        let signature = Signature::parse(signature)?;
        match self.area.as_ref().and_then(|area| area.scheme) {
            Some(scheme) if scheme != signature.scheme() => Err(AppraisalError::BadAlgorithm {
                part: "quote",
                expected: "the scheme of the AK",
                found: signature.words(),
            }),
            _ => Ok(()),
        }
    }

    /// The name for which a credential is made. A TPM that activates it vouches for the name, and
    /// so for the attributes; that nobody outside knows the key is in them.
    ///
    /// `sensitiveDataOrigin` matters: without it, the key may have been derived from a seed that
    /// whoever loaded it knows, and be fixed to the TPM all the same.
    ///
    /// # Errors
    /// `ConfigurationNotAllowed`, `MissingCollateral` where the key came without its attributes,
    /// `WeakDigest`, `BadAlgorithm`.
    pub(super) fn name(&self) -> Result<Vec<u8>, AppraisalError> {
        let Some(area) = &self.area else {
            return Err(AppraisalError::MissingCollateral {
                part: "TPMT_PUBLIC of the AK",
                reason: "a credential is made for a key with its attributes".into(),
            });
        };
        area.check_attributes(
            ATTRIBUTES,
            FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | RESTRICTED | SIGN,
            DECRYPT,
            "fixedTPM, fixedParent, sensitiveDataOrigin, restricted and sign, and not decrypt",
        )?;
        area.name()
    }
}
