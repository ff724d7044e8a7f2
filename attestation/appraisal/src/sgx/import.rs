//! Quotes of enclaves as others hand them on.

use veracruz_evidence::Technology;

use crate::intel;
use crate::{AppraisalError, Collateral};

/// The quote in a file: raw, as hex or base64, anywhere in the JSON of other projects, or after the
/// header of Open Enclave. Zeros with which a buffer was filled up are cut off. Event logs and
/// certificates that come along in JSON go to the collateral.
///
/// # Errors
/// `Malformed`, `UnknownProfile`, `WrongTechnology`.
pub fn import(file: &[u8], collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    intel::import::import(file, Technology::Sgx, collateral)
}
