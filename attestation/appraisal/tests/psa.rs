//! Every check of PSA tokens: by recorded ones, and by forgeries that pass all others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, Technology, psa};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{ChipId, Chips, PsaIsolate, Sha256};

#[path = "support/arm.rs"]
mod arm;
#[path = "support/cost.rs"]
#[allow(dead_code, reason = "the test that measures is not always run")]
mod cost;
#[path = "support/mutations.rs"]
mod mutations;
mod support;
#[path = "support/vectors.rs"]
mod vectors;

use arm::{
    Claims, Signer, components, fact, firmware, implementation_id, instance_id, psa_claims,
    psa_claims_of_profile_1,
};
use mutations::mutations;
use support::{NOW, expected, policy, session};
use vectors::{collateral, vector};

const TOKEN: &str = "PSA token";
const BAD: AppraisalError = AppraisalError::BadSignature { part: TOKEN };

fn good() -> Claims {
    psa_claims(expected().as_bytes())
}

fn iak() -> Signer {
    Signer::es256(1)
}

fn reference() -> PsaIsolate {
    PsaIsolate {
        software: firmware().map(Into::into).to_vec(),
        keys: vec![Signer::es384(2).public(), iak().public()],
        implementation_ids: vec![implementation_id()],
        chips: Chips::Named(vec![ChipId::new(instance_id()).unwrap()]),
    }
}

fn sign(claims: &Claims) -> Vec<u8> {
    iak().cose(-7, &claims.encode())
}

fn verify_for(
    token: &[u8],
    reference: &PsaIsolate,
    expected: &ReportData,
) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::new(Technology::Psa, token.to_vec());
    let none = Collateral::none();
    psa::verify(&evidence, &none, reference, &policy(), expected, NOW)
}

fn verify(token: &[u8]) -> Result<Appraised, AppraisalError> {
    verify_for(token, &reference(), &expected())
}

/// The verdict on a good token in which one thing was changed before it was signed.
fn resigned(change: impl FnOnce(&mut Claims)) -> AppraisalError {
    let mut claims = good();
    change(&mut claims);
    verify(&sign(&claims)).unwrap_err()
}

fn examine(token: &[u8], collateral: &Collateral) -> Result<Examined, AppraisalError> {
    psa::examine(token, collateral, None, NOW)
}

