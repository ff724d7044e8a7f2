//! The public part of an attestation key: `TPMT_PUBLIC` (TPM 2.0 Library, part 2, section 12.2.4),
//! `TPM2B_PUBLIC`, or a SubjectPublicKeyInfo.

use super::algorithm::{ECC, NULL, RSA, name};
use super::signature::Signature;
use super::wire::Wire;
use crate::AppraisalError;
use crate::key::{Curve, Key};

/// What errors call it.
const PART: &str = "AK";

/// Attributes of the key (section 8.3).
const FIXED_TPM: u32 = 1 << 1;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;

/// The exponent that a TPM writes as 0.
const DEFAULT_EXPONENT: [u8; 4] = 65537u32.to_be_bytes();

/// A key as claimed, and what its TPM does with it, as claimed.
#[derive(Clone, Debug)]
pub(super) struct Public {
    pub(super) key: Key,
    /// `None` where the key came without, as SubjectPublicKeyInfo.
    pub(super) attributes: Option<u32>,
    /// The one scheme and digest with which it signs, where it has one.
    pub(super) scheme: Option<(u16, u16)>,
}

impl Public {
    /// Reads a key in any of the three forms, which begin differently.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`; `ConfigurationNotAllowed` where the key would sign what did not
    /// come out of its TPM.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, AppraisalError> {
        if bytes.first() == Some(&0x30) {
            let malformed = |reason| AppraisalError::Malformed { part: PART, reason };
            return Ok(Self {
                key: Key::from_spki(bytes).map_err(malformed)?,
                attributes: None,
                scheme: None,
            });
        }
        let mut wire = Wire::new(bytes, PART);
        let first = wire.u16()?;
        let area = if usize::from(first) == bytes.len().saturating_sub(2) {
            wire.take(first.into())?
        } else {
            bytes
        };
        let public = Self::read(Wire::new(area, PART))?;
        public.check_attributes()?;
        Ok(public)
    }

    fn read(mut wire: Wire<'_>) -> Result<Self, AppraisalError> {
        let kind = wire.u16()?;
        let _name_algorithm = wire.u16()?;
        let attributes = wire.u32()?;
        let _policy = wire.sized()?;
        // A key for signatures has no symmetric algorithm; one that has is read all the same, and
        // refused for its attributes.
        if wire.u16()? != NULL {
            wire.take(4)?;
        }
        let scheme = match wire.u16()? {
            NULL => None,
            scheme => Some((scheme, wire.u16()?)),
        };
        let key = match kind {
            RSA => {
                let _bits = wire.u16()?;
                let exponent = match wire.take(4)? {
                    [0, 0, 0, 0] => &DEFAULT_EXPONENT,
                    exponent => exponent,
                };
                Key::from_rsa(wire.sized()?, exponent)
            }
            ECC => {
                let curve = match wire.u16()? {
                    0x0003 => Curve::P256,
                    0x0004 => Curve::P384,
                    0x0005 => Curve::P521,
                    other => {
                        return Err(AppraisalError::BadAlgorithm {
                            part: PART,
                            expected: "P-256, P-384 or P-521",
                            found: format!("TPM curve 0x{other:04x}"),
                        });
                    }
                };
                if wire.u16()? != NULL {
                    wire.take(2)?; // a key derivation, which a key for signatures has no use for
                }
                let x = wire.sized()?;
                Key::from_coordinates(curve, x, wire.sized()?)
            }
            other => {
                return Err(AppraisalError::BadAlgorithm {
                    part: PART,
                    expected: "RSA or ECC",
                    found: name(other),
                });
            }
        };
        let key = key.map_err(|reason| wire.malformed(reason))?;
        wire.end()?;
        Ok(Self {
            key,
            attributes: Some(attributes),
            scheme,
        })
    }

    /// Refuses a signature (`TPMT_SIGNATURE`) by another scheme than the key has.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`.
    pub(super) fn check_scheme(&self, signature: &[u8]) -> Result<(), AppraisalError> {
        let signature = Signature::parse(signature)?;
        match self.scheme {
            Some(scheme) if scheme != signature.scheme() => Err(AppraisalError::BadAlgorithm {
                part: "quote",
                expected: "the scheme of the AK",
                found: signature.words(),
            }),
            _ => Ok(()),
        }
    }

    /// A key that signs whatever it is given proves nothing: a restricted one signs what its TPM
    /// made, and nothing else that looks like it. That the attributes are those of the key follows
    /// from the key: who enrolled or certified it looked at them.
    fn check_attributes(&self) -> Result<(), AppraisalError> {
        const NEEDED: u32 = FIXED_TPM | RESTRICTED | SIGN;
        match self.attributes {
            Some(attributes) if attributes & (NEEDED | DECRYPT) != NEEDED => {
                Err(AppraisalError::ConfigurationNotAllowed {
                    claim: "AK attributes",
                    expected: "fixedTPM, restricted and sign, and not decrypt".into(),
                    found: format!("0x{attributes:08x}"),
                })
            }
            _ => Ok(()),
        }
    }
}
