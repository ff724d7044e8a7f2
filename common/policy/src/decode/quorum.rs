//! `quorum`.

use alloc::vec::Vec;

use super::{At, Errors, isolates::ISOLATES};
use crate::{IsolateKind, quorum::MAX_QUORUM};

/// Kinds of isolates, at least two and each once.
pub(super) fn quorum(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<IsolateKind>> {
    at.distinct("kinds of isolate", 2, MAX_QUORUM, errors, |at, errors| {
        at.word(ISOLATES.known, IsolateKind::ALL, ISOLATES.later, errors)
    })
}
