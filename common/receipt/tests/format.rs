//! The format of version 1, which is kept for ever, and everything that is not it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::{Signature, signature::Signer as _};
use proptest::prelude::*;
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::cose::{SPKI_HEADER, sign1};
use veracruz_evidence::{ReportData, spki};
use veracruz_policy::Sha256;
use veracruz_receipt::{
    Commitment, MAX_RECEIPT_BYTES, RECEIPT_VERSIONS, Receipt, ReceiptError, Resources,
    UnsignedReceipt,
};

mod support;
use support::{evidence, fixture, instance, isolate, issue, key, payload, policy};

const MEDIA_TYPE: &str = "application/vnd.veracruz.receipt+cbor";

#[test]
fn there_is_an_example_of_every_version_that_is_read() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for version in RECEIPT_VERSIONS {
        let example = fixtures.join(format!("receipt-v{version}.hex"));
        assert!(example.is_file(), "{}", example.display());
    }
}

#[test]
fn version_1_is_read_for_ever() {
    let receipt = Receipt::parse(&fixture()).unwrap();
    assert_eq!(receipt.unverified_payload(), &payload());
    assert_eq!(receipt.verify_signature().unwrap(), &payload());
}

#[test]
fn writes_byte_by_byte_what_the_independent_generator_does() {
    assert_eq!(issue(&payload()).encode(), fixture());
}

#[test]
fn commitments_equal_hashlibs() {
    // hashlib.sha256(b"\0\0\0\x16veracruz-commitment-v1\0\0\0\x20" + bytes([1] * 32)
    //     + b"\0\0\0\x20" + hashlib.sha256(b"content").digest()).hexdigest()
    let commitment = Commitment::to(&[1; 32], &Sha256::of(b"content"));
    let expected = "a73cc501a43e46366f119b6c97fcbd8153a9f3f478439ce71c2ccc53cb3eef77";
    assert_eq!(commitment.to_string(), expected);
    assert!(include_str!("../../../docs/reference/receipt.md").contains(expected));
    // The same with "veracruz-randomness-v1" and bytes([5] * 32).
    let randomness = Commitment::to_randomness(&[5; 32]).to_string();
    assert_eq!(
        randomness,
        "5090444cf4f32dd6b5b46b6430408d3595b2460abceeb67146febc0561b4a9e4"
    );
}

#[test]
fn refuses_every_flipped_bit() {
    let good = fixture();
    let evidence = Receipt::parse(&good).unwrap().evidence().clone();
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(receipt) = Receipt::parse(&changed) {
            // A change in the evidence is the appraiser's to find; all others are found here.
            let is_refused = receipt.verify_signature().is_err();
            assert!(is_refused || *receipt.evidence() != evidence, "bit {bit}");
        }
    }
}

