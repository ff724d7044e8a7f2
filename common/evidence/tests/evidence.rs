//! The envelope, the token in it, and the channel that carries it.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use p256::ecdsa::SigningKey;
use proptest::prelude::*;
use veracruz_evidence::channel::{self, ChannelError, Reply};
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims, SwRotError};
use veracruz_evidence::{
    Evidence, EvidenceError, MAX_EVIDENCE_BYTES, ReportData, Technology, spki,
};
use veracruz_policy::{KeyDigest, PolicyHash, Sha256};

mod support;
use support::hex;

fn attester() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn claims() -> SwRotClaims {
    let report_data = hex(include_str!("vectors/report-data-session.hex"));
    SwRotClaims {
        report_data: ReportData::from_bytes(report_data.try_into().unwrap()),
        measured: Measured::Runtime(Sha256::of(b"the runtime's binary")),
        launch_policy: PolicyHash::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap())),
    }
}

#[test]
fn writes_the_token_and_envelope_byte_by_byte_as_the_independent_generator_does() {
    let expected = hex(include_str!("vectors/evidence-sw-rot.hex"));
    assert_eq!(sw_rot::sign(&claims(), &attester()).encode(), expected);
}

#[test]
fn reads_the_independent_generators_token() {
    let evidence = Evidence::parse(&hex(include_str!("vectors/evidence-sw-rot.hex"))).unwrap();
    assert_eq!(evidence.technology(), Technology::SoftwareRootOfTrust);
    let token = sw_rot::parse(evidence.content()).unwrap();
    let token = token.peek();
    assert_eq!(token.claims(), &claims());
    assert_eq!(token.lifecycle(), sw_rot::LIFECYCLE_UNKNOWN);
    assert_eq!(
        token.attester(),
        KeyDigest::of_spki(&hex(include_str!("vectors/spki.hex")))
    );
    assert!(token.names_its_attester());
    assert_eq!(token.verify_signature(), Ok(()));
}

#[test]
fn reads_and_writes_the_spki_that_openssl_writes() {
    let der = hex(include_str!("vectors/spki.hex"));
    assert_eq!(spki::of_p256(attester().verifying_key()).as_slice(), der);
    assert_eq!(
        spki::parse_p256(&der).as_ref(),
        Ok(attester().verifying_key())
    );
}

#[test]
fn refuses_other_spellings_of_a_key_and_points_off_the_curve() {
    let der = hex(include_str!("vectors/spki.hex"));
    support::every_truncation(&der, |bytes| spki::parse_p256(bytes).is_err());
    support::every_flipped_bit(&der, |bytes| spki::parse_p256(bytes).is_err());
    let compressed = attester().verifying_key().to_sec1_point(true);
    let head = hex("3039301306072a8648ce3d020106082a8648ce3d030107032200");
    assert!(spki::parse_p256(&[&head, compressed.as_bytes()].concat()).is_err());
}

#[test]
fn refuses_an_envelope_of_an_unknown_technology_by_its_name() {
    // ["text/plain", h'00']
    let bytes = hex("826a746578742f706c61696e4100");
    let found = "text/plain".into();
    assert_eq!(
        Evidence::parse(&bytes),
        Err(EvidenceError::UnknownTechnology { found })
    );
}

#[test]
fn refuses_evidence_beyond_its_bound_before_looking_at_it() {
    let found = MAX_EVIDENCE_BYTES + 1;
    assert_eq!(
        Evidence::parse(&vec![0; found]),
        Err(EvidenceError::TooLong { found })
    );
}

#[test]
fn refuses_a_token_with_another_profile_by_its_name() {
    let token = veracruz_evidence::cose::sign1(
        |headers| {
            let spki = spki::of_p256(attester().verifying_key());
            headers.int(-70001, |w| w.bytes(&spki));
        },
        // The first three claims suffice: nothing is read after the profile.
        &[
            hex("a30a5840"),
            vec![1; 64],
            hex("1901005821"),
            vec![1; 33],
            hex("1901096178"),
        ]
        .concat(),
        &attester(),
    );
    let expected = SwRotError::WrongProfile { found: "x".into() };
    assert_eq!(sw_rot::parse(&token).unwrap_err(), expected);
}

