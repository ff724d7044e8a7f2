//! Documents that nobody signed, as QEMU's machine `nitro-enclave` makes them: the algorithm is -1,
//! certificates and signature are zeros. Everything else in them is as in Amazon's, so that all that
//! an enclave does can be tried without one. Anyone can write such a document.

use super::PART;
use crate::cose::Sign1;
use crate::{AppraisalError, Collateral};

/// The protected header `{1: -1}`: an algorithm that there is not.
const NO_ALGORITHM: &[u8] = b"\xa1\x01\x20";

/// Whether a document says itself that it is unsigned.
pub(super) fn is_emulated(message: &Sign1<'_>) -> bool {
    message.protected() == NO_ALGORITHM
}

/// Refuses it, unless this is a build for tests whose caller asked for such documents.
pub(super) fn check_accepted(collateral: &Collateral) -> Result<(), AppraisalError> {
    if collateral.accepts_emulated() {
        return Ok(());
    }
    Err(AppraisalError::Emulated { part: PART })
}

/// What is said wherever one is accepted.
pub(super) fn warning() -> String {
    "an emulator made this document and nobody signed it: IT PROVES NOTHING".to_owned()
}
