//! AWS Nitro: recorded documents of real enclaves, and forgeries under a root of our own that pass
//! every check but one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Appraised, Collateral, Examined, nitro};
use veracruz_evidence::{Evidence, ReportData, Technology};
use veracruz_policy::{NitroIsolate, PolicyHash, Sha384, Timestamp};

#[path = "support/cost.rs"]
mod cost;
#[path = "support/nitro.rs"]
mod forge;
#[path = "support/vectors.rs"]
mod vectors;
#[path = "support/x509.rs"]
mod x509;

use forge::{Enclave, NOW, at, expected, pcr, policy, reference};
use x509::{TestKey, basic_constraints, key_usage, octets};

// Recorded documents.

/// Not in debug mode, with the time in the document and a minute.
const GOOD: (&str, i64) = (
    "nitro/evervault/valid-attestation-doc-bytes",
    1_665_651_482 + 60,
);
const DEBUG: [(&str, i64); 2] = [
    (
        "nitro/evervault/valid-attestation-doc-base64",
        1_695_049_410 + 60,
    ),
    (
        "nitro/evervault/debug-mode-attestation-doc-bytes",
        1_665_582_606 + 60,
    ),
];

fn recorded(name: &str) -> Option<Vec<u8>> {
    let file = vectors::vector(name)?;
    Some(nitro::import(&file, &mut Collateral::none()).unwrap())
}

fn examine(document: &[u8], seconds: i64) -> Result<Examined, AppraisalError> {
    let now = Timestamp::from_seconds(seconds);
    nitro::examine(document, &Collateral::none(), None, now)
}

fn fact(examined: &Examined, name: &str) -> String {
    let fact = examined.facts().iter().find(|fact| fact.name == name);
    fact.map(|fact| fact.value.clone()).unwrap_or_default()
}

#[test]
fn the_recorded_document_is_genuine_and_fits_its_registers_alone() {
    let Some(document) = recorded(GOOD.0) else {
        return;
    };
    let examined = examine(&document, GOOD.1).unwrap();
    assert!(!examined.compared());
    let register = |name: &str| -> Vec<Sha384> { vec![fact(&examined, name).parse().unwrap()] };
    assert_eq!(
        fact(&examined, "PCR0"),
        "f4d48b81a460c9916d1e685119074bf24660afd3e34fae9fca0a0d28d9d5599936332687e6f66fc890ac8cf150142d8b"
    );
    let mut reference = NitroIsolate {
        pcr0: register("PCR0"),
        pcr1: register("PCR1"),
        pcr2: register("PCR2"),
        pcr3: register("PCR3"),
        pcr4: register("PCR4"),
        pcr8: register("PCR8"),
    };
    let now = Timestamp::from_seconds(GOOD.1);
    let examine = |reference: &NitroIsolate| {
        nitro::examine(&document, &Collateral::none(), Some(reference), now)
    };
    assert!(examine(&reference).unwrap().compared());
    reference.pcr8 = register("PCR4");
    assert!(matches!(
        examine(&reference),
        Err(AppraisalError::MeasurementMismatch { claim: "PCR8", .. })
    ));
}

#[test]
fn recorded_documents_of_enclaves_in_debug_mode_are_refused() {
    for (name, now) in DEBUG {
        let Some(document) = recorded(name) else {
            return;
        };
        assert_eq!(
            examine(&document, now).unwrap_err(),
            AppraisalError::DebugNotAllowed { claim: "PCR0" },
            "{name}"
        );
    }
}

#[test]
fn a_recorded_document_lives_for_hours() {
    let Some(document) = recorded(GOOD.0) else {
        return;
    };
    let four_hours = 4 * 3600;
    assert!(matches!(
        examine(&document, GOOD.1 + four_hours),
        Err(AppraisalError::Expired {
            part: "certificate",
            ..
        })
    ));
    assert!(matches!(
        examine(&document, GOOD.1 - four_hours),
        Err(AppraisalError::NotYetValid { .. })
    ));
}