#[test]
fn refuses_a_token_without_its_attesters_key() {
    let token = veracruz_evidence::cose::sign1(|_| {}, b"\xa0", &attester());
    assert_eq!(
        sw_rot::parse(&token).unwrap_err(),
        SwRotError::WrongHeaders { found: 1 }
    );
}

#[test]
fn refuses_every_truncation_of_an_envelope() {
    let bytes = sw_rot::sign(&claims(), &attester()).encode();
    support::every_truncation(&bytes, |bytes| Evidence::parse(bytes).is_err());
}

#[test]
fn refuses_every_truncation_of_a_token() {
    let evidence = sw_rot::sign(&claims(), &attester());
    support::every_truncation(evidence.content(), |bytes| sw_rot::parse(bytes).is_err());
}

#[test]
fn channel_messages_are_what_the_contract_says() {
    let report_data = ReportData::from_bytes([9; 64]);
    assert_eq!(channel::encode_request(&report_data), [9; 64]);
    assert_eq!(channel::parse_request(&[9; 64]), Ok(report_data));
    assert_eq!(Reply::Refused(0x0102).encode(), [1, 1, 2]);
    let evidence = sw_rot::sign(&claims(), &attester());
    let encoded = Reply::Evidence(evidence.clone()).encode();
    assert_eq!(encoded, [vec![0], evidence.encode()].concat());
    assert_eq!(Reply::parse(&encoded), Ok(Reply::Evidence(evidence)));
}

#[test]
fn refuses_channel_messages_of_other_lengths_and_kinds() {
    for length in [0, 1, 63, 65, 128] {
        let wrong = ChannelError::WrongLength { found: length };
        assert_eq!(channel::parse_request(&vec![0; length]), Err(wrong));
    }
    assert_eq!(
        Reply::parse(&[]),
        Err(ChannelError::UnknownReply { found: None })
    );
    assert_eq!(
        Reply::parse(&[2, 0, 0]),
        Err(ChannelError::UnknownReply { found: Some(2) })
    );
    assert_eq!(
        Reply::parse(&[1, 0]),
        Err(ChannelError::WrongLength { found: 2 })
    );
    assert!(matches!(Reply::parse(&[0]), Err(ChannelError::Evidence(_))));
}

proptest! {
    #[test]
    fn takes_no_random_bytes(bytes: Vec<u8>) {
        prop_assert!(Evidence::parse(&bytes).is_err());
        prop_assert!(sw_rot::parse(&bytes).is_err());
        prop_assert!(spki::parse_p256(&bytes).is_err());
        // A random refusal is possible; a panic is not.
        let _ = Reply::parse(&bytes);
    }

    #[test]
    fn an_envelope_comes_back_as_it_was(content: Vec<u8>) {
        let evidence = Evidence::new(Technology::SoftwareRootOfTrust, content);
        prop_assert_eq!(Evidence::parse(&evidence.encode()), Ok(evidence));
    }

    #[test]
    fn a_token_comes_back_as_it_was(runtime: [u8; 32], policy: [u8; 32], data in any::<[[u8; 32]; 2]>()) {
        let claims = SwRotClaims {
            report_data: ReportData::from_bytes(data.concat().try_into().unwrap()),
            measured: Measured::Runtime(Sha256::from_bytes(runtime)),
            launch_policy: PolicyHash::from_bytes(policy),
        };
        let evidence = sw_rot::sign(&claims, &attester());
        let token = sw_rot::parse(evidence.content()).unwrap();
        prop_assert_eq!(token.peek().claims(), &claims);
    }
}

/// `h(b"veracruz-machine-v1" + h(b"kernel").digest() + h(b"initramfs").digest() +
/// h(b"console=ttyS0 -- guest").digest())` with `h = hashlib.sha256`.
#[test]
fn a_machine_is_measured_by_its_parts() {
    let of = sw_rot::machine_measurement(
        &Sha256::of(b"kernel"),
        &Sha256::of(b"initramfs"),
        b"console=ttyS0 -- guest",
    );
    let computed = "4aa223aee26af73e97aa00ff2397d6804da43f5b42a5004fe0c9c0990f736ef0";
    assert_eq!(of.to_string(), computed);
}
