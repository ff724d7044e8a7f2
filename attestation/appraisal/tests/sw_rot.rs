//! Every check of the software root of trust, by a forgery that passes all others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::SigningKey;
use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Appraised, Technology, sw_rot};
use veracruz_evidence::sw_rot::{Measured, SwRotClaims, SwRotError};
use veracruz_evidence::{Evidence, ReportData, report_data, spki};
use veracruz_policy::{MicrovmIsolate, PolicyHash, ProcessIsolate, Sha256};

mod support;
use support::{Forgery, NOW, attester, digest, expected, policy, reference, runtime, session};

fn verify(evidence: &Evidence) -> Result<Appraised, AppraisalError> {
    sw_rot::verify(evidence, &reference(), &policy(), &expected(), NOW)
}

/// The verdict on a good token in which one thing was changed before it was signed.
fn resigned(change: impl FnOnce(&mut Forgery)) -> Result<Appraised, AppraisalError> {
    let mut forgery = Forgery::by(attester());
    change(&mut forgery);
    verify(&forgery.sign())
}

fn stranger() -> SigningKey {
    SigningKey::from_slice(&[8; 32]).unwrap()
}

fn flip(bytes: &mut [u8]) {
    *bytes.last_mut().unwrap() ^= 1;
}

#[test]
fn takes_what_the_attester_signs() {
    let claims = SwRotClaims {
        report_data: expected(),
        measured: Measured::Runtime(runtime()),
        launch_policy: policy(),
    };
    let evidence = veracruz_evidence::sw_rot::sign(&claims, &attester());
    let appraised = verify(&evidence).unwrap();
    assert_eq!(appraised.technology(), Technology::SoftwareRootOfTrust);
    assert_eq!(appraised.measurement(), runtime().into());
    assert_eq!(appraised.attester(), Some(digest(&attester())));
    assert_eq!(appraised.policy(), policy());
    assert_eq!(appraised.report_data(), expected());
    assert_eq!(appraised.at(), NOW);
    // The generator of the forgeries below starts from the very same token.
    assert_eq!(Forgery::by(attester()).sign(), evidence);
}

#[test]
fn says_that_it_protects_nobody_from_the_host() {
    let appraised = resigned(|_| {}).unwrap();
    assert!(!appraised.protects_from_host());
    let words = appraised.words();
    assert!(words.contains("protects nobody from the host"), "{words}");
    assert!(words.contains(&runtime().to_string()), "{words}");
    assert!(words.contains(&digest(&attester()).to_string()), "{words}");
}

#[test]
fn takes_any_runtime_and_any_attester_that_the_reference_names() {
    let other = Sha256::of(b"other runtime");
    let reference = ProcessIsolate::new(
        vec![other, runtime()],
        vec![digest(&stranger()), digest(&attester())],
    );
    for signer in [attester(), stranger()] {
        let evidence = Forgery::by(signer.clone()).sign();
        let verdict = sw_rot::verify(&evidence, &reference, &policy(), &expected(), NOW).unwrap();
        assert_eq!(verdict.attester(), Some(digest(&signer)));
    }
}

#[test]
fn refuses_an_attester_that_the_policy_does_not_name() {
    let verdict = verify(&Forgery::by(stranger()).sign());
    let (part, expected) = ("attester's key", vec![digest(&attester())]);
    let found = digest(&stranger());
    assert_eq!(
        verdict,
        Err(AppraisalError::UntrustedAttester {
            part,
            expected,
            found
        })
    );
}

#[test]
fn refuses_everyone_where_the_reference_names_no_attester() {
    let reference = ProcessIsolate::new(vec![runtime()], vec![]);
    let evidence = Forgery::by(attester()).sign();
    let verdict = sw_rot::verify(&evidence, &reference, &policy(), &expected(), NOW);
    assert!(matches!(
        verdict,
        Err(AppraisalError::UntrustedAttester { .. })
    ));
}

#[test]
fn refuses_a_strangers_signature_under_a_trusted_attesters_name() {
    let verdict = resigned(|forgery| forgery.signer = stranger());
    let part = "token";
    assert_eq!(verdict, Err(AppraisalError::BadSignature { part }));
}

#[test]
fn refuses_claims_that_were_changed_after_signing() {
    let good = Forgery::by(attester()).sign();
    let bad_signature = AppraisalError::BadSignature { part: "token" };
    for needle in [
        expected().as_bytes().as_slice(),
        runtime().as_bytes(),
        policy().as_bytes(),
    ] {
        let mut token = good.content().to_vec();
        let at = token
            .windows(needle.len())
            .rposition(|w| w == needle)
            .unwrap();
        token[at] ^= 1;
        let verdict = verify(&Evidence::new(Technology::SoftwareRootOfTrust, token));
        assert_eq!(verdict, Err(bad_signature.clone()));
    }
}

