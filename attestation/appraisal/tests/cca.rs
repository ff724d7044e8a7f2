//! Every check of CCA tokens: by recorded ones, and by forgeries that pass all others.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, Technology, cca};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{CcaIsolate, ChipId, Chips, PolicyHash, PublicKey, Sha256, Sha384};

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

use arm::{CcaToken, Claims, Signer, components, fact, firmware, implementation_id, instance_id};
use mutations::mutations;
use support::{NOW, expected, policy, session};
use vectors::{collateral, vector};

const PLATFORM: &str = "platform token";
const REALM: &str = "realm token";

fn personalization(policy: &PolicyHash) -> [u8; 64] {
    let mut value = [0; 64];
    value[..32].copy_from_slice(policy.as_bytes());
    value
}

fn good() -> CcaToken {
    CcaToken::new(expected().as_bytes(), &personalization(&policy()))
}

fn reference() -> CcaIsolate {
    CcaIsolate {
        rim: vec![Sha384::of(b"other").into(), Sha384::of(b"realm").into()],
        rem: [
            vec![Sha384::of(b"rem 0").into()],
            Vec::new(),
            Vec::new(),
            Vec::new(),
        ],
        platform_keys: vec![Signer::es256(9).public(), Signer::es384(1).public()],
        implementation_ids: vec![implementation_id()],
        platform_software: firmware().map(Into::into).to_vec(),
        chips: Chips::Named(vec![ChipId::new(instance_id()).unwrap()]),
    }
}

fn verify_for(
    token: &[u8],
    reference: &CcaIsolate,
    policy: &PolicyHash,
    expected: &ReportData,
) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::new(Technology::Cca, token.to_vec());
    cca::verify(
        &evidence,
        &Collateral::none(),
        reference,
        policy,
        expected,
        NOW,
    )
}

fn verify(token: &[u8]) -> Result<Appraised, AppraisalError> {
    verify_for(token, &reference(), &policy(), &expected())
}

/// The verdict on a good token in which one thing was changed before it was signed.
fn resigned(change: impl FnOnce(&mut CcaToken)) -> AppraisalError {
    let mut token = good();
    change(&mut token);
    verify(&token.sign()).unwrap_err()
}

/// The verdict on a good token with another reference.
fn against(change: impl FnOnce(&mut CcaIsolate)) -> AppraisalError {
    let mut reference = reference();
    change(&mut reference);
    verify_for(&good().sign(), &reference, &policy(), &expected()).unwrap_err()
}

fn examine(token: &[u8], collateral: &Collateral) -> Result<Examined, AppraisalError> {
    cca::examine(token, collateral, None, NOW)
}

