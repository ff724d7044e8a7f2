//! SEV-SNP: recorded reports of real hardware, and forgeries under roots of our own that pass every
//! check but one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, sev_snp};
use veracruz_evidence::sev_snp::{REPORT_BYTES, content, evidence};
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{
    ChipId, Chips, PolicyHash, SevSnpIsolate, Sha384, SnpSigningKey, SnpTcb, Timestamp,
};

mod chain;
mod files;
mod recorded;
mod report;

#[path = "../support/cost.rs"]
mod cost;
#[path = "../support/sev_snp.rs"]
mod forge;
#[path = "../support/vectors.rs"]
mod vectors;
#[path = "../support/x509.rs"]
mod x509;

use forge::{
    ARK, ASK, CHIP, CRL, HARDWARE_ID, NOW, PRODUCT_NAME, Platform, TCB, TestProduct, VCEK,
    expected, levels, measurement, policy, reference, table, years,
};
use x509::{TestKey, basic_constraints, key_usage, octets, tlv};

fn verify(platform: &Platform) -> Result<Appraised, AppraisalError> {
    verify_against(platform, &reference())
}

fn verify_against(
    platform: &Platform,
    reference: &SevSnpIsolate,
) -> Result<Appraised, AppraisalError> {
    sev_snp::verify(
        &platform.evidence(),
        &platform.collateral(),
        reference,
        &policy(),
        &expected(),
        NOW,
    )
}

fn milan() -> Platform {
    Platform::new(TestProduct::Milan, false)
}

fn fact(examined: &Examined, name: &str) -> String {
    let fact = examined.facts().iter().find(|fact| fact.name == name);
    fact.map(|fact| fact.value.clone()).unwrap_or_default()
}
