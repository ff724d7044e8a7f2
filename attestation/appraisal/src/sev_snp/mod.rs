//! AMD SEV-SNP: reports of versions 2 to 5, signed by the key of a chip (VCEK) or of a cloud
//! provider (VLEK), on Milan, Genoa and Turin.
//!
//! A report is verified over its raw bytes, and nothing in it is believed before that. Its key must
//! lead to AMD's pinned root (ARK), and be the key of the chip and of the patch level that the
//! report claims. The certificates come with the evidence or as collateral; where one is missing,
//! the error says where AMD has it.
//!
//! What is refused whatever reference values say: a guest that can be debugged or migrated, policy
//! bits that are not known, a platform that was told not to sign, and a platform whose host may go
//! back to firmware older than its key stands for.
//!
//! The isolate's report data is REPORT_DATA; the policy with which the guest was started is
//! HOST_DATA, which the host gives at launch and cannot change afterwards.

mod chain;
mod endorsement;
mod facts;
mod genuine;
mod import;
mod product;
mod report;
mod table;

use veracruz_evidence::{Evidence, ReportData, Technology, sev_snp as content};
use veracruz_policy::{PolicyHash, SevSnpIsolate, Timestamp};

pub(crate) use self::genuine::judge;
pub use self::import::import;
use crate::examined::{Bound, LaunchField, LaunchForm};
use crate::{AppraisalError, Appraised, Collateral, Examined};

const TECHNOLOGY: Technology = Technology::SevSnp;

/// Verifies a report.
///
/// `reference` says which guests, chips and patch levels will do, `launch_policy` is the hash of
/// the policy with which the guest must have been started, `expected` what the report must be bound
/// to, `now` the time at which certificates must be valid.
///
/// # Errors
/// `WrongTechnology`, everything that [`examine`] finds, `BindingMismatch`, `LaunchPolicyMismatch`.
pub fn verify(
    evidence: &Evidence,
    collateral: &Collateral,
    reference: &SevSnpIsolate,
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
    Appraised::conclude(examined, None, launch_policy, expected)
}

/// Looks at a report without a connection to compare it with; `content` is that of the envelope
/// ([`veracruz_evidence::sev_snp`]). Without `reference` it says that the report is genuine and
/// opens its guest to nobody.
///
/// # Errors
/// In this order: `Malformed`; `MissingCollateral`, `BadChain`, `UntrustedRoot`, `BadSignature` and
/// `BadAlgorithm` for the chain; `BadSignature` for the report; `UnknownProfile`, `BadAlgorithm`,
/// `Malformed`; `Expired`, `NotYetValid`, `Revoked`; `TcbMismatch`; `DebugNotAllowed`,
/// `ConfigurationNotAllowed`, `StaleTcb`; `ChipMismatch`; `MeasurementMismatch`.
pub fn examine(
    content: &[u8],
    collateral: &Collateral,
    reference: Option<&SevSnpIsolate>,
    now: Timestamp,
) -> Result<Examined, AppraisalError> {
    let content = content::parse(content).map_err(|error| AppraisalError::Malformed {
        part: "SEV-SNP evidence",
        reason: error.to_string(),
    })?;
    let genuine = judge(
        content.report,
        content.certificates,
        collateral,
        reference,
        now,
    )?;
    Ok(Examined {
        technology: TECHNOLOGY,
        measurement: genuine.measurement.into(),
        bound_to: Bound::Whole(genuine.report_data),
        launch: Some(LaunchField {
            name: "HOST_DATA",
            found: genuine.host_data.to_vec(),
            form: LaunchForm::Padded,
        }),
        facts: genuine.facts,
        warnings: Vec::new(),
        emulated: false,
        compared: reference.is_some(),
        at: now,
    })
}
