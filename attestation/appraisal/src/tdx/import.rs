//! Quotes of virtual machines as others hand them on.

use veracruz_evidence::Technology;

use crate::intel;
use crate::{AppraisalError, Collateral};

/// The quote in a file: raw, as hex or base64, in the JSON of other projects under `quote`, or after
/// the header of Open Enclave. Zeros with which a buffer was filled up are cut off; an event log in the JSON of trustee
/// goes to the collateral.
///
/// # Errors
/// `Malformed`, `UnknownProfile`, `WrongTechnology`.
pub fn import(file: &[u8], collateral: &mut Collateral) -> Result<Vec<u8>, AppraisalError> {
    intel::import::import(file, Technology::Tdx, collateral)
}
