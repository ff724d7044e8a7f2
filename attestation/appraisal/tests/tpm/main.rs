//! Every check of TPM quotes: by recorded ones, and by forgeries that pass all others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

mod activation;
mod chain;
mod log;
mod quote;
mod recorded;

#[path = "../support/cost.rs"]
#[allow(dead_code, reason = "the test that measures is not always run")]
mod cost;
#[path = "../support/tpm.rs"]
mod forge;
#[path = "../support/mutations.rs"]
mod mutations;
#[path = "../support/opener.rs"]
mod opener;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/vectors.rs"]
mod vectors;
#[path = "../support/x509.rs"]
mod x509;

use forge::{Ak, QuoteForm, events, replayed};
use support::{NOW, expected, policy};
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, Technology, tpm};
use veracruz_evidence::tpm::TpmContent;
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{PolicyHash, Sha256, TpmIsolate};

pub(crate) fn ak() -> Ak {
    Ak::p256(1)
}

pub(crate) fn form(ak: &Ak) -> QuoteForm {
    let extra_data = Sha256::of(expected().as_bytes());
    QuoteForm::new(ak, extra_data.as_bytes(), &policy())
}

pub(crate) fn reference() -> TpmIsolate {
    let events = events();
    TpmIsolate {
        pcrs: [0, 4, 7]
            .map(|index| (index, vec![Sha256::of(b"other"), replayed(&events, index)]))
            .into(),
        aks: vec![ak().digest(), Ak::p384(2).digest()],
        ak_roots: Vec::new(),
        ek_roots: Vec::new(),
    }
}

pub(crate) fn verify_for(
    content: &TpmContent,
    reference: &TpmIsolate,
    policy: &PolicyHash,
    expected: &ReportData,
) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::new(Technology::Tpm, content.encode());
    let none = Collateral::none();
    tpm::verify(&evidence, &none, reference, policy, expected, NOW)
}

pub(crate) fn verify(content: &TpmContent) -> Result<Appraised, AppraisalError> {
    verify_for(content, &reference(), &policy(), &expected())
}

/// The verdict on a good quote in which one thing was changed before it was signed.
pub(crate) fn resigned(change: impl FnOnce(&mut QuoteForm)) -> AppraisalError {
    let ak = ak();
    let mut form = form(&ak);
    change(&mut form);
    verify(&form.content(&ak)).unwrap_err()
}

pub(crate) fn examine(content: &[u8], collateral: &Collateral) -> Result<Examined, AppraisalError> {
    tpm::examine(content, collateral, None, NOW)
}

/// The AK, as a caller gives it who judges genuineness alone.
pub(crate) fn given(spki: &[u8]) -> Collateral {
    let mut collateral = Collateral::none();
    collateral.add(spki).unwrap();
    collateral
}

pub(crate) fn fact<'e>(examined: &'e Examined, name: &str) -> &'e str {
    let facts = examined.facts();
    &facts.iter().find(|fact| fact.name == name).unwrap().value
}

pub(crate) fn malformed(error: &AppraisalError, expected: &str) -> String {
    match error {
        AppraisalError::Malformed { part, reason } if *part == expected => reason.clone(),
        other => panic!("{other:?}"),
    }
}

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    for ak in [ak(), Ak::rsa()] {
        let (evidence, collateral) = chain::Chain::new(&ak).evidence(&ak, 3);
        let time = cost::per_call(|| {
            drop(chain::verify_under_root(&evidence, &collateral).unwrap());
        });
        println!("tpm, key certified through two authorities: {time:?} of CPU time");
        let content = form(&ak).content(&ak);
        let mut reference = reference();
        reference.aks.push(ak.digest());
        let time = cost::per_call(|| {
            drop(verify_for(&content, &reference, &policy(), &expected()).unwrap());
        });
        println!("tpm, key named: {time:?} of CPU time");
    }
}
