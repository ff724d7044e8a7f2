//! `sev-snp`.

use super::{
    super::{
        At, Errors,
        object::{Fields, Object},
    },
    values,
};
use crate::{SevSnpIsolate, SnpSigningKey, SnpTcb};

pub(crate) const SEV_SNP: Fields = Fields {
    unit: "field",
    known: &[
        "measurement",
        "chip_ids",
        "any_chip",
        "minimum_tcb",
        "vmpl",
        "signing_key",
    ],
    later: &[],
};

pub(crate) const SNP_TCB: Fields = Fields {
    unit: "field",
    known: &["fmc", "bootloader", "tee", "snp", "microcode"],
    later: &[],
};

const SIGNING_KEYS: &[&str] = &["vcek", "vlek", "any"];

/// Bytes of CHIP_ID (AMD 56860, ATTESTATION_REPORT).
const CHIP_ID: usize = 64;

/// The highest privilege level (AMD 56860, section 1.3): 0 has the most rights.
const MAX_VMPL: u64 = 3;

pub(super) fn sev_snp(at: At<'_>, errors: &mut Errors<'_>) -> Option<SevSnpIsolate> {
    let object = Object::open(at, &SEV_SNP, errors)?;
    let measurement = object.required("measurement", errors, values::sha384);
    let chips = values::chips(&object, CHIP_ID, errors);
    let minimum_tcb = object.optional("minimum_tcb", errors, minimum_tcb);
    let vmpl = object.optional("vmpl", errors, |at, errors| {
        u8::try_from(at.count(0, MAX_VMPL, errors)?).ok()
    });
    let signing_key = object.optional("signing_key", errors, |at, errors| {
        let values = [SnpSigningKey::Vcek, SnpSigningKey::Vlek, SnpSigningKey::Any];
        at.word(SIGNING_KEYS, &values, &[], errors)
    });
    Some(SevSnpIsolate {
        measurement: measurement?,
        chips: chips?,
        minimum_tcb: minimum_tcb.unwrap_or_default(),
        vmpl: vmpl.unwrap_or(0),
        signing_key: signing_key.unwrap_or_default(),
    })
}

fn minimum_tcb(at: At<'_>, errors: &mut Errors<'_>) -> Option<SnpTcb> {
    let object = Object::open(at, &SNP_TCB, errors)?;
    let mut level = |name| {
        let level = object.optional(name, errors, |at, errors| {
            u8::try_from(at.count(0, u64::from(u8::MAX), errors)?).ok()
        });
        level.unwrap_or(0)
    };
    Some(SnpTcb {
        fmc: level("fmc"),
        bootloader: level("bootloader"),
        tee: level("tee"),
        snp: level("snp"),
        microcode: level("microcode"),
    })
}