#[test]
fn no_changed_byte_of_a_recorded_document_passes() {
    let Some(document) = recorded(GOOD.0) else {
        return;
    };
    for index in 0..document.len() {
        let mut changed = document.clone();
        changed[index] ^= 1 << (index % 8);
        assert!(examine(&changed, GOOD.1).is_err(), "{index}");
    }
    // The signature is the last 96 bytes.
    for index in document.len() - 96..document.len() {
        let mut changed = document.clone();
        changed[index] ^= 1 << (index % 8);
        let found = examine(&changed, GOOD.1).unwrap_err();
        assert_eq!(found, AppraisalError::BadSignature { part: "document" });
    }
    for length in 0..document.len() {
        assert!(examine(&document[..length], GOOD.1).is_err());
    }
    assert!(matches!(
        examine(&[&*document, &[0]].concat(), GOOD.1),
        Err(AppraisalError::Malformed { .. })
    ));
}

// Forgeries that are signed anew.

fn verify(enclave: &Enclave) -> Result<Appraised, AppraisalError> {
    verify_against(enclave, &reference())
}

fn verify_against(
    enclave: &Enclave,
    reference: &NitroIsolate,
) -> Result<Appraised, AppraisalError> {
    let (evidence, collateral) = (enclave.evidence(), enclave.collateral());
    nitro::verify(
        &evidence,
        &collateral,
        reference,
        &policy(),
        &expected(),
        NOW,
    )
}

fn changed(change: impl FnOnce(&mut Enclave)) -> Enclave {
    let mut enclave = Enclave::new();
    change(&mut enclave);
    enclave
}

#[test]
fn a_good_document_passes_with_and_without_a_tag() {
    for tag in [false, true] {
        let appraised = verify(&changed(|enclave| enclave.tag = tag)).unwrap();
        assert_eq!(appraised.technology(), Technology::Nitro);
        assert_eq!(appraised.measurement(), pcr(0).into());
        assert_eq!(appraised.attester(), None);
    }
}

#[test]
fn the_document_must_be_for_this_connection_and_policy() {
    let enclave = Enclave::new();
    let (evidence, collateral) = (enclave.evidence(), enclave.collateral());
    let verify = |policy: &PolicyHash, expected: &ReportData| {
        nitro::verify(&evidence, &collateral, &reference(), policy, expected, NOW)
    };
    assert!(matches!(
        verify(&policy(), &ReportData::from_bytes([6; 64])),
        Err(AppraisalError::BindingMismatch { .. })
    ));
    assert!(matches!(
        verify(&PolicyHash::from_bytes([3; 32]), &expected()),
        Err(AppraisalError::LaunchPolicyMismatch { field: "PCR16", .. })
    ));
    let other = Evidence::new(Technology::Psa, evidence.content().to_vec());
    let found = nitro::verify(
        &other,
        &collateral,
        &reference(),
        &policy(),
        &expected(),
        NOW,
    );
    assert!(matches!(found, Err(AppraisalError::WrongTechnology { .. })));
}

#[test]
fn what_binds_must_be_there() {
    let digest = veracruz_policy::Sha256::of(expected().as_bytes())
        .as_bytes()
        .to_vec();
    for user_data in [
        None,
        Some(vec![]),
        Some(vec![5; 63]),
        Some(vec![5; 65]),
        Some(digest),
    ] {
        assert_eq!(
            verify(&changed(|enclave| enclave.user_data = user_data)).unwrap_err(),
            AppraisalError::BindingMissing { field: "user_data" }
        );
    }
    // Locked and never extended, extended with something else, or not locked and so not listed.
    for pcr16 in [Some(vec![0; 48]), Some(pcr(1).as_bytes().to_vec()), None] {
        let enclave = changed(|enclave| match pcr16 {
            Some(value) => drop(enclave.pcrs.insert(16, value)),
            None => drop(enclave.pcrs.remove(&16)),
        });
        assert!(matches!(
            verify(&enclave),
            Err(AppraisalError::LaunchPolicyMismatch { field: "PCR16", .. })
        ));
        // Where nobody asks for a policy, nobody asks for the register.
        let (document, collateral) = (enclave.sign(), enclave.collateral());
        assert!(nitro::examine(&document, &collateral, Some(&reference()), NOW).is_ok());
    }
}

