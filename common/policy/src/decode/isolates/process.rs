//! Kinds that a software root of trust vouches for.

use alloc::vec::Vec;

use super::super::{
    At, Errors,
    object::{Fields, Object},
    scalar,
};
use crate::{KeyDigest, MAX_DIGESTS, MicrovmIsolate, ProcessIsolate, Sha256};

pub(crate) const PROCESS: Fields = Fields {
    unit: "field",
    known: &["runtime", "attesters"],
    later: &[],
};

pub(crate) const MICROVM: Fields = Fields {
    unit: "field",
    known: &["image", "attesters"],
    later: &[],
};

pub(super) fn process(at: At<'_>, errors: &mut Errors<'_>) -> Option<ProcessIsolate> {
    let object = Object::open(at, &PROCESS, errors)?;
    let (runtime, attesters) = vouched(&object, "runtime", errors)?;
    Some(ProcessIsolate { runtime, attesters })
}

pub(super) fn microvm(at: At<'_>, errors: &mut Errors<'_>) -> Option<MicrovmIsolate> {
    let object = Object::open(at, &MICROVM, errors)?;
    let (image, attesters) = vouched(&object, "image", errors)?;
    Some(MicrovmIsolate { image, attesters })
}

/// The digests in field `measured`, and those who may vouch for them.
fn vouched(
    object: &Object<'_>,
    measured: &'static str,
    errors: &mut Errors<'_>,
) -> Option<(Vec<Sha256>, Vec<KeyDigest>)> {
    let measured = object.required(measured, errors, |at, errors| {
        at.one_or_distinct("digests", MAX_DIGESTS, errors, scalar::sha256)
    });
    let attesters = object.required("attesters", errors, |at, errors| {
        at.one_or_distinct("attesters", MAX_DIGESTS, errors, scalar::key_digest)
    });
    Some((measured?, attesters?))
}
