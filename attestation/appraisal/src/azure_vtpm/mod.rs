//! Confidential virtual machines of Azure: a quote of the vTPM, whose key the hardware vouches for.
//!
//! The chain of trust has three links. SEV-SNP or TDX hardware reports that Microsoft's paravisor
//! (HCL) runs in the machine, and the digest of what the paravisor says: the runtime data. In it
//! stands the attestation key (AK) of the vTPM that the paravisor runs. That key signs a quote of
//! the PCRs, in which stands what was started above the paravisor. The measurement of the hardware's
//! report is that of the paravisor alone.
//!
//! The isolate's report data is bound by the quote's extraData (its SHA-256); the policy with which
//! it was started is extended into PCR 15, once.

mod hcl;
mod import;

use veracruz_evidence::azure_vtpm::AzureVtpmContent;
use veracruz_evidence::{Evidence, ReportData, Technology, azure_vtpm as content};
use veracruz_policy::{AzureVtpmIsolate, PolicyHash, SevSnpIsolate, TdxIsolate, Timestamp};

use self::hcl::{Hardware, HclReport};
pub use self::import::import;
use crate::examined::Bound;
use crate::tpm::{self, Quote};
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact, sev_snp, tdx};

const TECHNOLOGY: Technology = Technology::AzureVtpm;

/// Verifies the evidence of such a machine.
///
/// `reference` says which PCRs and which hardware will do, `launch_policy` is the hash of the policy
/// with which the isolate must have been started, `expected` what the quote must be bound to, `now`
/// the time at which certificates and collateral must be valid.
///
/// # Errors
/// `WrongTechnology`, everything that [`examine`] finds, `BindingMissing` where the quote has no
/// extraData, `MeasurementMissing` where it is not over PCR 15, `BindingMismatch`,
/// `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &AzureVtpmIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    if evidence.technology() != TECHNOLOGY {
        return Err(AppraisalError::WrongTechnology {
            expected: TECHNOLOGY.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let examined = examine(evidence.content(), collateral, Some(reference), now)?;
    tpm::check_bindable(&examined)?;
    Appraised::conclude(examined, None, launch_policy, expected)
}

/// Looks at evidence without a connection to compare it with; `content` is that of the envelope
/// ([`veracruz_evidence::azure_vtpm`]). Without `reference` it says that the quote was made in a
/// genuine confidential machine.
///
/// # Errors
/// In this order: `Malformed`, `UnknownProfile`; what [`sev_snp::examine`] or [`tdx::examine`] find
/// in the hardware's report, `WrongTechnology` where the reference does not name that hardware;
/// `AttesterMismatch` where the report is about other runtime data; `BadAlgorithm`, `WeakDigest` and
/// `BadSignature` of the quote; `MeasurementMismatch` where the PCRs are not those that were signed;
/// `EventLogMismatch`; `MeasurementMissing`, `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&AzureVtpmIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let content = content::parse(content).map_err(|error| AppraisalError::Malformed {
        part: "Azure vTPM evidence",
        reason: error.to_string(),
    })?;
    let hcl = HclReport::parse(&content.hcl_report)?;
    let (hardware, mut facts, warnings) = match hcl.hardware {
        Hardware::SevSnp => {
            let reference = of_reference(
                reference,
                |reference| reference.sev_snp.as_ref(),
                hcl.hardware,
            )?;
            snp(&hcl, &content, collateral, reference, now)?
        }
        Hardware::Tdx => {
            let reference =
                of_reference(reference, |reference| reference.tdx.as_ref(), hcl.hardware)?;
            td(&hcl, &content, collateral, reference, now)?
        }
    };
    facts.insert(
        0,
        Fact {
            name: "hardware",
            value: hardware.name().into(),
        },
    );
    let ak = hcl.attestation_key()?;
    if let Some(digest) = ak.digest() {
        facts.push(Fact {
            name: "AK",
            value: digest.to_string(),
        });
    }
    let told = hcl.configuration().into_iter();
    facts.extend(told.map(|(name, value)| Fact { name, value }));
    let quote = &content.quote;
    let log = &quote.log;
    let quote = Quote::verify(&quote.attest, &quote.signature, &ak, &quote.registers)?;
    facts.extend_from_slice(quote.facts());
    if !log.is_empty() {
        facts.push(quote.check_log(log)?);
    }
    if let Some(reference) = reference {
        quote.check(&reference.pcrs)?;
    }
    Ok(Examined {
        technology: TECHNOLOGY,
        measurement: quote.pcr_digest,
        launch: quote.launch(),
        bound_to: Bound::Digest(quote.extra_data),
        facts,
        warnings,
        emulated: false,
        compared: reference.is_some(),
        at: now,
    })
}

/// What the hardware's report says of it: which technology, facts, warnings.
type Vouched = (Technology, Vec<Fact>, Vec<String>);

/// The part of the reference that is about this hardware, where there is a reference at all.
fn of_reference<'r, T>(
    reference: Option<&'r AzureVtpmIsolate>,
    part: impl Fn(&'r AzureVtpmIsolate) -> Option<&'r T>,
    hardware: Hardware,
) -> Result<Option<&'r T>, AppraisalError> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    let (expected, found) = match hardware {
        Hardware::SevSnp => (Technology::Tdx, Technology::SevSnp),
        Hardware::Tdx => (Technology::SevSnp, Technology::Tdx),
    };
    let named = part(reference).ok_or_else(|| AppraisalError::WrongTechnology {
        expected: format!("{TECHNOLOGY} on {expected}"),
        found: format!("{TECHNOLOGY} on {found}"),
    })?;
    Ok(Some(named))
}

fn snp(
    hcl: &HclReport<'_>,
    content: &AzureVtpmContent,
    collateral: &Collateral,
    reference: Option<&SevSnpIsolate>,
    now: Timestamp,
) -> Result<Vouched, AppraisalError> {
    let mut collateral = collateral.clone();
    for certificate in &content.quote.certificates {
        collateral.add(certificate)?;
    }
    let genuine = sev_snp::judge(hcl.report, &[], &collateral, reference, now)?;
    hcl.check_runtime_data(&genuine.report_data)?;
    Ok((Technology::SevSnp, genuine.facts, Vec::new()))
}

fn td(
    hcl: &HclReport<'_>,
    content: &AzureVtpmContent,
    collateral: &Collateral,
    reference: Option<&TdxIsolate>,
    now: Timestamp,
) -> Result<Vouched, AppraisalError> {
    // The TDREPORT inside the HCL report has a MAC that only its own processor can check.
    if content.td_quote.is_empty() {
        return Err(AppraisalError::MissingCollateral {
            part: "TD quote",
            reason: "the report inside the HCL report is signed by nobody; the host's service at \
                     169.254.169.254/acc/tdquote makes a quote of it"
                .into(),
        });
    }
    let examined = tdx::examine(&content.td_quote, collateral, reference, now)?;
    hcl.check_runtime_data(examined.bound_to())?;
    Ok((Technology::Tdx, examined.facts, examined.warnings))
}
