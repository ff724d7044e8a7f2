//! Evidence against a whole policy, which alone says what is good enough.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Collateral, appraise};
use veracruz_evidence::cbor::{Reader, Writer};
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{EvidenceError, MAX_EVIDENCE_BYTES};
use veracruz_policy::{Policy, PolicyHash, Sha256};

mod support;
use support::{NOW, attester, digest, expected, runtime};

/// A policy that names the attester and runtime of these tests.
fn policy() -> Policy {
    Policy::parse(include_bytes!(
        "../../../common/receipt/tests/fixtures/policy.json"
    ))
    .unwrap()
}

/// Evidence of the isolate that this policy wants.
fn evidence(launch_policy: PolicyHash) -> Vec<u8> {
    let claims = SwRotClaims {
        report_data: expected(),
        measured: Measured::Runtime(runtime()),
        launch_policy,
    };
    sw_rot::sign(&claims, &attester()).encode()
}

#[test]
fn takes_the_isolate_that_the_policy_names() {
    let policy = policy();
    let appraised = appraise(
        &evidence(policy.hash()),
        &policy,
        &Collateral::none(),
        &expected(),
        NOW,
    )
    .unwrap();
    assert_eq!(appraised.attester(), Some(digest(&attester())));
    assert_eq!(appraised.policy(), policy.hash());
}

#[test]
fn refuses_an_isolate_started_with_another_policy_than_the_callers() {
    let found = PolicyHash::from_bytes([1; 32]);
    let policy = policy();
    let verdict = appraise(
        &evidence(found),
        &policy,
        &Collateral::none(),
        &expected(),
        NOW,
    );
    let (field, expected) = ("launch policy", policy.hash().as_bytes().to_vec());
    let found = found.as_bytes().to_vec();
    assert_eq!(
        verdict,
        Err(AppraisalError::LaunchPolicyMismatch {
            field,
            expected,
            found
        })
    );
}

#[test]
fn believes_the_callers_policy_and_not_the_isolates() {
    // The host's own policy names the host's own runtime; the caller's does not.
    let text = std::str::from_utf8(policy().document()).unwrap().to_owned();
    let hosts = text.replace(
        &runtime().to_string(),
        &Sha256::of(b"hosts runtime").to_string(),
    );
    let hosts = Policy::parse(hosts.as_bytes()).unwrap();
    let claims = SwRotClaims {
        report_data: expected(),
        measured: Measured::Runtime(Sha256::of(b"hosts runtime")),
        launch_policy: hosts.hash(),
    };
    let evidence = sw_rot::sign(&claims, &attester()).encode();
    assert!(appraise(&evidence, &hosts, &Collateral::none(), &expected(), NOW).is_ok());
    let verdict = appraise(&evidence, &policy(), &Collateral::none(), &expected(), NOW);
    assert!(matches!(
        verdict,
        Err(AppraisalError::MeasurementMismatch { .. })
    ));
}

#[test]
fn refuses_evidence_of_a_technology_that_the_policy_does_not_name() {
    let psa = "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\"";
    let unknown = "application/eat+cwt; eat_profile=\"tag:example.org,2026:other\"";
    for (media_type, found) in [(psa, "psa"), (unknown, unknown)] {
        let bytes = Writer::encode(|w| {
            w.array(2);
            w.text(media_type);
            w.bytes(b"a token");
        });
        let verdict = appraise(&bytes, &policy(), &Collateral::none(), &expected(), NOW);
        let (expected, found) = ("sw-rot".into(), found.into());
        assert_eq!(
            verdict,
            Err(AppraisalError::WrongTechnology { expected, found })
        );
    }
}

#[test]
fn refuses_what_is_too_long_before_looking_at_it() {
    let found = MAX_EVIDENCE_BYTES + 1;
    let verdict = appraise(
        &vec![0; found],
        &policy(),
        &Collateral::none(),
        &expected(),
        NOW,
    );
    assert_eq!(
        verdict,
        Err(AppraisalError::Envelope(EvidenceError::TooLong { found }))
    );
}

#[test]
fn refuses_every_truncation_and_every_flipped_bit_of_the_envelope() {
    let policy = policy();
    let good = evidence(policy.hash());
    let is_refused =
        |bytes: &[u8]| appraise(bytes, &policy, &Collateral::none(), &expected(), NOW).is_err();
    for length in 0..good.len() {
        assert!(is_refused(&good[..length]), "cut to {length} bytes");
    }
    assert!(is_refused(&[&good[..], &[0]].concat()));
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&changed), "bit {bit}");
    }
}

#[test]
fn takes_the_evidence_of_the_receipt_that_is_kept_for_ever() {
    let text = include_str!("../../../common/receipt/tests/fixtures/receipt-v1.hex");
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let file: Vec<u8> = digits.chunks(2).map(byte).collect();
    let mut reader = Reader::new(&file).unwrap();
    reader.tuple(3).unwrap();
    reader.unsigned().unwrap();
    reader.bytes(usize::MAX).unwrap();
    let evidence = reader.bytes(usize::MAX).unwrap();

    let parsed = veracruz_evidence::Evidence::parse(evidence).unwrap();
    let bound_to = sw_rot::parse(parsed.content())
        .unwrap()
        .peek()
        .claims()
        .report_data;
    assert!(appraise(evidence, &policy(), &Collateral::none(), &bound_to, NOW).is_ok());
    // Evidence over a receipt is of no use on a connection.
    let verdict = appraise(evidence, &policy(), &Collateral::none(), &expected(), NOW);
    assert!(matches!(
        verdict,
        Err(AppraisalError::BindingMismatch { .. })
    ));
}

proptest! {
    #[test]
    fn takes_no_random_bytes(bytes: Vec<u8>) {
        let verdict = appraise(&bytes, &policy(), &Collateral::none(), &expected(), NOW);
        let is_envelope = matches!(verdict, Err(AppraisalError::Envelope(_)));
        prop_assert!(is_envelope);
    }
}
