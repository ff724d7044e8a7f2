//! `process`.

use super::super::{
    At, Errors,
    object::{Fields, Object},
    scalar,
};
use crate::{MAX_DIGESTS, ProcessIsolate};

pub(crate) const PROCESS: Fields = Fields {
    unit: "field",
    known: &["runtime", "attesters"],
    later: &[],
};

pub(super) fn process(at: At<'_>, errors: &mut Errors<'_>) -> Option<ProcessIsolate> {
    let object = Object::open(at, &PROCESS, errors)?;
    let runtime = object.required("runtime", errors, |at, errors| {
        at.one_or_distinct("digests", MAX_DIGESTS, errors, scalar::sha256)
    });
    let attesters = object.required("attesters", errors, |at, errors| {
        at.one_or_distinct("attesters", MAX_DIGESTS, errors, scalar::key_digest)
    });
    Some(ProcessIsolate {
        runtime: runtime?,
        attesters: attesters?,
    })
}
