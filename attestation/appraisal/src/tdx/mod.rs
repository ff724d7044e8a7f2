//! Intel TDX: quotes of virtual machines, DCAP versions 4 and 5, with bodies of TDX 1.0, 1.5 and
//! 1.5ex.
//!
//! MRTD is the firmware with which the machine was built; RTMR 0 to 2 are what firmware and boot
//! loader measured since: configuration, kernel, command line and first files; RTMR 3 is the running
//! system's own. MRCONFIGID is fixed when the machine is built: the policy hash and zeros after it.
//!
//! Where the collateral has [event logs](Collateral::event_logs), one of them must lead to the RTMRs
//! of the quote.
//!
//! # Attributes
//! TDATTRIBUTES ("Intel TDX Module ABI Specification", 348551), by what they mean for others' access
//! to the machine:
//!
//! | bits | verdict |
//! |---|---|
//! | 0 DEBUG | refused: the host reads memory and registers |
//! | 1 to 7, of which 4 to 6 are profiling | refused: the whole group makes a machine untrusted |
//! | 16 ICSSD | accepted: a defence against single-stepping |
//! | 17 SERVTD_EXT | refused: the machine is bound to service machines |
//! | 27 LASS | accepted: a defence |
//! | 28 SEPT_VE_DISABLE | must be set: else the host can make it run on pages that it took away |
//! | 29 MIGRATABLE | refused: a migration machine moves it elsewhere, with its memory |
//! | 30 PKS | accepted: it protects the machine's own kernel |
//! | 31 KL | refused: Key Locker's wrapping key is not the machine's alone in every version |
//! | 62 TPA | refused: it provisions devices |
//! | 63 PERFMON | refused: performance counters are a side channel |
//! | every other | refused: not known when this was written |
//!
//! MRSERVICETD and the service machines of TDX 1.5ex must be zero: nobody else has a hand in it.

mod attributes;
mod event_log;
mod import;

use data_encoding::HEXLOWER;
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{Measurement, PolicyHash, Sha384, TdxIsolate, Timestamp};

use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::intel::Platform;
use crate::intel::quote::{Body, Quote};
use crate::intel::report::TdReport;
use crate::{AppraisalError, Appraised, Collateral, Examined, Fact};

pub use import::import;

/// Verifies a quote of a virtual machine.
///
/// `reference` is what the policy says, `launch_policy` the hash of the policy that MRCONFIGID must
/// have, `expected` what the quote must be bound to. All `collateral` must be in force at `now`.
///
/// # Errors
/// `WrongTechnology`, those of [`examine`], `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &TdxIsolate,
    launch_policy: &PolicyHash,
    expected: &ReportData,
    now: Timestamp,
) -> Result<Appraised, AppraisalError> {
    const TECHNOLOGY: Technology = Technology::Tdx;
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
/// machine is genuine, on a platform that is up to date, and not what runs in it.
///
/// # Errors
/// `Malformed`, `UnknownProfile`, `WrongTechnology`; of the chain `BadChain`, `UntrustedRoot`,
/// `BadSignature`, `BadAlgorithm`, `AttesterMismatch`, `Expired`, `NotYetValid`, `Revoked`; of the
/// collateral `MissingCollateral`, `WrongCollateral`; `DebugNotAllowed`, `ConfigurationNotAllowed`,
/// `StaleTcb`, `ChipMismatch`, `EventLogMismatch`, `WeakDigest`, `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&TdxIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let quote = Quote::parse(content)?;
    let Body::Td(report) = quote.body else {
        return Err(quote.wrong_technology(Technology::Tdx));
    };
    let platform = Platform::authenticate(&quote, collateral, now)?;
    attributes::check(&report)?;
    let exceptions = reference.map_or(&[][..], |reference| &reference.tcb_exceptions);
    let judged = platform.judge(content, &quote, exceptions)?;
    if let Some(reference) = reference {
        platform.check_chip(&reference.chips)?;
    }
    let events = event_log::check(&report, collateral.event_logs())?;
    if let Some(reference) = reference {
        compare(&report, reference)?;
    }
    let mut facts = facts(&quote, &report);
    facts.extend(events);
    facts.extend(platform.facts());
    facts.extend(judged.facts);
    Ok(Examined {
        technology: Technology::Tdx,
        measurement: Sha384::from_bytes(*report.mr_td).into(),
        bound_to: Bound::Whole(*report.report_data),
        launch: Some(LaunchField {
            name: "MRCONFIGID",
            found: report.mr_config_id.to_vec(),
            form: LaunchForm::Padded,
        }),
        facts,
        warnings: judged.warning.into_iter().collect(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    })
}

const RTMR: [&str; 4] = ["RTMR0", "RTMR1", "RTMR2", "RTMR3"];

fn compare(report: &TdReport<'_>, reference: &TdxIsolate) -> Result<(), AppraisalError> {
    check("MRTD", report.mr_td, &reference.mrtd)?;
    let registers = RTMR.iter().zip(report.rtmr).zip(&reference.rtmr);
    for (index, ((claim, found), accepted)) in registers.enumerate() {
        match (index, accepted.as_slice()) {
            // What the host configures: the parties need not care.
            (0, []) => {}
            // Nobody extended it.
            (3, []) => check(claim, found, &[Sha384::from_bytes([0; 48])])?,
            (_, accepted) => check(claim, found, accepted)?,
        }
    }
    Ok(())
}

fn check(claim: &'static str, found: &[u8; 48], accepted: &[Sha384]) -> Result<(), AppraisalError> {
    let found = Sha384::from_bytes(*found);
    if accepted.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::MeasurementMismatch {
        claim,
        expected: accepted.iter().copied().map(Measurement::from).collect(),
        found: found.into(),
    })
}

fn facts(quote: &Quote<'_>, report: &TdReport<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name, value| facts.push(Fact { name, value });
    fact("quote version", quote.version.to_string());
    fact("TDX version", report.version().into());
    fact("MRTD", HEXLOWER.encode(report.mr_td));
    for (name, value) in RTMR.iter().zip(report.rtmr) {
        fact(name, HEXLOWER.encode(value));
    }
    fact("MRCONFIGID", HEXLOWER.encode(report.mr_config_id));
    fact("MROWNER", HEXLOWER.encode(report.mr_owner));
    fact("MROWNERCONFIG", HEXLOWER.encode(report.mr_owner_config));
    fact("TDATTRIBUTES", attributes::words(report.td_attributes));
    fact("XFAM", format!("0x{:016x}", report.xfam));
    fact("REPORTDATA", HEXLOWER.encode(report.report_data));
    fact("MRSEAM", HEXLOWER.encode(report.mr_seam));
    fact("TEE_TCB_SVN", HEXLOWER.encode(report.tee_tcb_svn));
    if let Some(later) = report.v15 {
        fact("TEE_TCB_SVN2", HEXLOWER.encode(later.tee_tcb_svn2));
    }
    if let Some(later) = report.v15_ex {
        fact("VMID", later.vm_id.to_string());
        fact("TD_ID", HEXLOWER.encode(later.td_id));
        fact("DEV_INFO", HEXLOWER.encode(later.device_info));
    }
    facts
}