#[test]
fn registers_are_compared_and_may_not_be_absent() {
    let names = ["PCR0", "PCR1", "PCR2"];
    for (index, name) in (0..).zip(names) {
        let other = changed(|enclave| {
            enclave.pcrs.insert(index, pcr(99).as_bytes().to_vec());
        });
        assert!(matches!(
            verify(&other),
            Err(AppraisalError::MeasurementMismatch { claim, .. }) if claim == name
        ));
        let absent = changed(|enclave| drop(enclave.pcrs.remove(&index)));
        assert_eq!(
            verify(&absent).unwrap_err(),
            AppraisalError::MeasurementMissing { claim: name }
        );
        let zero = changed(|enclave| drop(enclave.pcrs.insert(index, vec![0; 48])));
        assert_eq!(
            verify(&zero).unwrap_err(),
            AppraisalError::DebugNotAllowed { claim: name }
        );
    }
    type Change = fn(&mut NitroIsolate) -> &mut Vec<Sha384>;
    let optional: [(i64, &str, Change); 3] = [
        (3, "PCR3", |reference| &mut reference.pcr3),
        (4, "PCR4", |reference| &mut reference.pcr4),
        (8, "PCR8", |reference| &mut reference.pcr8),
    ];
    for (index, name, list) in optional {
        let mut named = reference();
        *list(&mut named) = vec![pcr(index)];
        assert!(verify_against(&Enclave::new(), &named).is_ok());
        let other = changed(|enclave| drop(enclave.pcrs.insert(index, vec![0; 48])));
        assert!(matches!(
            verify_against(&other, &named),
            Err(AppraisalError::MeasurementMismatch { claim, .. }) if claim == name
        ));
        assert!(verify(&other).is_ok());
        let absent = changed(|enclave| drop(enclave.pcrs.remove(&index)));
        assert_eq!(
            verify_against(&absent, &named).unwrap_err(),
            AppraisalError::MeasurementMissing { claim: name }
        );
    }
}

#[test]
fn the_algorithm_is_es384_and_signed() {
    for (protected, found) in [
        (&b"\xa1\x01\x26"[..], "ES256"),
        (b"\xa1\x01\x00", "COSE algorithm 0"),
        (b"", "none"),
        (b"\xa0", "none"),
    ] {
        let enclave = changed(|enclave| enclave.protected = protected.to_vec());
        match verify(&enclave) {
            Err(AppraisalError::BadAlgorithm {
                part: "document",
                found: said,
                ..
            }) => {
                assert_eq!(said, found);
            }
            other => panic!("{other:?}"),
        }
    }
    let unprotected = changed(|enclave| enclave.unprotected = b"\xa1\x01\x38\x22".to_vec());
    assert!(matches!(
        verify(&unprotected),
        Err(AppraisalError::BadAlgorithm { .. })
    ));
    // Headers that nobody looks at.
    let unprotected = changed(|enclave| enclave.unprotected = b"\xa1\x04\x41\x01".to_vec());
    assert!(matches!(
        verify(&unprotected),
        Err(AppraisalError::Malformed { .. })
    ));
    let protected = changed(|enclave| enclave.protected = b"\xa2\x01\x38\x22\x04\x41\x01".to_vec());
    assert!(matches!(
        verify(&protected),
        Err(AppraisalError::Malformed { .. })
    ));
}

