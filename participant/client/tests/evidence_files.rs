//! Evidence in files: what it may stand in, and what it is compared with.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::path::PathBuf;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use fake::{NOW, World, runtime};
use serde_json::{Value, json};
use veracruz_appraisal::{AppraisalError, Technology, corim};
use veracruz_client::{Collateral, Error, FileAppraisal, FileVerdict, PolicyHash, ReferenceFile};
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{Isolates, Sha256, Timestamp};

const REPORT_DATA: [u8; 64] = {
    let mut data = [0; 64];
    data[0] = 0xab;
    data
};

fn evidence(world: &World) -> Evidence {
    let claims = SwRotClaims {
        report_data: ReportData::from_bytes(REPORT_DATA),
        measured: Measured::Runtime(runtime()),
        launch_policy: world.policy.hash(),
    };
    sw_rot::sign(&claims, &world.attester)
}

fn asked(file: &[u8]) -> FileAppraisal<'_> {
    FileAppraisal {
        evidence: file,
        technology: None,
        collateral: Collateral::none(),
        reference: None,
        report_data: None,
        launch_policy: None,
        now: NOW,
    }
}

fn compared<'a>(file: &'a [u8], reference: &'a Isolates) -> FileAppraisal<'a> {
    FileAppraisal {
        reference: Some(reference),
        ..asked(file)
    }
}

fn read(file: &[u8]) -> Result<Isolates, Error> {
    let files = [(PathBuf::from("reference"), file.to_vec())];
    let read = ReferenceFile::read(&files, None, &Collateral::none(), NOW)?;
    Ok(read.unwrap().isolates)
}

#[test]
fn an_envelope_says_what_it_holds_in_any_encoding() {
    let world = World::new();
    let evidence = evidence(&world);
    let cbor = evidence.encode();
    let content = BASE64URL_NOPAD.encode(evidence.content());
    let record = json!([Technology::SoftwareRootOfTrust.media_type(), content]);
    for file in [
        cbor.clone(),
        HEXLOWER.encode(&cbor).into_bytes(),
        format!("{}\n", HEXUPPER.encode(&cbor)).into_bytes(),
        BASE64.encode(&cbor).into_bytes(),
        record.to_string().into_bytes(),
    ] {
        let verdict = asked(&file).judge().unwrap();
        assert_eq!(
            verdict.examined.technology(),
            Technology::SoftwareRootOfTrust
        );
        assert_eq!(verdict.examined.measurement(), runtime().into());
        assert!(!verdict.examined.compared() && !verdict.bound);
    }
}

#[test]
fn without_an_envelope_the_caller_says_what_it_is() {
    let world = World::new();
    let content = evidence(&world).content().to_vec();
    for file in [content.clone(), HEXLOWER.encode(&content).into_bytes()] {
        let error = asked(&file).judge().unwrap_err();
        assert!(matches!(error, AppraisalError::WrongTechnology { .. }));
        let named = FileAppraisal {
            technology: Some(Technology::SoftwareRootOfTrust),
            ..asked(&file)
        };
        named.judge().unwrap();
    }
    // The envelope has the last word against the caller.
    let file = evidence(&world).encode();
    let other = FileAppraisal {
        technology: Some(Technology::Tdx),
        ..asked(&file)
    };
    let expected = AppraisalError::WrongTechnology {
        expected: "tdx".into(),
        found: "sw-rot".into(),
    };
    assert_eq!(other.judge().unwrap_err(), expected);
    let unknown = json!(["application/vnd.example", ""]).to_string();
    let error = asked(unknown.as_bytes()).judge().unwrap_err();
    assert!(
        matches!(&error, AppraisalError::WrongTechnology { found, .. } if found == "application/vnd.example"),
        "{error:?}"
    );
}

