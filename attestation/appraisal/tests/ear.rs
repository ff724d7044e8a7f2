//! Attestation results, both forms: what is read, and each reason for which one is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

mod support;

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use serde_json::{Value, json};
use veracruz_appraisal::ear::{Ear, EarError, Expected, LONGEST, Tier, VerifierId, policy_id};
use veracruz_appraisal::sw_rot;
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::cose::sign1;
use veracruz_evidence::spki;
use veracruz_policy::{KeyDigest, PolicyHash, PublicKey, Timestamp};

use support::{Forgery, NOW, attester, digest, expected, policy, reference, session};

fn signer() -> SigningKey {
    SigningKey::from_slice(&[11; 32]).unwrap()
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_spki(spki::of_p256(key.verifying_key()).into())
}

fn isolate() -> KeyDigest {
    KeyDigest::of_spki(b"server")
}

fn ear() -> Ear {
    let evidence = Forgery::by(attester()).sign();
    let appraised = sw_rot::verify(&evidence, &reference(), &policy(), &expected(), NOW).unwrap();
    let verifier = VerifierId {
        name: "verifier.example".into(),
        build: "veracruz-verifier 0.1.0".into(),
    };
    Ear::of(&appraised, Some(isolate()), verifier, 300)
}

fn both(ear: &Ear, key: &SigningKey) -> [Vec<u8>; 2] {
    [ear.sign_jwt(key).into_bytes(), ear.sign_cwt(key)]
}

/// Reads with what is right, except for what `edit` changes.
fn read_as(token: &[u8], edit: impl Fn(&mut Expected<'_>)) -> Result<Ear, EarError> {
    let key = public(&signer());
    let mut wanted = Expected {
        verifier: "verifier.example",
        key: &key,
        report_data: expected(),
        policy: policy(),
        isolate: Some(isolate()),
        now: NOW,
    };
    edit(&mut wanted);
    Ear::read(token, &wanted)
}

fn read(token: &[u8]) -> Result<Ear, EarError> {
    read_as(token, |_| {})
}

#[test]
fn a_result_is_read_as_it_was_written() {
    for token in both(&ear(), &signer()) {
        assert_eq!(read(&token), Ok(ear()));
    }
}

#[test]
fn the_jwt_has_the_claims_of_the_draft() {
    let token = ear().sign_jwt(&signer());
    let parts: Vec<&str> = token.split('.').collect();
    let part = |index: usize| -> Value {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(parts[index].as_bytes()).unwrap()).unwrap()
    };
    assert_eq!(
        part(0),
        json!({ "alg": "ES256", "typ": "eat+jwt", "kid": public(&signer()).digest().to_string() })
    );
    assert_eq!(
        part(1),
        json!({
            "eat_profile": "tag:ietf.org,2026:rats/ear#04",
            "iat": 1_795_161_600,
            "exp": 1_795_161_900,
            "ear_verifier_id": {
                "developer": "verifier.example",
                "build": "veracruz-verifier 0.1.0",
            },
            "eat_nonce": BASE64URL_NOPAD.encode(expected().as_bytes()),
            "submods": { "sw-rot": {
                "ear_status": "warning",
                "ear_trustworthiness_vector": {
                    "instance-identity": 2,
                    "configuration": 2,
                    "executables": 3,
                    "runtime-opaque": 32,
                },
                "ear_appraisal_policy_ids": [policy_id(&policy())],
                "ear_attester_claims": {
                    "veracruz_measurement": support::runtime().to_string(),
                    "veracruz_key": isolate().to_string(),
                    "veracruz_attester": digest(&attester()).to_string(),
                },
            } },
        })
    );
}

#[test]
fn a_result_about_an_isolate_that_the_host_can_read_is_never_affirming() {
    let ear = ear();
    assert_eq!(ear.submods["sw-rot"].status, Tier::Warning);
}

#[test]
fn refuses_a_result_under_another_key() {
    let other = SigningKey::from_slice(&[12; 32]).unwrap();
    let wanted = EarError::UntrustedKey {
        expected: public(&signer()).digest(),
        found: public(&other).digest().to_string(),
    };
    for token in both(&ear(), &other) {
        assert_eq!(read(&token), Err(wanted.clone()));
    }
}

