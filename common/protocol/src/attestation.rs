//! `POST /v1/attestation`: evidence for this very connection; `POST /v1/attestation/credential`:
//! the question that some evidence leaves open.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::text::{read_base64, read_base64_exactly, write_base64};

/// Asks for evidence that is bound to the connection it is asked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttestationRequest {
    /// 32 bytes that the client has just drawn, as base64url without padding (43 characters).
    #[serde(
        serialize_with = "write_base64",
        deserialize_with = "read_base64_exactly::<32, _>"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 43, max_length = 43))]
    pub nonce: [u8; 32],
}

/// The evidence, still to be appraised by the client against its own copy of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttestationResponse {
    /// The envelope (a CBOR array of media type and bytes), as base64url without padding; at
    /// most 64 KiB before encoding. Its 64 bytes of report data are computed by both ends.
    #[serde(
        serialize_with = "write_base64",
        deserialize_with = "read_base64::<{ limits::EVIDENCE_BYTES }, _>"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 87382))]
    pub evidence: Vec<u8>,
}

/// Asks for a credential to be activated: for evidence of a TPM whose endorsement key the client
/// trusts, after that evidence and on its connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialRequest {
    /// `TPMS_ID_OBJECT` for the name of the evidence's attestation key, as base64url without
    /// padding.
    #[serde(
        serialize_with = "write_base64",
        deserialize_with = "read_base64::<{ limits::CREDENTIAL_BLOB_BYTES }, _>"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 176))]
    pub credential_blob: Vec<u8>,
    /// The seed of it, encrypted to the TPM's endorsement key: what a `TPM2B_ENCRYPTED_SECRET`
    /// holds, as base64url without padding.
    #[serde(
        serialize_with = "write_base64",
        deserialize_with = "read_base64::<{ limits::CREDENTIAL_SECRET_BYTES }, _>"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 683))]
    pub secret: Vec<u8>,
}

/// What only the TPM that holds both keys can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialResponse {
    /// 64 bytes made of the credential's secret and the report data of the connection's last
    /// evidence, as base64url without padding (86 characters).
    #[serde(
        serialize_with = "write_base64",
        deserialize_with = "read_base64_exactly::<64, _>"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 86, max_length = 86))]
    pub answer: [u8; 64],
}

impl AttestationRequest {
    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::text::json(self)
    }
}

impl CredentialRequest {
    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::text::json(self)
    }
}
