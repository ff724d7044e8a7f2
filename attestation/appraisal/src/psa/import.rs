//! Tokens of devices as others keep them.

use crate::{AppraisalError, Collateral, import as files};

/// The token in a file: bytes as the device gives them, hex or base64 of them, JSON with a `token`
/// or a conceptual message wrapper as JSON. There is nothing beside the token in any of these, so
/// no collateral comes of it.
///
/// # Errors
/// `Malformed`.
pub fn import(file: &[u8], _collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    files::binary(file, &["token", "psa_token", "evidence"], "PSA token")
}
