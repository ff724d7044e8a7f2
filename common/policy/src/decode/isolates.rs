//! `isolates`.

use super::{
    At, Errors,
    object::{Fields, Object},
    scalar,
};
use crate::{Cause, Isolates, MAX_DIGESTS, ProcessIsolate};

pub(super) const ISOLATES: Fields = Fields {
    unit: "isolate",
    known: &["process"],
    later: &[
        "sgx",
        "tdx",
        "sev-snp",
        "nitro",
        "cca",
        "psa",
        "tpm",
        "microvm",
        "trustzone",
        "sel4",
    ],
};

pub(super) const PROCESS: Fields = Fields {
    unit: "field",
    known: &["runtime", "attesters"],
    later: &[],
};

pub(super) fn isolates(at: At<'_>, errors: &mut Errors<'_>) -> Option<Isolates> {
    let object = Object::open(at, &ISOLATES, errors)?;
    if at.members(errors)?.is_empty() {
        let cause = Cause::WrongLength {
            unit: "kinds of isolate",
            minimum: 1,
            maximum: ISOLATES.known.len() + ISOLATES.later.len(),
            found: 0,
        };
        at.fail(cause, errors);
    }
    let process = object.optional("process", errors, process);
    Some(Isolates {
        process,
        ..Isolates::default()
    })
}

fn process(at: At<'_>, errors: &mut Errors<'_>) -> Option<ProcessIsolate> {
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
