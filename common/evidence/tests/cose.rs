//! COSE_Sign1 against RFC 9052's example and messages made by another library.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::{SigningKey, VerifyingKey};
use proptest::prelude::*;
use veracruz_evidence::cbor::{CborError, Writer};
use veracruz_evidence::cose::{CoseError, Sign1, sign1, verify1};

mod support;
use support::hex;

/// The key of RFC 9052 appendix C.7.1 with kid '11', as an uncompressed point.
const RFC_KEY: &str = "04\
    bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff\
    20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e";

/// RFC 9052 appendix C.2.1: single signature with ES256, kid in the unprotected header.
const RFC_SIGN1: &str = "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840\
    8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e\
    2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";

const CONTENT: &[u8] = b"This is the content.";

fn rfc_key() -> VerifyingKey {
    VerifyingKey::from_sec1_bytes(&hex(RFC_KEY)).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// A message with everything the caller's own, signed by nobody.
fn raw(tag: u64, protected: &[u8], unprotected: &[u8], signature: &[u8]) -> Vec<u8> {
    Writer::encode(|w| {
        w.tag(tag);
        w.array(4);
        w.bytes(protected);
        w.item(unprotected);
        w.bytes(CONTENT);
        w.bytes(signature);
    })
}

#[test]
fn takes_the_example_of_rfc_9052() {
    assert_eq!(verify1(&hex(RFC_SIGN1), &rfc_key()), Ok(CONTENT));
}

#[test]
fn refuses_the_example_of_rfc_9052_where_tag_payload_signature_or_key_differ() {
    let example = hex(RFC_SIGN1);
    let mut other_tag = example.clone();
    other_tag[0] = 0xd1; // COSE_Mac0
    let no_sign1 = CborError::Unexpected {
        offset: 0,
        expected: "tag 18 (COSE_Sign1)",
    };
    assert_eq!(
        verify1(&other_tag, &rfc_key()),
        Err(CoseError::Malformed(no_sign1))
    );
    assert!(matches!(
        verify1(&example[1..], &rfc_key()),
        Err(CoseError::Malformed(_))
    ));
    assert_eq!(
        verify1(&example, key().verifying_key()),
        Err(CoseError::BadSignature)
    );
    for at in [12, 31, 34, example.len() - 1] {
        let mut changed = example.clone();
        changed[at] ^= 1;
        assert_eq!(
            verify1(&changed, &rfc_key()),
            Err(CoseError::BadSignature),
            "byte {at}"
        );
    }
}

#[test]
fn signs_byte_by_byte_as_another_library_does() {
    let expected = hex(include_str!("vectors/sign1.hex"));
    assert_eq!(sign1(|_| {}, CONTENT, &key()), expected);
    assert_eq!(verify1(&expected, key().verifying_key()), Ok(CONTENT));
}

#[test]
fn takes_either_s() {
    let other = hex(include_str!("vectors/sign1-other-s.hex"));
    assert_eq!(verify1(&other, key().verifying_key()), Ok(CONTENT));
}

#[test]
fn refuses_another_algorithm_and_none() {
    let parse = |protected: &[u8]| Sign1::parse(&raw(18, protected, b"\xa0", &[1; 64])).map(drop);
    assert_eq!(
        parse(b"\xa1\x01\x38\x22"),
        Err(CoseError::WrongAlgorithm { found: -35 })
    ); // ES384
    assert_eq!(
        parse(b"\xa1\x01\x27"),
        Err(CoseError::WrongAlgorithm { found: -8 })
    ); // EdDSA
    assert_eq!(
        parse(b"\xa1\x01\x00"),
        Err(CoseError::WrongAlgorithm { found: 0 })
    );
    assert_eq!(parse(b""), Err(CoseError::NoAlgorithm));
    assert_eq!(parse(b"\xa0"), Err(CoseError::NoAlgorithm));
    assert_eq!(parse(b"\xa1\x03\x00"), Err(CoseError::NoAlgorithm));
    assert!(matches!(
        parse(b"\xa1\x01\x65ES256"),
        Err(CoseError::Malformed(_))
    ));
}

#[test]
fn refuses_an_algorithm_outside_the_protected_header() {
    let both = raw(18, b"\xa1\x01\x26", b"\xa1\x01\x26", &[1; 64]);
    assert_eq!(
        Sign1::parse(&both).unwrap_err(),
        CoseError::MustBeProtected { label: 1 }
    );
    let outside = raw(18, b"", b"\xa1\x01\x26", &[1; 64]);
    assert_eq!(Sign1::parse(&outside).unwrap_err(), CoseError::NoAlgorithm);
}

#[test]
fn refuses_critical_headers() {
    let protected = raw(18, b"\xa2\x01\x26\x02\x81\x03", b"\xa0", &[1; 64]);
    assert_eq!(
        Sign1::parse(&protected).unwrap_err(),
        CoseError::CriticalHeader
    );
    let unprotected = raw(18, b"\xa1\x01\x26", b"\xa1\x02\x81\x03", &[1; 64]);
    assert_eq!(
        Sign1::parse(&unprotected).unwrap_err(),
        CoseError::MustBeProtected { label: 2 }
    );
}

#[test]
fn refuses_a_label_in_both_headers() {
    let twice = raw(18, b"\xa2\x01\x26\x04\x41a", b"\xa1\x04\x41b", &[1; 64]);
    assert_eq!(
        Sign1::parse(&twice).unwrap_err(),
        CoseError::LabelTwice { label: 4 }
    );
}

#[test]
fn refuses_a_header_that_is_not_deterministic_inside_its_string() {
    for protected in [
        &b"\xbf\x01\x26\xff"[..],
        b"\xa2\x01\x26\x01\x26",
        b"\xa1\x18\x01\x26",
        b"\xa1\x01\x26\x00",
    ] {
        let message = raw(18, protected, b"\xa0", &[1; 64]);
        assert!(matches!(
            Sign1::parse(&message),
            Err(CoseError::Malformed(_))
        ));
    }
}

#[test]
fn refuses_signatures_of_another_length_or_out_of_range() {
    let protected = b"\xa1\x01\x26";
    for signature in [&[1u8; 63][..], &[1; 65], &[]] {
        let message = raw(18, protected, b"\xa0", signature);
        assert!(matches!(
            Sign1::parse(&message),
            Err(CoseError::Malformed(_))
        ));
    }
    for signature in [[0u8; 64], [0xff; 64]] {
        let message = raw(18, protected, b"\xa0", &signature);
        let verified = Sign1::parse(&message)
            .unwrap()
            .verify(key().verifying_key());
        assert_eq!(verified, Err(CoseError::BadSignature));
    }
}

#[test]
fn refuses_a_detached_payload() {
    let detached = hex(&format!("d28443a10126a0f65840{}", "01".repeat(64)));
    assert!(matches!(
        Sign1::parse(&detached),
        Err(CoseError::Malformed(_))
    ));
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let signed = sign1(|_| {}, CONTENT, &key());
    support::every_truncation(&signed, |bytes| {
        verify1(bytes, key().verifying_key()).is_err()
    });
    support::every_flipped_bit(&signed, |bytes| {
        verify1(bytes, key().verifying_key()).is_err()
    });
}

proptest! {
    #[test]
    fn gives_back_what_was_signed(payload: Vec<u8>, secret in 1u8.., label in -100_000i64..0) {
        let key = SigningKey::from_slice(&[secret; 32]).unwrap_or_else(|_| key());
        let signed = sign1(|headers| headers.int(label, |w| w.text("x")), &payload, &key);
        let parsed = Sign1::parse(&signed).unwrap();
        prop_assert_eq!(parsed.unverified_header(label), Some(&b"\x61x"[..]));
        prop_assert_eq!(parsed.verify(key.verifying_key()).unwrap(), payload);
    }

    #[test]
    fn takes_no_random_bytes(bytes: Vec<u8>) {
        prop_assert!(Sign1::parse(&bytes).is_err());
    }
}