#[test]
fn refuses_a_result_that_names_the_right_key_and_is_signed_by_another() {
    let other = SigningKey::from_slice(&[12; 32]).unwrap();
    let expected = public(&signer()).digest();
    // JWT: the header and the claims of the right one, signed anew.
    let good = ear().sign_jwt(&signer());
    let (input, _) = good.rsplit_once('.').unwrap();
    let signature: Signature = other.sign(input.as_bytes());
    let forged = format!("{input}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()));
    assert_eq!(
        read(forged.as_bytes()),
        Err(EarError::BadSignature { expected })
    );
    let forged = sign1(
        |headers| headers.int(4, |w| w.bytes(expected.as_bytes())),
        b"\xa0",
        &other,
    );
    assert_eq!(read(&forged), Err(EarError::BadSignature { expected }));
}

#[test]
fn refuses_a_result_with_other_report_data() {
    let other = session(&policy(), b"server", b"client", 1, 4);
    for token in both(&ear(), &signer()) {
        assert_eq!(
            read_as(&token, |wanted| wanted.report_data = other),
            Err(EarError::BindingMismatch {
                expected: Box::new(other),
                found: Box::new(expected()),
            })
        );
    }
}

#[test]
fn refuses_a_result_of_another_verifier() {
    for token in both(&ear(), &signer()) {
        assert_eq!(
            read_as(&token, |wanted| wanted.verifier = "other.example"),
            Err(EarError::WrongVerifier {
                expected: "other.example".into(),
                found: "verifier.example".into(),
            })
        );
    }
}

#[test]
fn refuses_a_result_before_its_time_and_after_it() {
    let at = |seconds: i64| Timestamp::from_seconds(NOW.seconds() + seconds);
    for token in both(&ear(), &signer()) {
        for good in [-60, 0, 300] {
            assert!(read_as(&token, |wanted| wanted.now = at(good)).is_ok());
        }
        assert_eq!(
            read_as(&token, |wanted| wanted.now = at(301)),
            Err(EarError::Expired {
                at: at(300),
                now: at(301)
            })
        );
        assert_eq!(
            read_as(&token, |wanted| wanted.now = at(-61)),
            Err(EarError::NotYetValid {
                from: NOW,
                now: at(-61)
            })
        );
    }
}

#[test]
fn refuses_a_result_that_is_good_for_hours() {
    let mut long = ear();
    long.expires = Timestamp::from_seconds(NOW.seconds() + LONGEST + 1);
    for token in both(&long, &signer()) {
        assert_eq!(read(&token), Err(EarError::Lifetime { found: LONGEST + 1 }));
    }
}

#[test]
fn refuses_a_result_about_another_policy_or_another_key() {
    let other = PolicyHash::from_bytes([9; 32]);
    for token in both(&ear(), &signer()) {
        assert_eq!(
            read_as(&token, |wanted| wanted.policy = other),
            Err(EarError::PolicyMismatch {
                expected: policy_id(&other),
                found: vec![policy_id(&policy())],
            })
        );
        assert_eq!(
            read_as(&token, |wanted| wanted.isolate = None),
            Err(EarError::KeyMismatch {
                expected: None,
                found: Some(isolate()),
            })
        );
    }
}

#[test]
fn refuses_a_result_that_does_not_call_the_isolate_good() {
    for (claim, found) in [(96, Tier::Contraindicated), (-100, Tier::Contraindicated)] {
        let mut bad = ear();
        let submod = bad.submods.get_mut("sw-rot").unwrap();
        submod.vector.executables = Some(claim);
        submod.status = found;
        for token in both(&bad, &signer()) {
            let submod = "sw-rot".to_owned();
            assert_eq!(read(&token), Err(EarError::NotGood { submod, found }));
        }
    }
    // A status that is better than its vector.
    let mut lying = ear();
    lying.submods.get_mut("sw-rot").unwrap().status = Tier::Affirming;
    for token in both(&lying, &signer()) {
        assert!(matches!(
            read(&token),
            Err(EarError::Malformed {
                part: "ear_status",
                ..
            })
        ));
    }
    let mut empty = ear();
    empty.submods.clear();
    for token in both(&empty, &signer()) {
        assert!(matches!(
            read(&token),
            Err(EarError::Malformed {
                part: "submods",
                ..
            })
        ));
    }
}

/// A JWT with this header and these claims, signed with the right key.
fn jwt(header: &Value, claims: &str) -> Vec<u8> {
    let input = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(header.to_string().as_bytes()),
        BASE64URL_NOPAD.encode(claims.as_bytes())
    );
    let signature: Signature = signer().sign(input.as_bytes());
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes())).into_bytes()
}

