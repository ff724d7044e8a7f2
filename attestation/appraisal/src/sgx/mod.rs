//! Intel SGX: quotes of enclaves, DCAP version 3.
//!
//! The chain from the quote to Intel's root is described in the source of `intel`. What this proves
//! ends with Intel: whoever extracts the key of one platform, as physical attacks did, can make
//! quotes for any enclave; a policy that names its [`Chips`](veracruz_policy::Chips) limits that to
//! their owners.
//!
//! SGX has no field that is fixed at launch for a policy: the report data alone binds it.
//!
//! # Attributes
//! | bit of ATTRIBUTES | verdict |
//! |---|---|
//! | 0 INIT | must be set: the enclave was initialised |
//! | 1 DEBUG | refused: the host reads its memory |
//! | 2 MODE64BIT | accepted |
//! | 4 PROVISIONKEY | refused: the enclave can read keys that identify the platform for ever |
//! | 5 EINITTOKENKEY | refused: it is a launch enclave |
//! | 6 CET, 7 KSS, 10 AEXNOTIFY | accepted: defences, and more identity |
//! | every other | refused: not known when this was written |

mod attributes;
mod import;

use data_encoding::HEXLOWER;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{Measurement, PolicyHash, SgxIsolate, Sha256, Timestamp};

use crate::examined::Bound;
use crate::intel::Platform;
use crate::intel::quote::{Body, Quote};
use crate::intel::report::EnclaveReport;
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact};

pub use import::import;

/// Verifies a quote of an enclave.
///
/// `reference` is what the policy says, `launch_policy` its hash (noted in the verdict; SGX cannot
/// fix it at launch), `expected` what the quote must be bound to. All `collateral` must be in force
/// at `now`.
///
/// # Errors
/// `WrongTechnology`, those of [`examine`], `BindingMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &SgxIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    const TECHNOLOGY: Technology = Technology::Sgx;
    if evidence.technology() != TECHNOLOGY {
        return Err(AppraisalError::WrongTechnology {
            expected: TECHNOLOGY.name().into(),
            found: evidence.technology().name().into(),
        });
    }
    let examined = examine(evidence.content(), collateral, Some(reference), now)?;
    Appraised::conclude(examined, None, launch_policy, expected)
}

/// Looks at a quote without a connection to compare it with. Without `reference` it says that the
/// enclave is genuine, on a platform that is up to date, and not which one it is.
///
/// # Errors
/// `Malformed`, `UnknownProfile`, `WrongTechnology`; of the chain `BadChain`, `UntrustedRoot`,
/// `BadSignature`, `BadAlgorithm`, `AttesterMismatch`, `Expired`, `NotYetValid`, `Revoked`; of the
/// collateral `MissingCollateral`, `WrongCollateral`; `DebugNotAllowed`, `ConfigurationNotAllowed`,
/// `StaleTcb`, `ChipMismatch`, `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&SgxIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let quote = Quote::parse(content)?;
    let Body::Enclave(report) = quote.body else {
        return Err(quote.wrong_technology(Technology::Sgx));
    };
    let platform = Platform::authenticate(&quote, collateral, now)?;
    attributes::check(report.flags)?;
    let exceptions = reference.map_or(&[][..], |reference| &reference.tcb_exceptions);
    let judged = platform.judge(content, &quote, exceptions)?;
    if let Some(reference) = reference {
        platform.check_chip(&reference.chips)?;
        compare(&report, reference)?;
    }
    let mut facts = facts(&report);
    facts.extend(platform.facts());
    facts.extend(judged.facts);
    Ok(Examined {
        technology: Technology::Sgx,
        measurement: measurement(&report),
        bound_to: Bound::Whole(*report.report_data),
        launch: None,
        facts,
        warnings: judged.warning.into_iter().collect(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    })
}

fn measurement(report: &EnclaveReport<'_>) -> Measurement {
    Sha256::from_bytes(*report.mr_enclave).into()
}

fn compare(report: &EnclaveReport<'_>, reference: &SgxIsolate) -> Result<(), AppraisalError> {
    let found = Sha256::from_bytes(*report.mr_enclave);
    if !reference.mrenclave.contains(&found) {
        return Err(AppraisalError::MeasurementMismatch {
            claim: "MRENCLAVE",
            expected: reference
                .mrenclave
                .iter()
                .copied()
                .map(Into::into)
                .collect(),
            found: found.into(),
        });
    }
    if report.isv_svn < reference.minimum_isv_svn {
        return Err(AppraisalError::StaleTcb {
            claim: "ISVSVN",
            expected: format!("{} or more", reference.minimum_isv_svn),
            found: report.isv_svn.to_string(),
        });
    }
    Ok(())
}

fn facts(report: &EnclaveReport<'_>) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let mut facts = vec![
        fact("MRENCLAVE", HEXLOWER.encode(report.mr_enclave)),
        fact("MRSIGNER", HEXLOWER.encode(report.mr_signer)),
        fact("ISVPRODID", report.isv_prod_id.to_string()),
        fact("ISVSVN", report.isv_svn.to_string()),
        fact("ATTRIBUTES", attributes::words(report.flags)),
        fact("XFRM", format!("0x{:016x}", report.xfrm)),
        fact("MISCSELECT", format!("0x{:08x}", report.misc_select)),
        fact("REPORTDATA", HEXLOWER.encode(report.report_data)),
    ];
    // Key separation and sharing: only enclaves with KSS have these.
    if report.flags & attributes::KSS != 0 {
        facts.extend([
            fact("CONFIGID", HEXLOWER.encode(report.config_id)),
            fact("CONFIGSVN", report.config_svn.to_string()),
            fact("ISVFAMILYID", HEXLOWER.encode(report.isv_family_id)),
            fact("ISVEXTPRODID", HEXLOWER.encode(report.isv_ext_prod_id)),
        ]);
    }
    facts
}