#[test]
fn refuses_every_truncation_and_one_byte_more() {
    let good = fixture();
    for length in 0..good.len() {
        assert!(
            Receipt::parse(&good[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    assert!(Receipt::parse(&[&good[..], &[0]].concat()).is_err());
}

#[test]
fn refuses_a_file_beyond_its_bound_before_looking_at_it() {
    let found = MAX_RECEIPT_BYTES + 1;
    let error = Receipt::parse(&vec![0; found]).unwrap_err();
    assert!(matches!(error, ReceiptError::TooLong { found: f } if f == found));
}

#[test]
fn refuses_another_version_by_its_number() {
    let mut outer = fixture();
    outer[1] = 2;
    let error = Receipt::parse(&outer).unwrap_err();
    assert!(matches!(
        error,
        ReceiptError::UnsupportedVersion { found: 2 }
    ));

    let inner = resigned(
        &Writer::encode(|w| w.map(|m| m.int(1, |w| w.unsigned(2)))),
        MEDIA_TYPE,
    );
    let error = Receipt::parse(&inner).unwrap_err();
    assert!(matches!(
        error,
        ReceiptError::UnsupportedVersion { found: 2 }
    ));
}

#[test]
fn refuses_a_receipt_without_evidence() {
    let receipt = issue(&payload());
    let signed = signed_part(&receipt.encode());
    let without = Writer::encode(|w| {
        w.array(2);
        w.unsigned(1);
        w.bytes(&signed);
    });
    assert!(matches!(
        Receipt::parse(&without),
        Err(ReceiptError::Value("number of parts"))
    ));
    let empty = file(&signed, b"");
    assert!(matches!(
        Receipt::parse(&empty),
        Err(ReceiptError::NoEvidence(_))
    ));
}

#[test]
fn refuses_a_signature_that_was_made_for_something_else() {
    let bytes = Writer::encode(|w| w.map(|_| {}));
    let other = resigned(&bytes, "application/vnd.veracruz.other+cbor");
    assert!(matches!(
        Receipt::parse(&other),
        Err(ReceiptError::Value("header typ"))
    ));
    let none = sign1(|_| {}, &bytes, &isolate());
    let none = file(
        &none,
        &evidence(issue(&payload()).expected_report_data(), policy().hash()).encode(),
    );
    assert!(matches!(
        Receipt::parse(&none),
        Err(ReceiptError::Value("headers"))
    ));
}

#[test]
fn refuses_a_payload_with_a_key_missing_or_one_too_many() {
    let good = payload_bytes();
    for extra in [0, 13, -1] {
        let bytes = with_pair(&good, extra);
        assert!(matches!(
            Receipt::parse(&resigned(&bytes, MEDIA_TYPE)),
            Err(ReceiptError::Malformed(_))
        ));
    }
    for missing in 1..=12 {
        let bytes = without_pair(&good, missing);
        assert!(
            Receipt::parse(&resigned(&bytes, MEDIA_TYPE)).is_err(),
            "without {missing}"
        );
    }
}

#[test]
fn refuses_paths_and_names_that_are_not_canonical() {
    for (from, to) in [
        ("/input/acme.csv", "/input/../a.csv"),
        ("/input/acme.csv", "/input//cme.csv"),
        ("/input/acme.csv", "xinput/acme.csv"),
        ("/output/sum.csv", "/output/sum.cs/"),
    ] {
        let bytes = replaced(&payload_bytes(), from.as_bytes(), to.as_bytes());
        let error = Receipt::parse(&resigned(&bytes, MEDIA_TYPE)).unwrap_err();
        assert!(
            matches!(error, ReceiptError::Value("inputs" | "outputs")),
            "{to}: {error}"
        );
    }
    let bytes = replaced(&payload_bytes(), b"\x64acme", b"\x64Acme");
    let error = Receipt::parse(&resigned(&bytes, MEDIA_TYPE)).unwrap_err();
    assert!(matches!(error, ReceiptError::Value("approvals")), "{error}");
}

#[test]
fn refuses_figures_that_were_not_rounded() {
    // 2048 ms as 2047 ms.
    let bytes = replaced(&payload_bytes(), b"\x19\x08\x00", b"\x19\x07\xff");
    let error = Receipt::parse(&resigned(&bytes, MEDIA_TYPE)).unwrap_err();
    assert!(matches!(error, ReceiptError::Value("resources")));
}

#[test]
fn refuses_the_key_of_another_instance() {
    // A stranger signs the isolate's payload with its own key.
    let stranger = key(8);
    let spki = spki::of_p256(stranger.verifying_key());
    let signed = sign1(
        |headers| {
            headers.int(16, |w| w.text(MEDIA_TYPE));
            headers.int(SPKI_HEADER, |w| w.bytes(&spki));
        },
        &payload_bytes(),
        &stranger,
    );
    let evidence = issue(&payload()).evidence().encode();
    let receipt = Receipt::parse(&file(&signed, &evidence)).unwrap();
    let error = receipt.verify_signature().unwrap_err();
    let (expected, found) = (instance(&isolate()), instance(&stranger));
    assert!(
        matches!(error, ReceiptError::InstanceMismatch { expected: e, found: f }
        if e == expected && f == found)
    );
}

#[test]
fn an_isolate_cannot_issue_a_receipt_under_a_key_that_is_not_its_own() {
    let spki = spki::of_p256(key(8).verifying_key());
    let error = UnsignedReceipt::new(&payload(), &spki).unwrap_err();
    assert!(matches!(error, ReceiptError::InstanceMismatch { .. }));

    let spki = spki::of_p256(isolate().verifying_key());
    let unsigned = UnsignedReceipt::new(&payload(), &spki).unwrap();
    let signature: Signature = key(8).sign(&unsigned.to_be_signed());
    let evidence = evidence(unsigned.report_data(), policy().hash());
    let error = unsigned
        .finish(&signature.to_bytes().into(), evidence)
        .unwrap_err();
    assert!(matches!(error, ReceiptError::BadSignature { .. }));
}

#[test]
fn tells_less_than_the_exact_figures() {
    assert_eq!(
        Resources::rounded(1, 1, 1),
        Resources::rounded(900, 1000, 1 << 20)
    );
}

/// A receipt's file around parts that may be anything.
fn file(signed: &[u8], evidence: &[u8]) -> Vec<u8> {
    Writer::encode(|w| {
        w.array(3);
        w.unsigned(1);
        w.bytes(signed);
        w.bytes(evidence);
    })
}

/// A file whose payload is `payload`, signed by the isolate.
fn resigned(payload: &[u8], typ: &str) -> Vec<u8> {
    let spki = spki::of_p256(isolate().verifying_key());
    let signed = sign1(
        |headers| {
            headers.int(16, |w| w.text(typ));
            headers.int(SPKI_HEADER, |w| w.bytes(&spki));
        },
        payload,
        &isolate(),
    );
    // Evidence of the right form; whether it is bound to this payload is not looked at here.
    file(
        &signed,
        &evidence(ReportData::from_bytes([0; 64]), policy().hash()).encode(),
    )
}

fn signed_part(file: &[u8]) -> Vec<u8> {
    let mut reader = veracruz_evidence::cbor::Reader::new(file).unwrap();
    reader.tuple(3).unwrap();
    reader.unsigned().unwrap();
    reader.bytes(MAX_RECEIPT_BYTES).unwrap().to_vec()
}

/// The payload of the fixture.
fn payload_bytes() -> Vec<u8> {
    let signed = signed_part(&fixture());
    let sign1 = veracruz_evidence::cose::Sign1::parse(&signed).unwrap();
    sign1.unverified_payload().to_vec()
}

/// The pairs of a map with integer keys.
fn pairs(map: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let mut reader = veracruz_evidence::cbor::Reader::new(map).unwrap();
    let count = reader.map(100).unwrap();
    (0..count)
        .map(|_| (reader.integer().unwrap(), reader.item().unwrap().to_vec()))
        .collect()
}

fn map(pairs: &[(i64, Vec<u8>)]) -> Vec<u8> {
    Writer::encode(|w| {
        w.map(|m| {
            pairs
                .iter()
                .for_each(|(key, value)| m.int(*key, |w| w.item(value)))
        });
    })
}

fn with_pair(payload: &[u8], key: i64) -> Vec<u8> {
    map(&[pairs(payload), vec![(key, vec![0])]].concat())
}

fn without_pair(payload: &[u8], key: i64) -> Vec<u8> {
    map(&pairs(payload)
        .into_iter()
        .filter(|(k, _)| *k != key)
        .collect::<Vec<_>>())
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

proptest! {
    #[test]
    fn takes_no_random_bytes(bytes: Vec<u8>) {
        prop_assert!(Receipt::parse(&bytes).is_err());
        prop_assert!(Receipt::parse(&resigned(&bytes, MEDIA_TYPE)).is_err());
    }

    #[test]
    fn random_changes_do_no_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = payload_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // Signed anew, so that the payload's reader sees it. What it takes, it writes alike.
        if let Ok(receipt) = Receipt::parse(&resigned(&bytes, MEDIA_TYPE))
            && receipt.unverified_payload().instance == instance(&isolate())
        {
            let again = issue(receipt.unverified_payload());
            prop_assert_eq!(again.unverified_payload(), receipt.unverified_payload());
            prop_assert_eq!(signed_part(&again.encode()), signed_part(&receipt.encode()));
        }
    }

    #[test]
    fn a_commitment_is_to_one_content_and_salt(a: [u8; 32], b: [u8; 32], c: [u8; 32], d: [u8; 32]) {
        let one = Commitment::to(&a, &Sha256::from_bytes(b));
        let other = Commitment::to(&c, &Sha256::from_bytes(d));
        prop_assert_eq!(one == other, (a, b) == (c, d));
    }
}
