//! `cca` and `psa`.

use super::{
    super::{
        At, Errors,
        object::{Fields, Object},
    },
    values,
};
use crate::{CcaIsolate, PsaIsolate};

pub(crate) const CCA: Fields = Fields {
    unit: "field",
    known: &[
        "rim",
        "rem0",
        "rem1",
        "rem2",
        "rem3",
        "platform_keys",
        "implementation_ids",
        "platform_software",
        "chip_ids",
        "any_chip",
    ],
    later: &[],
};

pub(crate) const PSA: Fields = Fields {
    unit: "field",
    known: &[
        "software",
        "keys",
        "implementation_ids",
        "chip_ids",
        "any_chip",
    ],
    later: &[],
};

/// Bytes of an instance id (RFC 9783, section 4.2.1).
const INSTANCE_ID: usize = 33;

pub(super) fn cca(at: At<'_>, errors: &mut Errors<'_>) -> Option<CcaIsolate> {
    let object = Object::open(at, &CCA, errors)?;
    let rim = object.required("rim", errors, values::measurements);
    let mut rem = |name| {
        object
            .optional(name, errors, values::measurements)
            .unwrap_or_default()
    };
    let rem = [rem("rem0"), rem("rem1"), rem("rem2"), rem("rem3")];
    let platform_keys = object.required("platform_keys", errors, values::keys);
    let implementation_ids =
        object.required("implementation_ids", errors, values::implementation_ids);
    let platform_software = object.required("platform_software", errors, values::measurements);
    let chips = values::chips(&object, INSTANCE_ID, errors);
    Some(CcaIsolate {
        rim: rim?,
        rem,
        platform_keys: platform_keys?,
        implementation_ids: implementation_ids?,
        platform_software: platform_software?,
        chips: chips?,
    })
}

pub(super) fn psa(at: At<'_>, errors: &mut Errors<'_>) -> Option<PsaIsolate> {
    let object = Object::open(at, &PSA, errors)?;
    let software = object.required("software", errors, values::measurements);
    let keys = object.required("keys", errors, values::keys);
    let implementation_ids =
        object.required("implementation_ids", errors, values::implementation_ids);
    let chips = values::chips(&object, INSTANCE_ID, errors);
    Some(PsaIsolate {
        software: software?,
        keys: keys?,
        implementation_ids: implementation_ids?,
        chips: chips?,
    })
}
