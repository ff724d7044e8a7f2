//! `nitro`.

use super::{
    super::{
        At, Errors,
        object::{Fields, Object},
    },
    values,
};
use crate::NitroIsolate;

pub(crate) const NITRO: Fields = Fields {
    unit: "field",
    known: &["pcr0", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8", "any_chip"],
    later: &[],
};

pub(super) fn nitro(at: At<'_>, errors: &mut Errors<'_>) -> Option<NitroIsolate> {
    let object = Object::open(at, &NITRO, errors)?;
    let mut required = |name| object.required(name, errors, values::sha384);
    let (pcr0, pcr1, pcr2) = (required("pcr0"), required("pcr1"), required("pcr2"));
    let mut optional = |name| {
        object
            .optional(name, errors, values::sha384)
            .unwrap_or_default()
    };
    let (pcr3, pcr4, pcr8) = (optional("pcr3"), optional("pcr4"), optional("pcr8"));
    values::any_chip(&object, errors)?;
    Some(NitroIsolate {
        pcr0: pcr0?,
        pcr1: pcr1?,
        pcr2: pcr2?,
        pcr3,
        pcr4,
        pcr8,
    })
}
