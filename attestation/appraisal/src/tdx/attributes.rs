//! TDATTRIBUTES, and others who have a hand in a machine.

use data_encoding::HEXLOWER;

use crate::AppraisalError;
use crate::intel::report::TdReport;

const DEBUG: u64 = 1 << 0;
/// TD Under Debug: bits 0 to 7.
const UNDER_DEBUG: u64 = 0xff;
const ICSSD: u64 = 1 << 16;
const SERVTD_EXT: u64 = 1 << 17;
const LASS: u64 = 1 << 27;
const SEPT_VE_DISABLE: u64 = 1 << 28;
const MIGRATABLE: u64 = 1 << 29;
const PKS: u64 = 1 << 30;
const KL: u64 = 1 << 31;
const TPA: u64 = 1 << 62;
const PERFMON: u64 = 1 << 63;

const TRUSTED: u64 = ICSSD | LASS | SEPT_VE_DISABLE | PKS;

const NAMES: &[(u64, &str)] = &[
    (DEBUG, "DEBUG"),
    (ICSSD, "ICSSD"),
    (SERVTD_EXT, "SERVTD_EXT"),
    (LASS, "LASS"),
    (SEPT_VE_DISABLE, "SEPT_VE_DISABLE"),
    (MIGRATABLE, "MIGRATABLE"),
    (PKS, "PKS"),
    (KL, "KL"),
    (TPA, "TPA"),
    (PERFMON, "PERFMON"),
];

/// Refuses what the table in the module's documentation does not accept.
pub(super) fn check(report: &TdReport<'_>) -> Result<(), AppraisalError> {
    check_bits(report.td_attributes)?;
    let service = report
        .v15
        .map(|later| ("MRSERVICETD", later.mr_service_td.as_slice()));
    let services = report.v15_ex.map(|later| later.service_tds);
    for (claim, found) in service.into_iter().chain(services.into_iter().flatten()) {
        if found.iter().any(|byte| *byte != 0) {
            return Err(AppraisalError::ConfigurationNotAllowed {
                claim,
                expected: "zero: no service machine".into(),
                found: HEXLOWER.encode(found),
            });
        }
    }
    Ok(())
}

fn check_bits(bits: u64) -> Result<(), AppraisalError> {
    if bits & DEBUG != 0 {
        return Err(AppraisalError::DebugNotAllowed {
            claim: "TDATTRIBUTES.DEBUG",
        });
    }
    if bits & UNDER_DEBUG != 0 {
        return Err(AppraisalError::DebugNotAllowed {
            claim: "TDATTRIBUTES.TUD",
        });
    }
    for (bit, claim) in [
        (MIGRATABLE, "TDATTRIBUTES.MIGRATABLE"),
        (PERFMON, "TDATTRIBUTES.PERFMON"),
        (SERVTD_EXT, "TDATTRIBUTES.SERVTD_EXT"),
    ] {
        if bits & bit != 0 {
            return Err(refused(claim, "0", "1".into()));
        }
    }
    if bits & SEPT_VE_DISABLE == 0 {
        return Err(refused("TDATTRIBUTES.SEPT_VE_DISABLE", "1", "0".into()));
    }
    if bits & !TRUSTED != 0 {
        return Err(refused(
            "TDATTRIBUTES",
            "SEPT_VE_DISABLE, and of the others at most ICSSD LASS PKS",
            words(bits),
        ));
    }
    Ok(())
}

fn refused(claim: &'static str, expected: &str, found: String) -> AppraisalError {
    AppraisalError::ConfigurationNotAllowed {
        claim,
        expected: expected.into(),
        found,
    }
}

/// The bits by name.
pub(super) fn words(bits: u64) -> String {
    crate::intel::words(bits, NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_has_the_verdict_of_the_table() {
        for bit in 0..64 {
            let verdict = check_bits(SEPT_VE_DISABLE | 1 << bit);
            let claim = match bit {
                16 | 27 | 28 | 30 => {
                    assert_eq!(verdict, Ok(()), "bit {bit}");
                    continue;
                }
                0 => "TDATTRIBUTES.DEBUG",
                1..=7 => "TDATTRIBUTES.TUD",
                17 => "TDATTRIBUTES.SERVTD_EXT",
                29 => "TDATTRIBUTES.MIGRATABLE",
                63 => "TDATTRIBUTES.PERFMON",
                _ => "TDATTRIBUTES",
            };
            let found = match verdict {
                Err(
                    AppraisalError::DebugNotAllowed { claim }
                    | AppraisalError::ConfigurationNotAllowed { claim, .. },
                ) => claim,
                verdict => unreachable!("bit {bit}: {verdict:?}"),
            };
            assert_eq!(found, claim, "bit {bit}");
        }
        assert!(matches!(
            check_bits(PKS),
            Err(AppraisalError::ConfigurationNotAllowed {
                claim: "TDATTRIBUTES.SEPT_VE_DISABLE",
                ..
            })
        ));
    }
}