#[test]
fn refuses_a_token_that_names_another_attester() {
    let verdict = resigned(|forgery| flip(&mut forgery.instance_id));
    let expected = digest(&attester()).to_string();
    assert_eq!(
        verdict,
        Err(AppraisalError::AttesterMismatch {
            part: "token's instance id",
            expected,
            found: "another key".into()
        })
    );
}

#[test]
fn refuses_a_software_root_of_trust_that_claims_to_be_secured() {
    for found in [
        0x3000, 0x30ff, 0x0001, 0x1000, 0x2000, 0x4000, 0x5000, 0x6000, 0xffff,
    ] {
        let verdict = resigned(|forgery| forgery.lifecycle = found.into());
        assert!(
            matches!(verdict, Err(AppraisalError::LifecycleMismatch { found: claimed, .. }) if claimed == found)
        );
    }
    let too_large = resigned(|forgery| forgery.lifecycle = 0x1_0000);
    assert!(matches!(too_large, Err(AppraisalError::Token(_))));
}

#[test]
fn refuses_evidence_for_another_policy_key_connection_challenge_or_purpose() {
    let other_policy = PolicyHash::from_bytes([9; 32]);
    let others = [
        session(&other_policy, b"server", b"client", 1, 3),
        session(&policy(), b"other", b"client", 1, 3),
        session(&policy(), b"server", b"other", 1, 3),
        session(&policy(), b"client", b"server", 1, 3), // reflected
        session(&policy(), b"server", b"client", 2, 3), // relayed from another connection
        session(&policy(), b"server", b"client", 1, 4), // replayed for another challenge
        report_data::receipt(&policy(), b"server", &[3; 32]),
        report_data::key(
            &policy(),
            b"server",
            b"client",
            &veracruz_evidence::Nonce::from_bytes([3; 32]),
        ),
        ReportData::from_bytes([0; 64]),
    ];
    for found in others {
        let verdict = resigned(|forgery| forgery.nonce = found.as_bytes().to_vec());
        let [expected, found] = [expected(), found].map(|data| data.as_bytes().to_vec());
        assert_eq!(
            verdict,
            Err(AppraisalError::BindingMismatch { expected, found })
        );
    }
}

#[test]
fn refuses_a_runtime_that_differs_by_one_bit() {
    let verdict = resigned(|forgery| flip(&mut forgery.components[0].1));
    let mut found = *runtime().as_bytes();
    flip(&mut found);
    assert_eq!(
        verdict,
        Err(AppraisalError::MeasurementMismatch {
            claim: "runtime",
            expected: vec![runtime().into()],
            found: Sha256::from_bytes(found).into()
        })
    );
}

#[test]
fn refuses_every_runtime_where_the_reference_names_none() {
    let reference = ProcessIsolate::new(vec![], vec![digest(&attester())]);
    let evidence = Forgery::by(attester()).sign();
    let verdict = sw_rot::verify(&evidence, &reference, &policy(), &expected(), NOW);
    assert!(matches!(
        verdict,
        Err(AppraisalError::MeasurementMismatch { .. })
    ));
}

#[test]
fn a_machine_is_no_process_and_a_process_no_machine() {
    let machine = {
        let mut forgery = Forgery::by(attester());
        forgery.components[0].0 = "machine".into();
        forgery.sign()
    };
    let process = Forgery::by(attester()).sign();
    let microvm = MicrovmIsolate::new(vec![runtime()], vec![digest(&attester())]);
    let of = |evidence| sw_rot::verify(evidence, &microvm, &policy(), &expected(), NOW);
    let appraised = of(&machine).unwrap();
    assert_eq!(appraised.measurement(), runtime().into());
    assert!(
        appraised
            .words()
            .contains("a virtual machine that nothing protects")
    );
    let refused = |expected: &str, found: &str| {
        Err(AppraisalError::WrongTechnology {
            expected: expected.into(),
            found: found.into(),
        })
    };
    assert_eq!(of(&process).map(drop), refused("microvm", "process"));
    let verdict = verify(&machine);
    assert_eq!(verdict.map(drop), refused("process", "microvm"));
}