#[test]
fn another_order_of_the_bundle_and_another_root_are_refused() {
    let enclave = Enclave::new();
    let examine = |certificates: &[Vec<u8>]| {
        let document = enclave.sign_payload(&enclave.payload(certificates));
        nitro::examine(&document, &enclave.collateral(), None, NOW)
    };
    let chain = enclave.certificates();
    let order = |indices: &[usize]| -> Vec<Vec<u8>> {
        indices.iter().map(|index| chain[*index].clone()).collect()
    };
    assert!(examine(&chain).is_ok());
    for indices in [
        &[3, 2, 1, 0, 4][..], // reversed
        &[1, 2, 3, 4],        // rootless
        &[0, 1, 2, 4],        // without the issuer of the leaf
        &[0, 2, 3, 4],        // with a gap
        &[0, 1, 1, 2, 3, 4],  // with a certificate twice
        &[4],                 // leaf alone, below
    ] {
        let found = examine(&order(indices));
        let malformed = indices.len() == 1;
        match found {
            Err(AppraisalError::BadChain { .. }) => assert!(!malformed),
            Err(AppraisalError::Malformed { .. }) => assert!(malformed),
            other => panic!("{indices:?}: {other:?}"),
        }
    }
    // The whole chain of an attacker, with the same names.
    let document = enclave.sign();
    assert!(matches!(
        nitro::examine(&document, &Collateral::none(), None, NOW),
        Err(AppraisalError::UntrustedRoot {
            part: "document",
            ..
        })
    ));
}

#[test]
fn a_certificate_signed_by_another_key_is_refused() {
    let enclave = Enclave::new();
    let mut chain = enclave.certificates();
    for index in 1..chain.len() {
        let good = chain[index].clone();
        chain[index] = enclave.chain[index].0.sign(&TestKey::p384(99));
        let document = enclave.sign_payload(&enclave.payload(&chain));
        let part = if index == 4 {
            "certificate"
        } else {
            "cabundle"
        };
        assert_eq!(
            nitro::examine(&document, &enclave.collateral(), None, NOW).unwrap_err(),
            AppraisalError::BadSignature { part }
        );
        chain[index] = good;
    }
    // The right chain, and a document by another key.
    let payload = enclave.payload(&chain);
    let stranger = changed(|enclave| enclave.chain[4].1 = TestKey::p384(99));
    assert_eq!(
        nitro::examine(
            &stranger.sign_payload(&payload),
            &enclave.collateral(),
            None,
            NOW
        )
        .unwrap_err(),
        AppraisalError::BadSignature { part: "document" }
    );
}

#[test]
fn each_certificate_may_do_what_it_does_and_no_more() {
    let with = |index: usize, extensions: Vec<x509::Extension>| {
        verify(&changed(|enclave| {
            enclave.chain[index].0.extensions = extensions
        }))
    };
    for index in 0..4 {
        for extensions in [
            vec![],
            vec![key_usage(0x86)],
            vec![basic_constraints(false, None), key_usage(0x86)],
            vec![basic_constraints(true, None)],
            vec![basic_constraints(true, None), key_usage(0x82)],
            vec![
                basic_constraints(true, None),
                key_usage(0x86),
                ("1.2.3", true, octets(b"")),
            ],
        ] {
            let found = with(index, extensions);
            assert!(
                matches!(
                    found,
                    Err(AppraisalError::BadChain {
                        part: "cabundle",
                        ..
                    })
                ),
                "{found:?}"
            );
        }
    }
    // Fewer authorities below than there are.
    for (index, room) in [(0, 2), (1, 1), (2, 0)] {
        let found = with(
            index,
            vec![basic_constraints(true, Some(room)), key_usage(0x86)],
        );
        assert!(matches!(found, Err(AppraisalError::BadChain { .. })));
    }
    // An authority that signs documents.
    for extensions in [
        vec![basic_constraints(true, None), key_usage(0x84)],
        vec![basic_constraints(false, None), key_usage(0x04)],
    ] {
        assert!(matches!(
            with(4, extensions),
            Err(AppraisalError::BadChain {
                part: "certificate",
                ..
            })
        ));
    }
}

