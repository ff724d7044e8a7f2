//! `isolates`: a file a family.

mod arm;
mod intel;
mod nitro;
mod process;
mod sev_snp;
mod tpm;
mod values;

use super::{
    At, Errors,
    object::{Fields, Object},
};
use crate::{Cause, IsolateKind, Isolates};

pub(super) use values::public_key;
#[cfg(any(test, feature = "schema"))]
pub(crate) use {
    arm::{CCA, PSA},
    intel::{SGX, TCB_EXCEPTION, TDX},
    nitro::NITRO,
    process::{MICROVM, PROCESS},
    sev_snp::{SEV_SNP, SNP_TCB},
    tpm::{AZURE_VTPM, TPM},
};

pub(crate) const ISOLATES: Fields = Fields {
    unit: "isolate",
    known: &[
        "process",
        "microvm",
        "sgx",
        "tdx",
        "sev-snp",
        "nitro",
        "cca",
        "psa",
        "tpm",
        "azure-vtpm",
    ],
    later: &["trustzone", "sel4"],
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
    let mut isolates = Isolates::default();
    for kind in IsolateKind::ALL {
        object.optional(kind.name(), errors, |at, errors| {
            isolate(*kind, at, errors, &mut isolates)
        });
    }
    Some(isolates)
}

/// The object of one kind.
pub(super) fn isolate(
    kind: IsolateKind,
    at: At<'_>,
    errors: &mut Errors<'_>,
    isolates: &mut Isolates,
) -> Option<()> {
    match kind {
        IsolateKind::Process => isolates.process = Some(process::process(at, errors)?),
        IsolateKind::Microvm => isolates.microvm = Some(process::microvm(at, errors)?),
        IsolateKind::Sgx => isolates.sgx = Some(intel::sgx(at, errors)?),
        IsolateKind::Tdx => isolates.tdx = Some(intel::tdx(at, errors)?),
        IsolateKind::SevSnp => isolates.sev_snp = Some(sev_snp::sev_snp(at, errors)?),
        IsolateKind::Nitro => isolates.nitro = Some(nitro::nitro(at, errors)?),
        IsolateKind::Cca => isolates.cca = Some(arm::cca(at, errors)?),
        IsolateKind::Psa => isolates.psa = Some(arm::psa(at, errors)?),
        IsolateKind::Tpm => isolates.tpm = Some(tpm::tpm(at, errors)?),
        IsolateKind::AzureVtpm => isolates.azure_vtpm = Some(tpm::azure_vtpm(at, errors)?),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_field_and_every_field_a_kind() {
        let names: alloc::vec::Vec<_> = IsolateKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names, ISOLATES.known);
    }
}