#[test]
fn refuses_a_machine_of_another_image() {
    let mut forgery = Forgery::by(attester());
    forgery.components[0].0 = "machine".into();
    let another = Sha256::of(b"another image");
    let microvm = MicrovmIsolate::new(vec![another], vec![digest(&attester())]);
    let verdict = sw_rot::verify(&forgery.sign(), &microvm, &policy(), &expected(), NOW);
    assert_eq!(
        verdict.map(drop),
        Err(AppraisalError::MeasurementMismatch {
            claim: "image",
            expected: vec![another.into()],
            found: runtime().into()
        })
    );
}

#[test]
fn refuses_an_isolate_that_was_started_with_another_policy() {
    let verdict = resigned(|forgery| forgery.launch_policy = vec![9; 32]);
    let found = PolicyHash::from_bytes([9; 32]);
    assert_eq!(
        verdict,
        Err(AppraisalError::LaunchPolicyMismatch {
            field: "launch policy",
            expected: policy().as_bytes().to_vec(),
            found: found.as_bytes().to_vec()
        })
    );
}

#[test]
fn refuses_another_profile_by_its_name() {
    // PSA's own profile: such a token is made by hardware and is not ours to judge here.
    let psa = "tag:psacertified.org,2023:psa#tfm";
    let verdict = resigned(|forgery| forgery.profile = psa.into());
    let expected = SwRotError::WrongProfile { found: psa.into() };
    assert_eq!(verdict, Err(AppraisalError::Token(expected)));
}

/// The verdict is `Malformed` with this cause.
fn assert_malformed(verdict: Result<Appraised, AppraisalError>, cause: &str) {
    match verdict {
        Err(AppraisalError::Token(error)) => {
            assert!(error.to_string().contains(cause), "{error}, not {cause}");
        }
        other => panic!("{other:?}, not malformed: {cause}"),
    }
}

#[test]
fn refuses_claims_that_the_profile_fixes_with_other_values() {
    assert_malformed(resigned(|f| f.client_id = 1), "client id");
    assert_malformed(
        resigned(|f| flip(&mut f.implementation)),
        "implementation id",
    );
    assert_malformed(
        resigned(|f| f.components[0].0 = "other".into()),
        "measurement type",
    );
    assert_malformed(
        resigned(|f| f.components[0].2 = "sha-1".into()),
        "measurement description",
    );
}

#[test]
fn refuses_claims_of_another_length() {
    for length in [0, 31, 32, 33, 48, 63, 65] {
        assert_malformed(resigned(|f| f.nonce = vec![1; length]), "expected 64");
    }
    for length in [0, 31, 33, 64] {
        assert_malformed(
            resigned(|f| f.components[0].1 = vec![1; length]),
            "expected 32",
        );
        assert_malformed(
            resigned(|f| f.launch_policy = vec![1; length]),
            "expected 32",
        );
        assert_malformed(
            resigned(|f| f.implementation = vec![1; length]),
            "expected 32",
        );
    }
    assert_malformed(resigned(|f| f.instance_id.truncate(32)), "expected 33");
}

#[test]
fn refuses_no_software_component_and_a_second_one() {
    assert_malformed(resigned(|f| f.components.clear()), "length 0, expected 1");
    assert_malformed(
        resigned(|f| f.components.extend(f.components.clone())),
        "length 2",
    );
}

#[test]
fn refuses_claims_and_headers_that_the_profile_does_not_have() {
    for label in [-80000, -1, 0, 11, 268, 2398, 2400, 3000] {
        assert_malformed(resigned(|f| f.extra_claim = Some(label)), "length 9");
    }
    assert_malformed(
        resigned(|f| f.extra_header = Some(4)),
        "3 protected headers",
    );
    assert_malformed(resigned(|f| f.extra_header = Some(2)), "critical headers");
}

#[test]
fn refuses_a_key_that_is_not_on_p256() {
    assert_malformed(resigned(|f| flip(&mut f.header_spki)), "P-256");
    assert_malformed(resigned(|f| f.header_spki.clear()), "P-256");
    assert_malformed(resigned(|f| f.header_spki.push(0)), "length 92");
}

