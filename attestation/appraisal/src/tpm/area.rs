//! `TPMT_PUBLIC` (TPM 2.0 Library, part 2, section 12.2.4) of asymmetric keys.

use super::algorithm::{ECC, NULL, RSA, name, strong};
use super::wire::Wire;
use crate::AppraisalError;
use crate::key::{Curve, Key};

/// Attributes of a key (section 8.3).
pub(super) const FIXED_TPM: u32 = 1 << 1;
pub(super) const FIXED_PARENT: u32 = 1 << 4;
pub(super) const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
pub(super) const RESTRICTED: u32 = 1 << 16;
pub(super) const DECRYPT: u32 = 1 << 17;
pub(super) const SIGN: u32 = 1 << 18;

/// The exponent that a TPM writes as 0.
const DEFAULT_EXPONENT: [u8; 4] = 65537u32.to_be_bytes();

/// A key as claimed, and what its TPM does with it, as claimed.
#[derive(Clone, Debug)]
pub(super) struct Area<'b> {
    pub(super) key: Key,
    pub(super) attributes: u32,
    /// The one scheme and digest with which it signs, where it has one.
    pub(super) scheme: Option<(u16, u16)>,
    /// Cipher, bits of its key, and mode, for what is kept under the key.
    pub(super) symmetric: Option<(u16, u16, u16)>,
    /// The digest of its name.
    pub(super) name_algorithm: u16,
    part: &'static str,
    bytes: &'b [u8],
}

impl<'b> Area<'b> {
    /// Reads a public area; `part` is what errors call the key.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`.
    pub(super) fn parse(bytes: &'b [u8], part: &'static str) -> Result<Self, AppraisalError> {
        let mut wire = Wire::new(bytes, part);
        let kind = wire.u16()?;
        let name_algorithm = wire.u16()?;
        let attributes = wire.u32()?;
        let _policy = wire.sized()?;
        let symmetric = match wire.u16()? {
            NULL => None,
            cipher => Some((cipher, wire.u16()?, wire.u16()?)),
        };
        let scheme = match wire.u16()? {
            NULL => None,
            scheme => Some((scheme, wire.u16()?)),
        };
        let key = match kind {
            RSA => rsa(&mut wire)?,
            ECC => ecc(&mut wire, part)?,
            other => {
                return Err(AppraisalError::BadAlgorithm {
                    part,
                    expected: "RSA or ECC",
                    found: name(other),
                });
            }
        };
        let key = key.map_err(|reason| wire.malformed(reason))?;
        wire.end()?;
        Ok(Self {
            key,
            attributes,
            scheme,
            symmetric,
            name_algorithm,
            part,
            bytes,
        })
    }

    /// The name by which its TPM knows it (part 1, section 16): it is of the key and of all that the
    /// TPM does with it.
    ///
    /// # Errors
    /// `WeakDigest`, `BadAlgorithm`.
    pub(super) fn name(&self) -> Result<Vec<u8>, AppraisalError> {
        let hash = strong(self.name_algorithm, self.part)?;
        let algorithm = self.name_algorithm.to_be_bytes();
        Ok([&algorithm[..], &hash.digest(self.bytes)].concat())
    }

    /// Refuses a key without all attributes of `set`, or with one of `clear`.
    ///
    /// # Errors
    /// `ConfigurationNotAllowed`.
    pub(super) fn check_attributes(
        &self,
        claim: &'static str,
        set: u32,
        clear: u32,
        words: &str,
    ) -> Result<(), AppraisalError> {
        if self.attributes & (set | clear) == set {
            return Ok(());
        }
        Err(AppraisalError::ConfigurationNotAllowed {
            claim,
            expected: words.into(),
            found: format!("0x{:08x}", self.attributes),
        })
    }
}

fn rsa(wire: &mut Wire<'_>) -> Result<Result<Key, String>, AppraisalError> {
    let _bits = wire.u16()?;
    let exponent = match wire.take(4)? {
        [0, 0, 0, 0] => &DEFAULT_EXPONENT,
        exponent => exponent,
    };
    Ok(Key::from_rsa(wire.sized()?, exponent))
}

fn ecc(wire: &mut Wire<'_>, part: &'static str) -> Result<Result<Key, String>, AppraisalError> {
    let curve = match wire.u16()? {
        0x0003 => Curve::P256,
        0x0004 => Curve::P384,
        0x0005 => Curve::P521,
        other => {
            return Err(AppraisalError::BadAlgorithm {
                part,
                expected: "P-256, P-384 or P-521",
                found: format!("TPM curve 0x{other:04x}"),
            });
        }
    };
    if wire.u16()? != NULL {
        wire.take(2)?; // a key derivation, for which neither kind of key has a use
    }
    let x = wire.sized()?;
    Ok(Key::from_coordinates(curve, x, wire.sized()?))
}