#[test]
fn reference_values_come_as_a_policy_or_any_part_of_it_or_as_a_corim() {
    let world = World::new();
    let file = evidence(&world).encode();
    let policy: Value = serde_json::from_slice(world.policy.document()).unwrap();
    let isolates = &policy["isolates"];
    let corim = corim::write(world.policy.isolates(), "test");
    for reference in [
        world.policy.document().to_vec(),
        isolates.to_string().into_bytes(),
        isolates["process"].to_string().into_bytes(),
        corim,
    ] {
        let isolates = read(&reference).unwrap();
        assert_eq!(isolates.process, world.policy.isolates().process);
        assert!(
            compared(&file, &isolates)
                .judge()
                .unwrap()
                .examined
                .compared()
        );
    }
    for nothing in [
        &b"{}"[..],
        b"[]",
        b"",
        b"{\"process\":{}}",
        b"\xa0",
        b"\xd9\x01\xf5\xa0",
    ] {
        let error = read(nothing).unwrap_err();
        assert!(matches!(error, Error::Reference { .. }), "{error:?}");
        assert_eq!(error.code(), "VC-0816");
    }
}

#[test]
fn another_runtime_than_the_reference_names_is_refused() {
    let world = World::with(&[(&runtime().to_string(), &Sha256::of(b"other").to_string())]);
    let file = evidence(&world).encode();
    let error = compared(&file, world.policy.isolates())
        .judge()
        .unwrap_err();
    let (expected, found) = error.expected_and_found().unwrap();
    assert!(matches!(error, AppraisalError::MeasurementMismatch { .. }));
    assert_eq!(expected, Sha256::of(b"other").to_string());
    assert_eq!(found, runtime().to_string());
}

fn with_report_data(world: &World, expected: &[u8]) -> Result<FileVerdict, AppraisalError> {
    let file = evidence(world).encode();
    FileAppraisal {
        report_data: Some(expected),
        ..asked(&file)
    }
    .judge()
}

#[test]
fn report_data_are_compared_with_zeros_after_them() {
    let world = World::new();
    for right in [&REPORT_DATA[..1], &REPORT_DATA[..20], &REPORT_DATA] {
        assert!(with_report_data(&world, right).unwrap().bound);
    }
    for wrong in [
        &[][..],
        &[0xac],
        &[0xab, 1],
        &[0xab; 64],
        &[&REPORT_DATA[..], &[0]].concat(),
    ] {
        let error = with_report_data(&world, wrong).unwrap_err();
        assert!(
            matches!(&error, AppraisalError::BindingMismatch { found, .. } if *found == REPORT_DATA),
            "{error:?}"
        );
    }
}

#[test]
fn the_policy_of_the_launch_is_compared() {
    let world = World::new();
    let file = evidence(&world).encode();
    let with = |policy| FileAppraisal {
        launch_policy: Some(policy),
        ..asked(&file)
    };
    let verdict = with(world.policy.hash()).judge().unwrap();
    assert!(verdict.launched_with_policy);
    let other = with(PolicyHash::from_bytes([9; 32])).judge().unwrap_err();
    assert!(matches!(other, AppraisalError::LaunchPolicyMismatch { .. }));
}

#[test]
fn a_signed_corim_needs_its_key_to_be_more_than_a_note() {
    let world = World::new();
    let content = corim::write(world.policy.isolates(), "test");
    let signed = veracruz_evidence::cose::sign1(|_| {}, &content, &world.attester);
    let files = [(PathBuf::from("reference"), signed)];
    let spki = veracruz_evidence::spki::of_p256(world.attester.verifying_key());
    let key = veracruz_policy::PublicKey::from_spki(spki.to_vec());
    let none = Collateral::none();
    let unchecked = ReferenceFile::read(&files, None, &none, NOW)
        .unwrap()
        .unwrap();
    assert_eq!(unchecked.warnings().len(), 1);
    let checked = ReferenceFile::read(&files, Some(&key), &none, NOW)
        .unwrap()
        .unwrap();
    assert_eq!(checked.warnings(), [] as [String; 0]);
    let other = veracruz_policy::PublicKey::from_spki(vec![0x30, 0]);
    let error = ReferenceFile::read(&files, Some(&other), &none, Timestamp::from_seconds(0));
    assert!(matches!(error, Err(Error::Reference { .. })), "{error:?}");
}
