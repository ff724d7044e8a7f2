//! The one entrance for evidence of any technology.

use veracruz_evidence::{Evidence, EvidenceError, ReportData, Technology};
use veracruz_policy::{Isolates, Policy, Timestamp};

use crate::{
    AppraisalError, Appraised, Collateral, Judgement, azure_vtpm, cca, nitro, psa, sev_snp, sgx,
    sw_rot, tdx, tpm,
};

/// Appraises encoded evidence against what `policy` accepts.
///
/// `policy` is the caller's own copy, `expected` is computed by the caller from its own connection
/// (or from a receipt), `now` is the time at which to judge. The policy alone says which
/// technologies are good enough; the evidence can only fit or not. `collateral` may come from
/// anywhere.
///
/// Whether the policy itself has [expired](Policy::expires) is not looked at here: evidence in an
/// old receipt stays what it is. Clients look before they attest.
///
/// # Errors
/// `WrongTechnology` and `NotAccepted` where the policy does not name an isolate of this
/// technology, `Envelope` where the bytes are no evidence at all, and everything that the
/// technology's own verification finds. `ActivationNeeded` where only the isolate could show the
/// rest: whoever is connected to it takes [`begin`].
pub fn appraise(
    evidence: &[u8],
    policy: &Policy,
    collateral: &Collateral,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    begin(evidence, policy, collateral, expected, now)?.without_questions()
}

/// As [`appraise`], for a caller who is connected to the isolate, and can ask it what the evidence
/// leaves open: see [`tpm::Pending`].
///
/// # Errors
/// Those of [`appraise`], without `ActivationNeeded`.
pub fn begin(
    evidence: &[u8],
    policy: &Policy,
    collateral: &Collateral,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Judgement, AppraisalError> {
    let evidence = Evidence::parse(evidence).map_err(|error| match error {
        EvidenceError::UnknownTechnology { found } => AppraisalError::WrongTechnology {
            expected: accepted(policy.isolates()),
            found,
        },
        error => AppraisalError::Envelope(error),
    })?;
    let technology = evidence.technology();
    // A second look at what a policy's parser sees to: no policy accepts this silently.
    if !technology.protects_from_host()
        && accepts(policy.isolates(), technology)
        && !policy.unprotected()
    {
        return Err(AppraisalError::NotAccepted { technology });
    }
    appraise_isolate(&evidence, policy, collateral, expected, now).unwrap_or_else(|| {
        Err(AppraisalError::WrongTechnology {
            expected: accepted(policy.isolates()),
            found: technology.name().into(),
        })
    })
}

/// The verdict of the evidence's technology; `None` where the policy does not name it.
fn appraise_isolate(
    evidence: &Evidence,
    policy: &Policy,
    collateral: &Collateral,
    expected: &ReportData,
    now: Timestamp,
) -> Option<Result<Judgement, AppraisalError>> {
    let isolates = policy.isolates();
    let launch = &policy.hash();
    let verdict =
        match evidence.technology() {
            Technology::Tpm => {
                let reference = isolates.tpm.as_ref()?;
                let judgement = tpm::begin(evidence, collateral, reference, launch, expected, now);
                return Some(judgement);
            }
            Technology::SoftwareRootOfTrust => sw_rot::Reference::of(isolates)
                .map(|reference| sw_rot::verify(evidence, reference, launch, expected, now)),
            Technology::Sgx => isolates.sgx.as_ref().map(|reference| {
                sgx::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::Tdx => isolates.tdx.as_ref().map(|reference| {
                tdx::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::SevSnp => isolates.sev_snp.as_ref().map(|reference| {
                sev_snp::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::Nitro => isolates.nitro.as_ref().map(|reference| {
                nitro::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::AzureVtpm => isolates.azure_vtpm.as_ref().map(|reference| {
                azure_vtpm::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::Cca => isolates.cca.as_ref().map(|reference| {
                cca::verify(evidence, collateral, reference, launch, expected, now)
            }),
            Technology::Psa => isolates.psa.as_ref().map(|reference| {
                psa::verify(evidence, collateral, reference, launch, expected, now)
            }),
            _ => None,
        };
    verdict.map(|verdict| verdict.map(Judgement::Appraised))
}

/// Whether a policy names an isolate whose evidence is of this technology.
fn accepts(isolates: &Isolates, technology: Technology) -> bool {
    match technology {
        Technology::SoftwareRootOfTrust => sw_rot::Reference::of(isolates).is_some(),
        Technology::Sgx => isolates.sgx.is_some(),
        Technology::Tdx => isolates.tdx.is_some(),
        Technology::SevSnp => isolates.sev_snp.is_some(),
        Technology::Nitro => isolates.nitro.is_some(),
        Technology::Cca => isolates.cca.is_some(),
        Technology::Psa => isolates.psa.is_some(),
        Technology::Tpm => isolates.tpm.is_some(),
        Technology::AzureVtpm => isolates.azure_vtpm.is_some(),
        _ => false,
    }
}

/// The technologies that a policy names, as text.
fn accepted(isolates: &Isolates) -> String {
    let names: Vec<&str> = Technology::ALL
        .iter()
        .filter(|technology| accepts(isolates, **technology))
        .map(|technology| technology.name())
        .collect();
    names.join(" or ")
}