#[test]
fn every_certificate_must_be_in_force_and_the_document_made_then() {
    for index in 0..5 {
        let over = changed(|enclave| {
            enclave.chain[index].0.from = at(-7200);
            enclave.chain[index].0.until = at(-1);
        });
        assert!(matches!(verify(&over), Err(AppraisalError::Expired { .. })));
        let early = changed(|enclave| enclave.chain[index].0.from = at(1));
        assert!(matches!(
            verify(&early),
            Err(AppraisalError::NotYetValid { .. })
        ));
    }
    let made = |seconds: i64| {
        verify(&changed(|enclave| {
            enclave.milliseconds = u64::try_from(at(seconds).seconds()).unwrap() * 1000;
        }))
    };
    assert!(made(300).is_ok());
    assert!(matches!(
        made(301),
        Err(AppraisalError::NotYetValid {
            part: "document",
            ..
        })
    ));
    assert!(made(-3600).is_ok());
    assert!(matches!(
        made(-3601),
        Err(AppraisalError::Malformed {
            part: "document",
            ..
        })
    ));
}

#[test]
fn revocation_lists_are_looked_at_where_given() {
    let enclave = Enclave::new();
    let with = |list: Vec<u8>| {
        let mut collateral = enclave.collateral();
        collateral.add(&list).unwrap();
        nitro::examine(&enclave.sign(), &collateral, None, NOW)
    };
    for authority in 0..4 {
        assert!(with(enclave.list(authority, &[77])).is_ok());
        let serial = u64::try_from(authority).unwrap() + 2;
        let part = if authority == 3 {
            "certificate"
        } else {
            "cabundle"
        };
        assert_eq!(
            with(enclave.list(authority, &[serial])).unwrap_err(),
            AppraisalError::Revoked { part }
        );
    }
}

#[test]
fn a_document_has_the_fields_of_the_specification_and_no_others() {
    let long = vec![0; 1025];
    for enclave in [
        changed(|enclave| enclave.module_id = None),
        changed(|enclave| enclave.module_id = Some(String::new())),
        changed(|enclave| enclave.digest = "SHA256".into()),
        changed(|enclave| enclave.milliseconds = 0),
        changed(|enclave| enclave.milliseconds = u64::MAX),
        changed(|enclave| drop(enclave.pcrs.insert(5, vec![0; 32]))),
        changed(|enclave| drop(enclave.pcrs.insert(32, vec![0; 48]))),
        changed(|enclave| drop(enclave.pcrs.insert(-1, vec![0; 48]))),
        changed(|enclave| enclave.user_data = Some(long.clone())),
        changed(|enclave| enclave.nonce = Some(long.clone())),
        changed(|enclave| enclave.public_key = Some(long)),
        changed(|enclave| enclave.extra = Some("more")),
    ] {
        let found = verify(&enclave);
        assert!(
            matches!(
                found,
                Err(AppraisalError::Malformed { .. } | AppraisalError::NotYetValid { .. })
            ),
            "{found:?}"
        );
    }
    let enclave = Enclave::new();
    for payload in [
        &b"\xa0"[..],
        b"\x80",
        b"\xbf\xff",
        b"\xa2\x61a\xf6\x61a\xf6",
        b"",
    ] {
        let document = enclave.sign_payload(payload);
        assert!(matches!(
            nitro::examine(&document, &enclave.collateral(), None, NOW),
            Err(AppraisalError::Malformed { .. })
        ));
    }
}

