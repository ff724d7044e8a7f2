//! Whether a report is genuine, and whether it says what reference values ask for.

use veracruz_policy::{Chips, SevSnpIsolate, Sha384, SnpSigningKey, SnpTcb, Timestamp};

use super::chain::Chain;
use super::endorsement::{self, Kind};
use super::product::{Product, at_least, text};
use super::report::Report;
use super::table;
use super::{facts, report};
use crate::x509::Listed;
use crate::{AppraisalError, Collateral, Fact};

/// A report that AMD's hardware signed, and that opens its guest to nobody.
#[derive(Debug)]
pub(crate) struct Genuine {
    /// MEASUREMENT.
    pub(crate) measurement: Sha384,
    /// REPORT_DATA.
    pub(crate) report_data: [u8; 64],
    /// HOST_DATA.
    pub(crate) host_data: [u8; 32],
    /// Everything worth showing.
    pub(crate) facts: Vec<Fact>,
}

/// The four TCB versions in a report.
pub(super) struct Tcbs {
    pub(super) current: SnpTcb,
    pub(super) reported: SnpTcb,
    pub(super) committed: SnpTcb,
    pub(super) launch: SnpTcb,
}

/// Judges a report. Nothing in it is believed before its signature was checked, its version
/// included.
///
/// # Errors
/// In this order: `Malformed` for what is not signed; what the chain is lacking; `BadSignature`;
/// `UnknownProfile`, `BadAlgorithm` and `Malformed` for what is; `Expired`, `NotYetValid`,
/// `Revoked`; `TcbMismatch`; `DebugNotAllowed`, `ConfigurationNotAllowed`, `StaleTcb`;
/// `ChipMismatch`; `MeasurementMismatch`.
pub(crate) fn judge(
    report: &[u8; veracruz_evidence::sev_snp::REPORT_BYTES],
    certificates: &[u8],
    collateral: &Collateral,
    reference: Option<&SevSnpIsolate>,
    now: Timestamp,
) -> Result<Genuine, AppraisalError> {
    let report = Report::parse(report)?;
    let table = table::parse(certificates)?;
    let chain = Chain::find(&report, &table, collateral)?;
    report.verify(&chain.endorsement.key()?)?;
    report.check_format()?;
    let listed = chain.check_in_force(&table, collateral, now)?;
    check_product(&report, &chain)?;
    endorsement::check(&chain.endorsement, chain.kind, &report, chain.product)?;
    check_configuration(&report)?;
    let tcbs = Tcbs::read(&report, chain.product)?;
    tcbs.check_order()?;
    let chip = chip(&report, &chain);
    let measurement = Sha384::from_bytes(report.measurement());
    if let Some(reference) = reference {
        check_signing_key(chain.kind, reference.signing_key)?;
        check_vmpl(&report, reference.vmpl)?;
        tcbs.check_minimum(&reference.minimum_tcb)?;
        check_chip(chip.as_ref(), &reference.chips)?;
        check_measurement(measurement, &reference.measurement)?;
    }
    Ok(Genuine {
        measurement,
        report_data: report.report_data(),
        host_data: report.host_data(),
        facts: facts::of(&report, &chain, &tcbs, chip.as_ref(), listed),
    })
}

/// The report's processor must be of the line whose root vouches: a TCB version is read by it.
fn check_product(report: &Report<'_>, chain: &Chain<'_>) -> Result<(), AppraisalError> {
    let bad_chain = |reason: String| AppraisalError::BadChain {
        part: report::PART,
        reason,
    };
    let root = chain.product.name();
    match report.cpuid() {
        None if chain.product == Product::Turin => Err(bad_chain(
            "it has version 2, which no Turin processor writes".into(),
        )),
        None => Ok(()),
        Some([family, model, _]) => match Product::of_cpuid(family, model) {
            Some(product) if product == chain.product => Ok(()),
            Some(product) => Err(bad_chain(format!(
                "it is of a {} processor, under the root of {root}",
                product.name()
            ))),
            None => Err(AppraisalError::UnknownProfile {
                part: report::PART,
                expected: "family and model of Milan, Genoa or Turin",
                found: format!("family 0x{family:02x}, model 0x{model:02x}"),
            }),
        },
    }
}

/// What lets others into the guest, or says that nobody vouches.
fn check_configuration(report: &Report<'_>) -> Result<(), AppraisalError> {
    if report.masks_chip_key() {
        return Err(AppraisalError::ConfigurationNotAllowed {
            claim: "MASK_CHIP_KEY",
            expected: "0".into(),
            found: "1".into(),
        });
    }
    report.policy().check()?;
    // All bits are set where there is no migration agent; some firmware leaves zeros.
    let agent = report.report_id_ma();
    if agent != [0xff; 32] && agent != [0; 32] {
        return Err(AppraisalError::ConfigurationNotAllowed {
            claim: "REPORT_ID_MA",
            expected: "no migration agent".into(),
            found: data_encoding::HEXLOWER.encode(&agent),
        });
    }
    Ok(())
}

