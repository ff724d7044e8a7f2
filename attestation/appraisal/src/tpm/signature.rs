//! `TPMT_SIGNATURE` (TPM 2.0 Library, part 2, section 11.3.4).

use super::algorithm::{ECDSA, RSAPSS, RSASSA, name, strong};
use super::wire::Wire;
use crate::AppraisalError;
use crate::key::{Key, Scheme, padded};

/// What errors call it.
const PART: &str = "quote";

/// A signature that nobody has checked yet.
#[derive(Clone, Debug)]
pub(super) struct Signature<'b> {
    algorithm: u16,
    hash: u16,
    /// The RSA signature, or r.
    first: &'b [u8],
    /// s.
    second: &'b [u8],
}

impl<'b> Signature<'b> {
    /// Reads a signature.
    ///
    /// # Errors
    /// `Malformed`, `BadAlgorithm`.
    pub(super) fn parse(bytes: &'b [u8]) -> Result<Self, AppraisalError> {
        let mut wire = Wire::new(bytes, "signature of the quote");
        let algorithm = wire.u16()?;
        if ![RSASSA, RSAPSS, ECDSA].contains(&algorithm) {
            return Err(AppraisalError::BadAlgorithm {
                part: PART,
                expected: "RSASSA, RSAPSS or ECDSA",
                found: name(algorithm),
            });
        }
        let hash = wire.u16()?;
        let first = wire.sized()?;
        let second = if algorithm == ECDSA {
            wire.sized()?
        } else {
            &[]
        };
        wire.end()?;
        Ok(Self {
            algorithm,
            hash,
            first,
            second,
        })
    }

    /// How it was made: scheme and digest algorithm.
    pub(super) const fn scheme(&self) -> (u16, u16) {
        (self.algorithm, self.hash)
    }

    /// Both, for people.
    pub(super) fn words(&self) -> String {
        format!("{} with {}", name(self.algorithm), name(self.hash))
    }

    /// Checks the signature over `message`.
    ///
    /// # Errors
    /// `WeakDigest`, `BadAlgorithm` where the key is of another kind, `BadSignature`.
    pub(super) fn verify(&self, message: &[u8], key: &Key) -> Result<(), AppraisalError> {
        let hash = strong(self.hash, "signature of the quote")?;
        let bad = AppraisalError::BadSignature { part: PART };
        let verdict = match (self.algorithm, key) {
            (RSASSA, Key::Rsa(_)) => key.verify(Scheme::RsaPkcs1(hash), message, self.first),
            (RSAPSS, Key::Rsa(_)) => key.verify(Scheme::RsaPss(hash), message, self.first),
            (ECDSA, Key::Ec(curve, _)) => {
                let width = curve.width();
                let (Some(r), Some(s)) = (padded(self.first, width), padded(self.second, width))
                else {
                    return Err(bad);
                };
                key.verify(Scheme::Ecdsa(hash), message, &[r, s].concat())
            }
            _ => {
                return Err(AppraisalError::BadAlgorithm {
                    part: PART,
                    expected: "the kind of the AK",
                    found: format!("{} under a key of {}", self.words(), key.kind()),
                });
            }
        };
        verdict.map_err(|_| bad)
    }
}