#[test]
fn imports_text_and_json() {
    let document = Enclave::new().sign();
    let base64 = data_encoding::BASE64.encode(&document);
    for file in [
        document.clone(),
        base64.clone().into_bytes(),
        data_encoding::HEXLOWER.encode(&document).into_bytes(),
        format!(r#"{{"attestation_document":"{base64}"}}"#).into_bytes(),
    ] {
        let imported = nitro::import(&file, &mut Collateral::none());
        assert_eq!(imported.as_ref(), Ok(&document));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = nitro::examine(&bytes, &Collateral::none(), None, NOW);
        let _ = nitro::import(&bytes, &mut Collateral::none());
        // Not signed: that would take most of the time.
        let document = veracruz_evidence::cbor::Writer::encode(|w| {
            w.array(4);
            w.bytes(b"\xa1\x01\x38\x22");
            w.item(&[0xa0]);
            w.bytes(&bytes);
            w.bytes(&[0; 96]);
        });
        let _ = nitro::examine(&document, &Collateral::none(), None, NOW);
    }
}

/// Prints what an appraisal costs: `cargo test --release -p veracruz-appraisal --test nitro cost
/// -- --ignored --nocapture`.
#[test]
#[ignore = "prints processor time and asserts nothing: for --release, by hand"]
fn cost_of_an_appraisal() {
    let Some(document) = recorded(GOOD.0) else {
        return;
    };
    let spent = cost::per_call(|| drop(examine(&document, GOOD.1).unwrap()));
    println!("{}: {spent:?} of CPU", GOOD.0);
}

// Documents of emulators, which nobody signed.

fn emulated(enclave: &Enclave, collateral: &Collateral) -> Result<Appraised, AppraisalError> {
    let evidence = Evidence::new(Technology::Nitro, enclave.emulate());
    nitro::verify(
        &evidence,
        collateral,
        &reference(),
        &policy(),
        &expected(),
        NOW,
    )
}

#[test]
fn an_unsigned_document_is_refused_as_what_it_is() {
    let enclave = Enclave::new();
    for collateral in [Collateral::none(), enclave.collateral()] {
        let refused = emulated(&enclave, &collateral).unwrap_err();
        assert_eq!(refused, AppraisalError::Emulated { part: "document" });
        assert_eq!(refused.code(), "VC-0213");
    }
}

#[test]
fn an_unsigned_document_that_is_asked_for_says_that_it_proves_nothing() {
    let appraised = emulated(&Enclave::new(), &Collateral::none().with_emulated()).unwrap();
    assert!(!appraised.protects_from_host());
    assert!(appraised.words().contains("PROVES NOTHING"));
    assert_eq!(appraised.warnings().len(), 1);
    assert_eq!(appraised.measurement(), pcr(0).into());
}

#[test]
fn whoever_takes_emulators_still_tells_signed_documents_by_their_chain() {
    let enclave = Enclave::new();
    let verify = |collateral: &Collateral| {
        nitro::verify(
            &enclave.evidence(),
            collateral,
            &reference(),
            &policy(),
            &expected(),
            NOW,
        )
    };
    let refused = verify(&Collateral::none().with_emulated()).unwrap_err();
    assert!(matches!(refused, AppraisalError::UntrustedRoot { .. }));
    let appraised = verify(&enclave.collateral().with_emulated()).unwrap();
    assert!(appraised.protects_from_host());
    assert_eq!(appraised.warnings(), [] as [String; 0]);
}

#[test]
fn an_unsigned_document_says_everything_else_that_a_signed_one_does() {
    let accepting = Collateral::none().with_emulated();
    let refusal = |change: &dyn Fn(&mut Enclave)| {
        let mut enclave = Enclave::new();
        change(&mut enclave);
        emulated(&enclave, &accepting).unwrap_err()
    };
    let debug = refusal(&|enclave| drop(enclave.pcrs.insert(0, vec![0; 48])));
    assert_eq!(debug, AppraisalError::DebugNotAllowed { claim: "PCR0" });
    let other = refusal(&|enclave| drop(enclave.pcrs.insert(2, vec![1; 48])));
    assert!(matches!(
        other,
        AppraisalError::MeasurementMismatch { claim: "PCR2", .. }
    ));
    let unbound = refusal(&|enclave| enclave.user_data = None);
    assert_eq!(
        unbound,
        AppraisalError::BindingMissing { field: "user_data" }
    );
    let launched = refusal(&|enclave| drop(enclave.pcrs.remove(&16)));
    assert!(matches!(
        launched,
        AppraisalError::LaunchPolicyMismatch { field: "PCR16", .. }
    ));
    let later = refusal(&|enclave| enclave.milliseconds += 3_600_000);
    assert!(matches!(later, AppraisalError::NotYetValid { .. }));
}