fn claims() -> Value {
    let token = ear().sign_jwt(&signer());
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "eat+jwt", "kid": public(&signer()).digest().to_string() })
}

#[test]
fn refuses_headers_that_choose_an_algorithm_or_bring_a_key() {
    assert!(read(&jwt(&header(), &claims().to_string())).is_ok());
    for algorithm in ["none", "HS256", "ES384"] {
        let mut header = header();
        header["alg"] = json!(algorithm);
        assert_eq!(
            read(&jwt(&header, &claims().to_string())),
            Err(EarError::WrongAlgorithm {
                found: algorithm.into()
            })
        );
    }
    for name in ["jwk", "jku", "x5c", "crit", "b64"] {
        let mut header = header();
        header[name] = json!([]);
        assert!(matches!(
            read(&jwt(&header, &claims().to_string())),
            Err(EarError::Malformed { part: "header", .. })
        ));
    }
}

#[test]
fn refuses_claims_twice_missing_or_unknown() {
    let text = claims().to_string();
    let twice = text.replacen("\"iat\":", "\"iat\":0,\"iat\":", 1);
    let submod_twice = text.replacen(
        "\"submods\":{",
        &format!(
            "\"submods\":{{\"sw-rot\":{},",
            claims()["submods"]["sw-rot"]
        ),
        1,
    );
    let mut missing = claims();
    missing.as_object_mut().unwrap().remove("exp");
    let mut unknown = claims();
    unknown["ear_raw_evidence"] = json!("AAAA");
    for claims in [
        twice,
        submod_twice,
        missing.to_string(),
        unknown.to_string(),
    ] {
        assert!(
            matches!(
                read(&jwt(&header(), &claims)),
                Err(EarError::Malformed { part: "claims", .. })
            ),
            "{claims}"
        );
    }
    let mut profile = claims();
    profile["eat_profile"] = json!("tag:github.com,2023:veraison/ear");
    assert_eq!(
        read(&jwt(&header(), &profile.to_string())),
        Err(EarError::WrongProfile {
            found: "tag:github.com,2023:veraison/ear".into()
        })
    );
}

#[test]
fn refuses_a_cwt_with_other_headers_or_claims() {
    let kid = public(&signer()).digest();
    let payload = Writer::encode(|w| w.map(|m| m.int(1, |w| w.text("x"))));
    let without_key = sign1(|_| {}, &payload, &signer());
    assert!(matches!(
        read(&without_key),
        Err(EarError::Malformed { part: "header", .. })
    ));
    let other_claims = sign1(
        |headers| headers.int(4, |w| w.bytes(kid.as_bytes())),
        &payload,
        &signer(),
    );
    assert!(matches!(
        read(&other_claims),
        Err(EarError::Malformed { part: "claims", .. })
    ));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    for token in both(&ear(), &signer()) {
        for at in 0..token.len() {
            assert!(read(&token[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut mutant = token.clone();
                mutant[at] ^= 1 << bit;
                assert!(read(&mutant).is_err(), "bit {bit} of byte {at}");
            }
        }
        assert!(read(&[token.as_slice(), b"A"].concat()).is_err());
    }
    let found = 16 * 1024 + 1;
    assert_eq!(read(&vec![b'e'; found]), Err(EarError::TooLong { found }));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read(&[b"eyJ".as_slice(), &bytes].concat());
        let _ = read(&[b"\xd2\x84".as_slice(), &bytes].concat());
    }
}