fn malformed(error: &AppraisalError, expected: &str) -> String {
    match error {
        AppraisalError::Malformed { part, reason } if *part == expected => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn takes_both_profiles_in_both_collections_under_both_curves() {
    let old = CcaToken::legacy(expected().as_bytes(), &personalization(&policy()));
    for token in [good(), old] {
        for tag in [399, 907] {
            for cpak in [Signer::es384(1), Signer::es256(9)] {
                for rak in [Signer::es384(2), Signer::es256(3)] {
                    let mut token = CcaToken {
                        tag,
                        cpak: cpak.clone(),
                        ..token.clone()
                    };
                    token.set_rak(rak);
                    let appraised = verify(&token.sign()).unwrap();
                    assert_eq!(appraised.technology(), Technology::Cca);
                    assert_eq!(appraised.measurement(), Sha384::of(b"realm").into());
                    let key = cpak.public().digest();
                    assert_eq!(appraised.attester(), Some(key));
                    assert_eq!(appraised.report_data(), expected());
                    assert_eq!(appraised.policy(), policy());
                    assert!(appraised.protects_from_host());
                    assert!(appraised.words().contains(&key.to_string()));
                }
            }
        }
    }
}

#[test]
fn says_what_is_in_a_token_and_by_whose_key() {
    let examined = examine(&good().sign(), &Signer::es384(1).given()).unwrap();
    assert!(!examined.compared());
    assert_eq!(examined.bound_to(), expected().as_bytes());
    assert_eq!(fact(&examined, "signed by"), "a key that the caller gave");
    assert_eq!(fact(&examined, "lifecycle"), "0x3003 (secured)");
    assert_eq!(
        fact(&examined, "platform profile"),
        "tag:arm.com,2023:cca_platform#1.0.0"
    );
    let component = fact(&examined, "platform software component");
    assert!(component.starts_with(&firmware()[0].to_string()));
    assert!(component.contains("type \"BL\""), "{component}");
}

#[test]
fn refuses_a_token_for_another_connection_or_policy() {
    let token = good().sign();
    for (other, what) in [
        (session(&policy(), b"other", b"client", 1, 3), "key"),
        (session(&policy(), b"server", b"client", 2, 3), "connection"),
        (session(&policy(), b"server", b"client", 1, 4), "nonce"),
    ] {
        assert_eq!(
            verify_for(&token, &reference(), &policy(), &other),
            Err(AppraisalError::BindingMismatch {
                expected: other.as_bytes().to_vec(),
                found: expected().as_bytes().to_vec(),
            }),
            "{what}"
        );
    }
    let other = PolicyHash::from_bytes([3; 32]);
    assert_eq!(
        verify_for(&token, &reference(), &other, &expected()),
        Err(AppraisalError::LaunchPolicyMismatch {
            field: "realm personalization value",
            expected: personalization(&other).to_vec(),
            found: personalization(&policy()).to_vec(),
        })
    );
    // Something behind the policy's hash is another value as well.
    let error = resigned(|token| {
        let mut value = personalization(&policy());
        value[63] = 1;
        token.realm.bytes(44235, &value);
    });
    assert!(matches!(error, AppraisalError::LaunchPolicyMismatch { .. }));
}

#[test]
fn refuses_the_platform_of_another_realm() {
    // Both parts are genuine. The platform token is about another realm's key.
    let mut other = good();
    other.set_rak(Signer::es384(7));
    let mine = good();
    let platform = mine.cpak.cose(-35, &mine.platform.encode());
    let realm = other.rak.cose(-35, &other.realm.encode());
    assert_eq!(
        verify(&mine.collection(&platform, &realm)),
        Err(AppraisalError::BindingMismatch {
            expected: Sha256::of(&Signer::es384(7).cose_key()).as_bytes().to_vec(),
            found: Sha256::of(&Signer::es384(2).cose_key()).as_bytes().to_vec(),
        })
    );
    // The digest by another algorithm than the realm names.
    let error = resigned(|token| token.realm.text(44240, "sha-512"));
    assert!(matches!(error, AppraisalError::BindingMismatch { .. }));
}

#[test]
fn refuses_a_realm_token_by_another_key_than_it_names() {
    let error = resigned(|token| token.rak = Signer::es384(7));
    assert_eq!(error, AppraisalError::BadSignature { part: REALM });
    let error = resigned(|token| token.rak = Signer::es256(7));
    assert!(matches!(
        error,
        AppraisalError::BadAlgorithm { part: REALM, .. }
    ));
}

#[test]
fn refuses_a_platform_whose_key_the_policy_does_not_name() {
    let bad = AppraisalError::BadSignature { part: PLATFORM };
    assert_eq!(resigned(|token| token.cpak = Signer::es384(7)), bad);
    let other = vec![Signer::es384(2).public()];
    assert_eq!(against(|reference| reference.platform_keys = other), bad);
    // A key of the caller's does not count where a reference names some.
    let stranger = CcaToken {
        cpak: Signer::es384(7),
        ..good()
    };
    let given = Signer::es384(7).given();
    let verdict = cca::examine(&stranger.sign(), &given, Some(&reference()), NOW);
    assert_eq!(verdict.unwrap_err(), bad);
    examine(&stranger.sign(), &given).unwrap();
    for error in [
        examine(&good().sign(), &Collateral::none()).unwrap_err(),
        against(|reference| reference.platform_keys.clear()),
    ] {
        assert!(matches!(
            error,
            AppraisalError::MissingCollateral { part: "CPAK", .. }
        ));
    }
    let broken = PublicKey::from_spki(vec![0x30, 0]);
    malformed(
        &against(|reference| reference.platform_keys = vec![broken]),
        "CPAK",
    );
}

#[test]
fn the_key_says_which_algorithm_is_right() {
    let token = good();
    let realm = token.rak.cose(-35, &token.realm.encode());
    let claims = token.platform.encode();
    for (signer, algorithm, expected_name, found) in [
        (Signer::es384(1), -7, "ES384", "ES256"),
        (Signer::es384(1), -36, "ES384", "ES512"),
        (Signer::es384(1), -8, "ES384", "COSE algorithm -8"),
        (Signer::es256(9), -35, "ES256", "ES384"),
    ] {
        let platform = signer.cose(algorithm, &claims);
        let reference = CcaIsolate {
            platform_keys: vec![signer.public()],
            ..reference()
        };
        let token = token.collection(&platform, &realm);
        assert_eq!(
            verify_for(&token, &reference, &policy(), &expected()),
            Err(AppraisalError::BadAlgorithm {
                part: PLATFORM,
                expected: expected_name,
                found: found.into(),
            })
        );
    }
}

#[test]
fn refuses_every_lifecycle_but_secured() {
    for lifecycle in [
        0, 0x1000, 0x2000, 0x2fff, 0x3100, 0x4000, 0x5000, 0x6000, 0xffff,
    ] {
        let error = resigned(|token| token.platform.set(2395, |w| w.unsigned(lifecycle)));
        assert_eq!(
            error,
            AppraisalError::LifecycleMismatch {
                part: PLATFORM,
                expected: "0x3000 to 0x30ff (secured)",
                found: u16::try_from(lifecycle).unwrap(),
            }
        );
    }
    for lifecycle in [0x3000, 0x30ff] {
        let mut token = good();
        token.platform.set(2395, |w| w.unsigned(lifecycle));
        verify(&token.sign()).unwrap();
    }
    let error = resigned(|token| token.platform.set(2395, |w| w.unsigned(0x1_3000)));
    malformed(&error, PLATFORM);
}

#[test]
fn refuses_unknown_profiles() {
    let found = |error, expected: &str| match error {
        AppraisalError::UnknownProfile { part, found, .. } if part == expected => found,
        other => panic!("{other:?}"),
    };
    for profile in [
        "",
        "http://arm.com/CCA-SSD/2.0.0",
        "tag:arm.com,2023:realm#1.0.0",
    ] {
        let error = resigned(|token| token.platform.text(265, profile));
        assert_eq!(found(error, PLATFORM), profile);
    }
    let error = resigned(|token| token.platform.remove(265));
    assert_eq!(found(error, PLATFORM), "none");
    let other = "tag:arm.com,2024:realm#2.0.0";
    let error = resigned(|token| token.realm.text(265, other));
    assert_eq!(found(error, REALM), other);
}

#[test]
fn a_realm_key_in_either_form_goes_with_either_profile() {
    let mut draft = good();
    draft.realm.remove(265);
    verify(&draft.sign()).unwrap();
    let mut other = CcaToken::legacy(expected().as_bytes(), &personalization(&policy()));
    other.realm.text(265, "tag:arm.com,2023:realm#1.0.0");
    verify(&other.sign()).unwrap();
    for key in [&[][..], &[4; 96], &[0xa0], &Signer::es384(2).point()[1..]] {
        let error = resigned(|token| token.realm.bytes(44237, key));
        assert!(
            matches!(error, AppraisalError::Malformed { .. }),
            "{error:?}"
        );
    }
}

#[test]
fn refuses_other_measurements_by_one_bit() {
    let flipped = |digest: &[u8]| {
        let mut digest = digest.to_vec();
        digest[0] ^= 1;
        digest
    };
    let claim_of = |error: AppraisalError| match error {
        AppraisalError::MeasurementMismatch { claim, .. } => claim,
        other => panic!("{other:?}"),
    };
    let rim = flipped(Sha384::of(b"realm").as_bytes());
    let error = resigned(|token| token.realm.bytes(44238, &rim));
    assert_eq!(claim_of(error), "realm initial measurement");
    let registers = [
        "realm extensible measurement 0",
        "realm extensible measurement 1",
        "realm extensible measurement 2",
        "realm extensible measurement 3",
    ];
    for (index, claim) in registers.into_iter().enumerate() {
        let mut values = [[0; 48]; 4];
        values[0] = *Sha384::of(b"rem 0").as_bytes();
        values[index][47] ^= 0x80;
        let error = resigned(|token| {
            token.realm.set(44239, |w| {
                w.array(4);
                values.iter().for_each(|value| w.bytes(value));
            });
        });
        assert_eq!(claim_of(error), claim);
    }
    let [first, second] = firmware();
    let changed = flipped(second.as_bytes());
    let error = resigned(|token| {
        token.platform.set(2399, |w| {
            components(w, &[("BL", first.as_bytes()), ("RMM", &changed)]);
        });
    });
    assert_eq!(
        claim_of(error),
        "measurement of a platform software component"
    );
    let implementation = flipped(implementation_id().as_bytes());
    let error = resigned(|token| token.platform.bytes(2396, &implementation));
    assert_eq!(claim_of(error), "implementation id");
}

#[test]
fn a_measurement_of_another_width_is_read_and_never_taken_for_the_reference() {
    let mut wide = [0; 64];
    wide[..48].copy_from_slice(Sha384::of(b"realm").as_bytes());
    let error = resigned(|token| token.realm.bytes(44238, &wide));
    assert!(matches!(
        error,
        AppraisalError::MeasurementMismatch {
            claim: "realm initial measurement",
            ..
        }
    ));
}

#[test]
fn refuses_a_platform_that_is_not_named() {
    let mut other = instance_id();
    other[32] ^= 1;
    let mut token = good();
    token.platform.bytes(256, &other);
    assert_eq!(
        verify(&token.sign()),
        Err(AppraisalError::ChipMismatch {
            expected: vec![ChipId::new(instance_id()).unwrap().to_string()],
            found: ChipId::new(other).unwrap().to_string(),
        })
    );
    let any = CcaIsolate {
        chips: Chips::Any,
        ..reference()
    };
    verify_for(&token.sign(), &any, &policy(), &expected()).unwrap();
}

#[test]
fn refuses_claims_that_are_missing_or_of_another_shape() {
    for label in [10, 2396, 256, 2395, 2399, 2401, 2402] {
        malformed(&resigned(|token| token.platform.remove(label)), PLATFORM);
    }
    for label in [10, 44235, 44236, 44237, 44238, 44239, 44240] {
        malformed(&resigned(|token| token.realm.remove(label)), REALM);
    }
    for length in [0, 31, 32, 63, 65] {
        let bytes = vec![1; length];
        malformed(&resigned(|token| token.realm.bytes(10, &bytes)), REALM);
        malformed(&resigned(|token| token.realm.bytes(44235, &bytes)), REALM);
    }
    for (label, length) in [(10, 0), (10, 31), (10, 33), (2396, 31), (256, 32)] {
        let bytes = vec![1; length];
        let error = resigned(|token| token.platform.bytes(label, &bytes));
        malformed(&error, PLATFORM);
    }
    // An instance id of another kind.
    let error = resigned(|token| token.platform.bytes(256, &[2; 33]));
    malformed(&error, PLATFORM);
    // A measurement that is not as long as its algorithm says.
    malformed(&resigned(|token| token.realm.bytes(44238, &[1; 32])), REALM);
    malformed(&resigned(|token| token.realm.text(44236, "md5")), REALM);
    malformed(
        &resigned(|token| token.realm.set(44239, |w| w.array(0))),
        REALM,
    );
    malformed(
        &resigned(|token| token.platform.set(2399, |w| w.array(0))),
        PLATFORM,
    );
    let weak = |token: &mut CcaToken| {
        token
            .platform
            .set(2399, |w| components(w, &[("BL", &[1; 20])]));
    };
    malformed(&resigned(weak), PLATFORM);
}

#[test]
fn refuses_cbor_with_a_second_reading_and_other_messages() {
    let token = good();
    let platform = token.cpak.cose(-35, &token.platform.encode());
    let realm = token.rak.cose(-35, &token.realm.encode());
    let reason = |platform: &[u8], realm: &[u8], part| {
        let verdict = verify(&token.collection(platform, realm));
        malformed(&verdict.unwrap_err(), part)
    };
    // The same claim twice, signed.
    let mut twice = token.platform.clone();
    twice.0.push((10, vec![0x40]));
    let twice = token.cpak.cose(-35, &twice.encode());
    assert!(reason(&twice, &realm, PLATFORM).contains("occurs twice"));
    // COSE_Mac0 for COSE_Sign1.
    let mac = [&[0xd1], &realm[1..]].concat();
    assert!(reason(&platform, &mac, REALM).starts_with("a COSE_Mac0"));
    let deep = [vec![0x81; 20_000], vec![0]].concat();
    assert!(reason(&platform, &deep, REALM).contains("nested deeper"));
    // A claim of indefinite length, and one that is longer than necessary.
    for value in [&b"\x5f\x41\x01\xff"[..], b"\x58\x01\x01"] {
        let claims = Claims(vec![(10, value.to_vec())]);
        let message = token.rak.cose(-35, &claims.encode());
        reason(&platform, &message, REALM);
    }
    let untagged = &token.sign()[3..];
    malformed(&verify(untagged).unwrap_err(), "CCA token");
    let mut more = token.collection(&platform, &realm);
    more[3] = 0xa3;
    more.extend([0x19, 0xac, 0xe2, 0x40]);
    let reason = malformed(&verify(&more).unwrap_err(), "CCA token");
    assert!(reason.contains("not supported"), "{reason}");
}

#[test]
fn refuses_evidence_of_another_technology() {
    let evidence = Evidence::new(Technology::Psa, good().sign());
    let none = Collateral::none();
    let verdict = cca::verify(&evidence, &none, &reference(), &policy(), &expected(), NOW);
    assert_eq!(
        verdict,
        Err(AppraisalError::WrongTechnology {
            expected: "cca".into(),
            found: "psa".into(),
        })
    );
}

#[test]
fn no_change_of_a_token_passes() {
    let mut token = good();
    token.cpak = Signer::es256(9);
    token.set_rak(Signer::es256(3));
    let collateral = token.cpak.given();
    let good = token.sign();
    examine(&good, &collateral).unwrap();
    for (number, changed) in mutations(&good, true).enumerate() {
        assert!(examine(&changed, &collateral).is_err(), "change {number}");
    }
}

#[test]
fn imports_tokens_as_others_keep_them() {
    let token = good().sign();
    let json = format!("{{\"token\": {token:?}}}");
    for file in [token.as_slice(), json.as_bytes()] {
        let content = cca::import(file, &mut Collateral::none());
        assert_eq!(content, Ok(token.clone()));
    }
}

/// Recorded tokens. None is of silicon: there is none to be had. Keys and expectations are those of
/// the projects that publish them.
#[test]
fn recorded_tokens_of_both_profiles_are_genuine() {
    const OLD: &str = "http://arm.com/CCA-SSD/1.0.0";
    const NEW: &str = "tag:arm.com,2023:cca_platform#1.0.0";
    for (name, anchor, profile, rim) in [
        (
            "rust-ccatoken/cca-token-01.cbor",
            "rust-ccatoken/ta-tfa.json",
            OLD,
            "00000000",
        ),
        (
            "rust-ccatoken/cca-token-02.cbor",
            "rust-ccatoken/ta-02-ok.json",
            OLD,
            "43434343",
        ),
        (
            "rust-ccatoken/cca-token-draft-ffm-00.cbor",
            "rust-ccatoken/ta-tfa.json",
            NEW,
            "311314ab",
        ),
        (
            "trustee/cca-example-token.cbor",
            "trustee/tastore.json",
            OLD,
            "ae87fbf7",
        ),
        (
            "trustee/cca-example-token.cbor",
            "trustee/cpak-pub.json",
            OLD,
            "ae87fbf7",
        ),
    ] {
        let file = vector(&format!("cca/{name}"));
        let anchor = collateral(&[&format!("cca/{anchor}")]);
        let (Some(file), Some(mut collateral)) = (file, anchor) else {
            continue;
        };
        let content = cca::import(&file, &mut collateral).unwrap();
        let examined = examine(&content, &collateral).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fact(&examined, "platform profile"), profile, "{name}");
        let found = examined.measurement().to_string();
        assert!(found.starts_with(rim), "{name}: {found}");
        for (number, changed) in mutations(&content, false).enumerate() {
            let verdict = examine(&changed, &collateral);
            assert!(verdict.is_err(), "{name}, change {number}");
        }
    }
}

#[test]
fn recorded_tokens_with_a_fault_are_refused() {
    // The right token under a key whose point was changed, and under another key.
    for anchor in ["ta-02-bad.json", "ta.json"] {
        let token = vector("cca/rust-ccatoken/cca-token-02.cbor");
        let anchor = collateral(&[&format!("cca/rust-ccatoken/{anchor}")]);
        if let (Some(token), Some(anchor)) = (token, anchor) {
            let error = examine(&token, &anchor).unwrap_err();
            assert_eq!(error, AppraisalError::BadSignature { part: PLATFORM });
        }
    }
    // A platform token that is about another realm's key.
    let token = vector("cca/rust-ccatoken/bug-33-repro.cbor");
    let anchor = collateral(&["cca/rust-ccatoken/ta-tfa.json"]);
    if let (Some(token), Some(anchor)) = (token, anchor) {
        let error = examine(&token, &anchor).unwrap_err();
        assert!(matches!(error, AppraisalError::BindingMismatch { .. }));
    }
}

/// Prints what an appraisal costs: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
#[allow(clippy::print_stdout, reason = "the number is what it is for")]
fn cost() {
    let (token, reference) = (good().sign(), reference());
    let time = cost::per_call(|| {
        drop(verify_for(&token, &reference, &policy(), &expected()).unwrap());
    });
    println!("cca, both tokens ES384: {time:?} of CPU time");
}
