//! `tpm` and `azure-vtpm`.

use alloc::vec::Vec;

use super::{
    super::{
        At, Errors,
        object::{Entry, Fields, Object, SHOWN},
        scalar,
    },
    intel, sev_snp, values,
};
use crate::{
    AzureVtpmIsolate, Cause, KeyDigest, MAX_DIGESTS, Pcrs, Sha256, TpmIsolate, text::shorten,
};

pub(crate) const TPM: Fields = Fields {
    unit: "field",
    known: &["pcrs", "aks", "ak_roots", "ek_roots"],
    later: &[],
};

pub(crate) const AZURE_VTPM: Fields = Fields {
    unit: "field",
    known: &["pcrs", "sev-snp", "tdx"],
    later: &[],
};

/// PCRs of a PC (TCG PC Client Platform Firmware Profile, section 3.3.4).
const PCR_COUNT: u8 = 24;

pub(super) fn tpm(at: At<'_>, errors: &mut Errors<'_>) -> Option<TpmIsolate> {
    let object = Object::open(at, &TPM, errors)?;
    let pcrs = object.required("pcrs", errors, pcrs);
    let mut anchors = |name| object.optional(name, errors, keys).unwrap_or_default();
    let (aks, ak_roots) = (anchors("aks"), anchors("ak_roots"));
    let ek_roots = anchors("ek_roots");
    if !TPM.known.iter().skip(1).any(|name| object.has(name)) {
        let names = "\"aks\", \"ak_roots\" or \"ek_roots\"";
        object.fail(Cause::MissingOneOf { names }, errors);
        return None;
    }
    Some(TpmIsolate {
        pcrs: pcrs?,
        aks,
        ak_roots,
        ek_roots,
    })
}

pub(super) fn azure_vtpm(at: At<'_>, errors: &mut Errors<'_>) -> Option<AzureVtpmIsolate> {
    let object = Object::open(at, &AZURE_VTPM, errors)?;
    let pcrs = object.required("pcrs", errors, pcrs);
    let sev_snp = object.optional("sev-snp", errors, sev_snp::sev_snp);
    let tdx = object.optional("tdx", errors, intel::azure_tdx);
    if !object.has("sev-snp") && !object.has("tdx") {
        let names = "\"sev-snp\" or \"tdx\"";
        object.fail(Cause::MissingOneOf { names }, errors);
        return None;
    }
    Some(AzureVtpmIsolate {
        pcrs: pcrs?,
        sev_snp,
        tdx,
    })
}

fn keys(at: At<'_>, errors: &mut Errors<'_>) -> Option<Vec<KeyDigest>> {
    at.one_or_distinct("keys", MAX_DIGESTS, errors, scalar::key_digest)
}

fn pcrs(at: At<'_>, errors: &mut Errors<'_>) -> Option<Pcrs> {
    let list = at.entries("PCRs", 1, usize::from(PCR_COUNT), errors, pcr)?;
    Some(list.into_iter().collect())
}

fn pcr(entry: Entry<'_>, errors: &mut Errors<'_>) -> Option<(u8, Vec<Sha256>)> {
    // The plain spelling alone, so that no PCR has two names.
    let index = (0..PCR_COUNT).find(|index| alloc::format!("{index}") == entry.name);
    if index.is_none() {
        let cause = Cause::InvalidName {
            expected: "the number of a PCR, 0 to 23",
            found: shorten(entry.name, SHOWN),
        };
        entry.fail_name(cause, errors);
    }
    let values = values::sha256(entry.at, errors);
    Some((index?, values?))
}