impl Tcbs {
    fn read(report: &Report<'_>, product: Product) -> Result<Self, AppraisalError> {
        Ok(Self {
            current: product.tcb("CURRENT_TCB", report.current_tcb())?,
            reported: product.tcb("REPORTED_TCB", report.reported_tcb())?,
            committed: product.tcb("COMMITTED_TCB", report.committed_tcb())?,
            launch: product.tcb("LAUNCH_TCB", report.launch_tcb())?,
        })
    }

    /// Reported ≤ committed ≤ current, and launch ≤ current, in every part. Where the committed
    /// one is lower than the reported one, the host can go back to firmware that is older than
    /// what the signing key stands for.
    fn check_order(&self) -> Result<(), AppraisalError> {
        let order = [
            (
                "COMMITTED_TCB",
                &self.committed,
                "REPORTED_TCB",
                &self.reported,
            ),
            (
                "CURRENT_TCB",
                &self.current,
                "COMMITTED_TCB",
                &self.committed,
            ),
            ("CURRENT_TCB", &self.current, "LAUNCH_TCB", &self.launch),
        ];
        for (claim, found, least_name, least) in order {
            if !at_least(found, least) {
                return Err(AppraisalError::StaleTcb {
                    claim,
                    expected: format!("at least {least_name} ({})", text(least)),
                    found: text(found),
                });
            }
        }
        Ok(())
    }

    /// The firmware that signs, and the firmware that measured the guest at its launch, must both
    /// be new enough. The order says the same of the other two.
    fn check_minimum(&self, minimum: &SnpTcb) -> Result<(), AppraisalError> {
        for (claim, found) in [
            ("REPORTED_TCB", &self.reported),
            ("LAUNCH_TCB", &self.launch),
        ] {
            if !at_least(found, minimum) {
                return Err(AppraisalError::StaleTcb {
                    claim,
                    expected: format!("at least {}", text(minimum)),
                    found: text(found),
                });
            }
        }
        Ok(())
    }
}

/// Which chip it is. A VCEK is of one chip, whatever the report hides; where a VLEK signs, CHIP_ID
/// alone says it, and is zero where the provider hides it.
fn chip(report: &Report<'_>, chain: &Chain<'_>) -> Option<[u8; 64]> {
    let id = match chain.kind {
        Kind::Vcek => endorsement::hardware_id(&chain.endorsement)?,
        Kind::Vlek => report.chip_id(),
    };
    (id != [0; 64]).then_some(id)
}

fn check_chip(chip: Option<&[u8; 64]>, chips: &Chips) -> Result<(), AppraisalError> {
    match chips {
        Chips::Any => Ok(()),
        chips if chip.is_some_and(|id| chips.accepts(id)) => Ok(()),
        Chips::Named(named) => Err(AppraisalError::ChipMismatch {
            expected: named.iter().map(ToString::to_string).collect(),
            found: chip.map_or_else(|| "none".into(), |id| data_encoding::HEXLOWER.encode(id)),
        }),
    }
}

fn check_signing_key(found: Kind, accepted: SnpSigningKey) -> Result<(), AppraisalError> {
    let expected = match (accepted, found) {
        (SnpSigningKey::Any, _)
        | (SnpSigningKey::Vcek, Kind::Vcek)
        | (SnpSigningKey::Vlek, Kind::Vlek) => return Ok(()),
        (SnpSigningKey::Vcek, Kind::Vlek) => Kind::Vcek,
        (SnpSigningKey::Vlek, Kind::Vcek) => Kind::Vlek,
    };
    Err(AppraisalError::ConfigurationNotAllowed {
        claim: "SIGNING_KEY",
        expected: expected.name().into(),
        found: found.name().into(),
    })
}

fn check_vmpl(report: &Report<'_>, expected: u8) -> Result<(), AppraisalError> {
    if report.vmpl() == u32::from(expected) {
        return Ok(());
    }
    Err(AppraisalError::ConfigurationNotAllowed {
        claim: "VMPL",
        expected: expected.to_string(),
        found: report.vmpl().to_string(),
    })
}

fn check_measurement(found: Sha384, accepted: &[Sha384]) -> Result<(), AppraisalError> {
    if accepted.contains(&found) {
        return Ok(());
    }
    Err(AppraisalError::MeasurementMismatch {
        claim: "MEASUREMENT",
        expected: accepted.iter().copied().map(Into::into).collect(),
        found: found.into(),
    })
}

/// Says what is known about revocation, for people.
pub(super) fn revocation(listed: Listed) -> String {
    match listed {
        Listed::NoList => "not looked at: no revocation list was given".into(),
        Listed::Good { until } => format!("not revoked, by a list that is in force until {until}"),
    }
}