fn malformed(error: &AppraisalError) -> String {
    match error {
        AppraisalError::Malformed {
            part: TOKEN,
            reason,
        } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn takes_every_profile_under_both_curves() {
    let mut draft = good();
    draft.text(265, "http://arm.com/psa/2.0.0");
    let old = psa_claims_of_profile_1(expected().as_bytes());
    let mut unnamed = old.clone();
    unnamed.remove(-75000);
    for claims in [good(), draft, old, unnamed] {
        for signer in [iak(), Signer::es384(2)] {
            let token = signer.cose(signer.algorithm(), &claims.encode());
            let appraised = verify(&token).unwrap();
            assert_eq!(appraised.technology(), Technology::Psa);
            assert_eq!(appraised.measurement(), firmware()[1].into());
            assert_eq!(appraised.attester(), Some(signer.public().digest()));
            assert_eq!(appraised.report_data(), expected());
        }
    }
}

#[test]
fn says_what_is_in_a_token_and_by_whose_key() {
    let examined = examine(&sign(&good()), &iak().given()).unwrap();
    assert!(!examined.compared());
    assert_eq!(examined.bound_to(), expected().as_bytes());
    for (name, value) in [
        ("profile", "tag:psacertified.org,2023:psa#tfm"),
        ("signed by", "a key that the caller gave"),
        ("lifecycle", "0x3000 (secured)"),
        ("client id", "3002"),
        ("verification service indicator", "https://example.org"),
        ("certification reference", "0604565272829-10010"),
        ("IAK", &iak().public().digest().to_string()),
    ] {
        assert_eq!(fact(&examined, name), value);
    }
    assert!(fact(&examined, "boot seed").starts_with("a0a0"));
}

#[test]
fn refuses_a_token_for_another_connection() {
    let token = sign(&good());
    for other in [
        session(&policy(), b"other", b"client", 1, 3),
        session(&policy(), b"server", b"client", 2, 3),
        session(&policy(), b"server", b"client", 1, 4),
    ] {
        assert_eq!(
            verify_for(&token, &reference(), &other),
            Err(AppraisalError::BindingMismatch {
                expected: other.as_bytes().to_vec(),
                found: expected().as_bytes().to_vec(),
            })
        );
    }
}

#[test]
fn a_shorter_nonce_holds_the_digest_of_the_report_data_or_nothing_of_it() {
    let digest = Sha256::of(expected().as_bytes());
    let mut claims = good();
    claims.bytes(10, digest.as_bytes());
    verify(&sign(&claims)).unwrap();
    for nonce in [vec![1; 32], vec![1; 48]] {
        let error = resigned(|claims| claims.bytes(10, &nonce));
        assert_eq!(
            error,
            AppraisalError::BindingMismatch {
                expected: digest.as_bytes().to_vec(),
                found: nonce,
            }
        );
    }
    for length in [0, 8, 31, 33, 63, 65] {
        let nonce = vec![1; length];
        let reason = malformed(&resigned(|claims| claims.bytes(10, &nonce)));
        assert!(reason.contains("expected 32 or 48 or 64"), "{reason}");
    }
}

#[test]
fn refuses_a_device_whose_key_the_policy_does_not_name() {
    let stranger = Signer::es256(7).cose(-7, &good().encode());
    assert_eq!(verify(&stranger).unwrap_err(), BAD);
    // A key of the caller's does not count where a reference names some.
    let given = Signer::es256(7).given();
    let verdict = psa::examine(&stranger, &given, Some(&reference()), NOW);
    assert_eq!(verdict.unwrap_err(), BAD);
    examine(&stranger, &given).unwrap();
    assert!(matches!(
        examine(&sign(&good()), &Collateral::none()),
        Err(AppraisalError::MissingCollateral { part: "IAK", .. })
    ));
}

#[test]
fn refuses_macs_and_other_algorithms() {
    let mut mac = sign(&good());
    mac[0] = 0xd1;
    assert!(malformed(&verify(&mac).unwrap_err()).starts_with("a COSE_Mac0"));
    let only = PsaIsolate {
        keys: vec![iak().public()],
        ..reference()
    };
    for algorithm in [-35, -8, 5, 0] {
        let token = iak().cose(algorithm, &good().encode());
        assert!(matches!(
            verify_for(&token, &only, &expected()),
            Err(AppraisalError::BadAlgorithm {
                part: TOKEN,
                expected: "ES256",
                ..
            })
        ));
    }
}

#[test]
fn refuses_every_lifecycle_but_secured() {
    for lifecycle in [0, 0x1000, 0x2000, 0x3100, 0x4000, 0x5000, 0x6000] {
        let error = resigned(|claims| claims.set(2395, |w| w.unsigned(lifecycle)));
        assert_eq!(
            error,
            AppraisalError::LifecycleMismatch {
                part: TOKEN,
                expected: "0x3000 to 0x30ff (secured)",
                found: u16::try_from(lifecycle).unwrap(),
            }
        );
    }
}

#[test]
fn refuses_a_token_that_the_normal_world_asked_for() {
    let mut claims = good();
    claims.set(2394, |w| w.integer(-1));
    assert!(matches!(
        verify(&sign(&claims)),
        Err(AppraisalError::ConfigurationNotAllowed { claim: "client id", found, .. })
            if found == "-1"
    ));
    // Genuine it is.
    examine(&sign(&claims), &iak().given()).unwrap();
    malformed(&resigned(|claims| claims.set(2394, |w| w.integer(0))));
    malformed(&resigned(|claims| {
        claims.set(2394, |w| w.integer(1 << 31));
    }));
}

#[test]
fn refuses_unknown_profiles() {
    let found = |error| match error {
        AppraisalError::UnknownProfile {
            part: TOKEN, found, ..
        } => found,
        other => panic!("{other:?}"),
    };
    let other = "tag:psacertified.org,2019:psa#legacy";
    let error = resigned(|claims| claims.text(265, other));
    assert_eq!(found(error), other);
    assert_eq!(found(resigned(|claims| claims.remove(265))), "none");
    let mut old = psa_claims_of_profile_1(expected().as_bytes());
    old.text(-75000, "PSA_IOT_PROFILE_2");
    let error = verify(&sign(&old)).unwrap_err();
    assert_eq!(found(error), "PSA_IOT_PROFILE_2");
    malformed(&resigned(|claims| claims.text(-75000, "PSA_IOT_PROFILE_1")));
}

#[test]
fn refuses_other_measurements_by_one_bit() {
    let claim_of = |error: AppraisalError| match error {
        AppraisalError::MeasurementMismatch { claim, .. } => claim,
        other => panic!("{other:?}"),
    };
    for changed in 0..2 {
        let mut digests = firmware().map(|digest| *digest.as_bytes());
        digests[changed][31] ^= 1;
        let [first, second] = &digests;
        let error = resigned(|claims| {
            claims.set(2399, |w| components(w, &[("BL", first), ("RMM", second)]));
        });
        assert_eq!(claim_of(error), "measurement of a software component");
    }
    let mut implementation = *implementation_id().as_bytes();
    implementation[0] ^= 1;
    let error = resigned(|claims| claims.bytes(2396, &implementation));
    assert_eq!(claim_of(error), "implementation id");
    let mut other = instance_id();
    other[32] ^= 1;
    let error = resigned(|claims| claims.bytes(256, &other));
    assert!(matches!(error, AppraisalError::ChipMismatch { .. }));
}

#[test]
fn refuses_claims_that_are_missing_or_of_another_shape() {
    for label in [10, 256, 2394, 2395, 2396, 2399] {
        malformed(&resigned(|claims| claims.remove(label)));
    }
    for label in [2397, 2398, 2400] {
        let mut claims = good();
        claims.remove(label);
        verify(&sign(&claims)).unwrap();
    }
    malformed(&resigned(|claims| claims.bytes(2396, &[1; 31])));
    malformed(&resigned(|claims| claims.bytes(2397, &[1; 33])));
    malformed(&resigned(|claims| claims.bytes(2400, b"no text")));
    malformed(&resigned(|claims| claims.bytes(256, &[2; 33])));
    malformed(&resigned(|claims| claims.set(2399, |w| w.array(0))));
    malformed(&resigned(|claims| claims.0.push((10, vec![0x40]))));
    malformed(&resigned(|claims| {
        claims.0.push((7, b"\x5f\x41\x01\xff".to_vec()));
    }));
    let not_a_map = iak().cose(-7, b"\x01");
    malformed(&verify(&not_a_map).unwrap_err());
}

#[test]
fn no_change_of_a_token_passes() {
    let collateral = iak().given();
    let good = sign(&good());
    examine(&good, &collateral).unwrap();
    for (number, changed) in mutations(&good, true).enumerate() {
        assert!(examine(&changed, &collateral).is_err(), "change {number}");
    }
}

/// Recorded tokens: of Trusted Firmware-M, and of Veraison's tests.
#[test]
fn recorded_tokens_of_both_profiles_are_genuine() {
    const TFM: &str = "psa/tf-m/public.pem";
    // The same key as `ec256.json` beside it, which has the private part too.
    const VERAISON: &str = "cca/rust-ccatoken/ta-02-ok.json";
    const DRAFT: &str = "http://arm.com/psa/2.0.0";
    for (name, anchor, profile, measurement) in [
        ("tf-m/psa-2_0_0_sign1.bin", TFM, DRAFT, "087d13c6"),
        (
            "tf-m/psa-iot-1_sign1.bin",
            TFM,
            "PSA_IOT_PROFILE_1",
            "087d13c6",
        ),
        (
            "veraison-services/psa-evidence.cbor",
            VERAISON,
            DRAFT,
            "a3a5e715",
        ),
        (
            "veraison-services/psa.good.cbor",
            VERAISON,
            DRAFT,
            "a3a5e715",
        ),
    ] {
        let file = vector(&format!("psa/{name}"));
        let (Some(file), Some(mut collateral)) = (file, collateral(&[anchor])) else {
            continue;
        };
        let content = psa::import(&file, &mut collateral).unwrap();
        let examined = examine(&content, &collateral).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fact(&examined, "profile"), profile, "{name}");
        let found = examined.measurement().to_string();
        assert!(found.starts_with(measurement), "{name}: {found}");
        let stranger = Signer::es256(7).given();
        assert_eq!(examine(&content, &stranger).unwrap_err(), BAD);
        for (number, changed) in mutations(&content, true).enumerate() {
            let verdict = examine(&changed, &collateral);
            assert!(verdict.is_err(), "{name}, change {number}");
        }
    }
    for name in ["psa/tf-m/psa-2_0_0_mac0.bin", "psa/tf-m/psa-iot-1_mac0.bin"] {
        if let (Some(file), Some(anchor)) = (vector(name), collateral(&[TFM])) {
            let error = examine(&file, &anchor).unwrap_err();
            assert!(malformed(&error).starts_with("a COSE_Mac0"));
        }
    }
}

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    let (token, reference) = (sign(&good()), reference());
    let time = cost::per_call(|| drop(verify_for(&token, &reference, &expected()).unwrap()));
    println!("psa, ES256: {time:?} of CPU time");
}
