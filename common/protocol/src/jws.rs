//! The compact serialisation of a JWS (RFC 7515), as far as approvals need it: taking apart and
//! putting together. Whether the signature is right is checked by whoever has the key.

use alloc::{format, string::String, vec::Vec};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{ApprovalStatement, limits, media, text};

/// A signed approval, taken apart; its signature is unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws {
    /// The payload.
    pub statement: ApprovalStatement,
    /// What is signed: header and payload, encoded, with the dot between them (ASCII).
    pub signing_input: String,
    /// ECDSA on P-256: `r` and `s`, 32 bytes each, big-endian (RFC 7518 section 3.4).
    pub signature: [u8; 64],
}

/// Why an approval could not be read. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// It is too long.
    #[error("expected at most {expected} bytes, found {found}")]
    TooLong {
        /// The limit.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// It is not three parts of strict base64url without padding, separated by dots.
    #[error("expected three parts in base64url, separated by dots; the {part} is not")]
    Compact {
        /// Which part is wrong.
        part: &'static str,
    },
    /// The header is not exactly an algorithm and a type.
    #[error("the protected header: {reason}")]
    Header {
        /// What is wrong, by position; no content.
        reason: String,
    },
    /// The algorithm is not the one that the pinned key fixes.
    #[error("expected the algorithm ES256, found {found}")]
    Algorithm {
        /// What the header says.
        found: String,
    },
    /// The type is not that of an approval.
    #[error("expected the type veracruz-approval+jws, found {found}")]
    Type {
        /// What the header says.
        found: String,
    },
    /// The payload is not a statement.
    #[error("the statement: {reason}")]
    Statement {
        /// What is wrong and where.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    #[serde(deserialize_with = "text::bounded::<64, _>")]
    alg: String,
    #[serde(deserialize_with = "text::bounded::<64, _>")]
    typ: String,
}

impl Jws {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// See [`JwsError`]. Header members other than `alg` and `typ` are refused, so there is
    /// neither an embedded key nor a `crit` to misunderstand.
    pub fn parse(compact: &str) -> Result<Self, JwsError> {
        if compact.len() > limits::APPROVAL_BYTES {
            return Err(JwsError::TooLong {
                expected: limits::APPROVAL_BYTES,
                found: compact.len(),
            });
        }
        let (signing_input, signature) = compact
            .rsplit_once('.')
            .ok_or(JwsError::Compact { part: "signature" })?;
        let (header, payload) = signing_input
            .split_once('.')
            .ok_or(JwsError::Compact { part: "payload" })?;
        let header: Header =
            serde_json::from_slice(&decode(header, "header")?).map_err(|error| {
                JwsError::Header {
                    reason: format!("{error}"),
                }
            })?;
        if header.alg != "ES256" {
            return Err(JwsError::Algorithm { found: header.alg });
        }
        if header.typ != media::APPROVAL_TYPE {
            return Err(JwsError::Type { found: header.typ });
        }
        let statement = serde_json::from_slice(&decode(payload, "payload")?).map_err(|error| {
            JwsError::Statement {
                reason: format!("{error}"),
            }
        })?;
        let signature = <[u8; 64]>::try_from(decode(signature, "signature")?)
            .map_err(|_| JwsError::Compact { part: "signature" })?;
        Ok(Self {
            statement,
            signing_input: signing_input.into(),
            signature,
        })
    }

    /// What is to be signed for a statement: header and payload, encoded, with a dot between.
    #[must_use]
    pub fn signing_input(statement: &ApprovalStatement) -> String {
        let header = Header {
            alg: "ES256".into(),
            typ: media::APPROVAL_TYPE.into(),
        };
        format!(
            "{}.{}",
            encode(&text::json(&header)),
            encode(&text::json(statement))
        )
    }

    /// Puts the compact form together from [`Jws::signing_input`] and its signature.
    #[must_use]
    pub fn compact(signing_input: &str, signature: &[u8; 64]) -> String {
        format!("{signing_input}.{}", BASE64URL_NOPAD.encode(signature))
    }
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

fn decode(text: &str, part: &'static str) -> Result<Vec<u8>, JwsError> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| JwsError::Compact { part })
}
