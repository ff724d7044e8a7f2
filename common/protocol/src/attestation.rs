//! `POST /v1/attestation`: evidence for this very connection.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::text::{base64_32, base64_evidence};

/// Asks for evidence that is bound to the connection it is asked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttestationRequest {
    /// 32 bytes that the client has just drawn, as base64url without padding (43 characters).
    #[serde(with = "base64_32")]
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
    #[serde(with = "base64_evidence")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 87382))]
    pub evidence: Vec<u8>,
}

impl AttestationRequest {
    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::text::json(self)
    }
}
