//! What several kinds of isolates have: measurements, chips, keys.

use alloc::vec::Vec;

use data_encoding::HEXLOWER;

use super::super::{
    At, Errors,
    object::{Object, SHOWN},
    scalar,
};
use crate::{
    Cause, ChipId, Chips, MAX_DIGESTS, MAX_KEY_BYTES, Measurement, PublicKey, Sha256, Sha384,
    key::{self, Curves},
    text::shorten,
};

/// Any of a list of SHA-256 measurements.
pub(super) fn sha256(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Sha256>> {
    at.one_or_distinct("measurements", MAX_DIGESTS, errors, |at, errors| {
        let digest = scalar::sha256(at, errors)?;
        not_zero(at, digest.as_bytes(), errors)?;
        Some(digest)
    })
}

/// Any of a list of SHA-384 measurements.
pub(super) fn sha384(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Sha384>> {
    at.one_or_distinct("measurements", MAX_DIGESTS, errors, |at, errors| {
        let digest = scalar::sha384(at, errors)?;
        not_zero(at, digest.as_bytes(), errors)?;
        Some(digest)
    })
}

/// Any of a list of measurements of either width.
pub(super) fn measurements(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Measurement>> {
    at.one_or_distinct("measurements", MAX_DIGESTS, errors, |at, errors| {
        let digest = scalar::measurement(at, errors)?;
        not_zero(at, digest.as_bytes(), errors)?;
        Some(digest)
    })
}

/// Any of a list of ids of 32 bytes.
pub(super) fn implementation_ids(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<Sha256>> {
    at.one_or_distinct("ids", MAX_DIGESTS, errors, scalar::sha256)
}

/// Any of a list of keys, each one PEM block.
pub(super) fn keys(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<PublicKey>> {
    at.one_or_distinct("keys", MAX_DIGESTS, errors, |at, errors| {
        public_key(at, Curves::Nist, errors)
    })
}

/// A key as one PEM block.
pub(in crate::decode) fn public_key(
    at: At<'_>,
    curves: Curves,
    errors: &mut Errors<'_>,
) -> Option<PublicKey> {
    let text = at.string(errors)?;
    at.length("bytes", text.len(), 1, MAX_KEY_BYTES, errors)?;
    key::parse(text, curves)
        .map_err(|cause| at.fail(cause, errors))
        .ok()
}

/// `chip_ids`, each of so many bytes, or `any_chip`: one of the two, said aloud.
pub(super) fn chips(
    object: &Object<'_>,
    id_bytes: usize,
    errors: &mut Errors<'_>,
) -> Option<Chips> {
    let any = object.optional("any_chip", errors, scalar::boolean);
    let named = object.has("chip_ids");
    let ids = object.optional("chip_ids", errors, |at, errors| {
        at.one_or_distinct("chips", MAX_DIGESTS, errors, |at, errors| {
            chip_id(at, id_bytes, errors)
        })
    });
    match (any, named) {
        (Some(true), false) => Some(Chips::Any),
        (Some(true), true) => {
            object.fail_field("any_chip", Cause::ChipsSaidTwice, errors);
            None
        }
        (_, true) => ids.map(Chips::Named),
        // An `any_chip` that is no boolean has its error already.
        (None, false) if object.has("any_chip") => None,
        (_, false) => {
            object.fail(Cause::ChipsNotSaid, errors);
            None
        }
    }
}

/// `any_chip` of a kind whose evidence has no id of a chip.
pub(super) fn any_chip(object: &Object<'_>, errors: &mut Errors<'_>) -> Option<()> {
    let any = object.required("any_chip", errors, scalar::boolean)?;
    if !any {
        object.fail_field("any_chip", Cause::ChipsNotSaid, errors);
    }
    any.then_some(())
}

fn chip_id(at: At<'_>, bytes: usize, errors: &mut Errors<'_>) -> Option<ChipId> {
    let text = at.string(errors)?;
    let id = HEXLOWER
        .decode(text.as_bytes())
        .ok()
        .filter(|id| id.len() == bytes);
    let Some(id) = id else {
        let found = shorten(text, SHOWN);
        at.fail(Cause::InvalidChipId { bytes, found }, errors);
        return None;
    };
    not_zero(at, &id, errors)?;
    ChipId::new(id)
}

/// Refuses what stands for 'nothing was measured', or for 'the id is masked'.
fn not_zero(at: At<'_>, bytes: &[u8], errors: &mut Errors<'_>) -> Option<()> {
    if bytes.iter().all(|byte| *byte == 0) {
        at.fail(Cause::AllZeros, errors);
        return None;
    }
    Some(())
}
