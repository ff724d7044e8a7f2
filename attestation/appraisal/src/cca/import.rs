//! Tokens of realms as others keep them.

use crate::{AppraisalError, Collateral, import as files};

/// The token in a file: bytes as RMM gives them, hex or base64 of them, the JSON of Trustee's
/// attester (`{"token": …}`) or a conceptual message wrapper as JSON. There is nothing beside the
/// token in any of these, so no collateral comes of it.
///
/// # Errors
/// `Malformed`.
pub fn import(file: &[u8], _collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    files::binary(file, &["token", "cca_token", "evidence"], "CCA token")
}