#[test]
fn refuses_signed_claims_that_are_not_deterministic() {
    let forgery = Forgery::by(attester());
    let good = forgery.payload();
    let indefinite = [&[0xbf], &good[1..], &[0xff]].concat();
    let long = [&[0xb8, 8], &good[1..]].concat();
    let trailing = [&good[..], &[0]].concat();
    let nested = vec![0x81; 100];
    // The nonce's pair a second time: one more key.
    let duplicate = [&[0xa9], &good[1..68], &good[1..]].concat();
    assert_malformed(verify(&forgery.sign_payload(&indefinite)), "indefinite");
    assert_malformed(verify(&forgery.sign_payload(&long)), "shortest");
    assert_malformed(verify(&forgery.sign_payload(&trailing)), "follow after");
    assert_malformed(verify(&forgery.sign_payload(&nested)), "nested deeper");
    assert_malformed(verify(&forgery.sign_payload(&duplicate)), "twice");
}

#[test]
fn refuses_a_token_in_which_any_bit_is_flipped() {
    let good = Forgery::by(attester()).sign();
    for bit in 0..good.content().len() * 8 {
        let mut token = good.content().to_vec();
        token[bit / 8] ^= 1 << (bit % 8);
        let verdict = verify(&Evidence::new(Technology::SoftwareRootOfTrust, token));
        assert!(verdict.is_err(), "bit {bit}");
    }
}

#[test]
fn refuses_every_bit_of_the_signature_as_a_bad_signature() {
    let good = Forgery::by(attester()).sign();
    let length = good.content().len();
    for bit in (length - 64) * 8..length * 8 {
        let mut token = good.content().to_vec();
        token[bit / 8] ^= 1 << (bit % 8);
        let verdict = verify(&Evidence::new(Technology::SoftwareRootOfTrust, token));
        assert_eq!(
            verdict,
            Err(AppraisalError::BadSignature { part: "token" }),
            "bit {bit}"
        );
    }
}

#[test]
fn refuses_a_token_that_was_cut_anywhere_or_has_one_byte_more() {
    let good = Forgery::by(attester()).sign();
    let malformed = |token: &[u8]| {
        let verdict = verify(&Evidence::new(
            Technology::SoftwareRootOfTrust,
            token.into(),
        ));
        matches!(verdict, Err(AppraisalError::Token(_)))
    };
    for length in 0..good.content().len() {
        assert!(
            malformed(&good.content()[..length]),
            "cut to {length} bytes"
        );
    }
    assert!(malformed(&[good.content(), &[0]].concat()));
}

#[test]
fn every_error_has_a_code_and_a_hint_and_says_what_was_expected_and_found() {
    let mismatch = resigned(|f| f.launch_policy = vec![9; 32]).unwrap_err();
    assert_eq!(mismatch.code(), "VC-0217");
    assert!(mismatch.hint().starts_with("send nothing"));
    let text = mismatch.to_string();
    for hash in [policy(), PolicyHash::from_bytes([9; 32])] {
        let hex = data_encoding::HEXLOWER.encode(hash.as_bytes());
        assert!(text.contains(&hex), "{text}");
    }
}

proptest! {
    #[test]
    fn takes_no_random_bytes_as_a_token(bytes: Vec<u8>) {
        let verdict = verify(&Evidence::new(Technology::SoftwareRootOfTrust, bytes));
        let is_malformed = matches!(verdict, Err(AppraisalError::Token(_)));
        prop_assert!(is_malformed);
    }

    #[test]
    fn takes_no_random_payload_signed_by_the_attester(bytes: Vec<u8>) {
        let verdict = verify(&Forgery::by(attester()).sign_payload(&bytes));
        let is_malformed = matches!(verdict, Err(AppraisalError::Token(_)));
        prop_assert!(is_malformed);
    }

    #[test]
    fn takes_a_token_only_for_what_it_was_made_for(
        runtime: [u8; 32], launch: [u8; 32], a in any::<[[u8; 32]; 2]>(), other in any::<[[u8; 32]; 2]>(),
    ) {
        let report_data = ReportData::from_bytes(a.concat().try_into().unwrap());
        let other = ReportData::from_bytes(other.concat().try_into().unwrap());
        let runtime = Sha256::from_bytes(runtime);
        let launch_policy = PolicyHash::from_bytes(launch);
        let evidence = veracruz_evidence::sw_rot::sign(
            &SwRotClaims { report_data, measured: Measured::Runtime(runtime), launch_policy },
            &attester(),
        );
        let reference = ProcessIsolate::new(
            vec![runtime],
            vec![veracruz_policy::KeyDigest::of_spki(&spki::of_p256(attester().verifying_key()))],
        );
        let verdict = |expected| sw_rot::verify(&evidence, &reference, &launch_policy, expected, NOW);
        prop_assert!(verdict(&report_data).is_ok());
        prop_assert_eq!(verdict(&other).is_ok(), other == report_data);
    }
}
