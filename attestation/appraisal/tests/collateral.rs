//! Files of collateral: what is taken, and what is not.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

#[path = "support/vectors.rs"]
mod vectors;

use proptest::prelude::*;
use veracruz_appraisal::{AppraisalError, Collateral, MAX_FILE_BYTES, sgx, tdx};
use veracruz_policy::Timestamp;

/// Certificates, revocation lists, documents, keys.
fn counts(collateral: &Collateral) -> [usize; 4] {
    [
        collateral.certificates().len(),
        collateral.revocation_lists().len(),
        collateral.documents().len(),
        collateral.keys().len(),
    ]
}

fn refused(file: &[u8]) -> String {
    let mut collateral = Collateral::none();
    let error = collateral.add(file).unwrap_err();
    assert_eq!(collateral, Collateral::none(), "nothing is added");
    match error {
        AppraisalError::Malformed {
            part: "collateral",
            reason,
        } => reason,
        error => unreachable!("{error}"),
    }
}

#[test]
fn takes_every_form_that_vendors_and_tools_write() {
    for (name, expected) in [
        ("sgx-dcap/phala/sgx_quote_collateral.json", [3, 2, 2, 0]),
        ("tdx/phala/tdx_quote_collateral.json", [3, 2, 2, 0]),
        (
            "tdx/phala-0.7.1/tdx_quote_td15ex_collateral.json",
            [4, 2, 2, 0],
        ),
        ("sgx-dcap/fortanix/00906ed50000-19.tcb", [2, 0, 1, 0]),
        ("sgx-dcap/fortanix/qe3_identity.id", [2, 0, 1, 0]),
        ("sgx-dcap/fortanix/qe3_identity.json", [0, 0, 1, 0]),
        ("sgx-dcap/fortanix/IntelSGXRootCA.crl", [0, 1, 0, 0]),
        ("sgx-dcap/fortanix/IntelSGXRootCA.der", [0, 1, 0, 0]),
        ("sgx-dcap/fortanix/platform.crl", [2, 1, 0, 0]),
        ("sgx-dcap/fortanix/processor.crl", [2, 1, 0, 0]),
        ("sgx-dcap/fortanix/root_ca.cert", [1, 0, 0, 0]),
        ("sev-snp/trustee/turin_ask_ark_asvk.pem", [3, 0, 0, 0]),
        ("sev-snp/virtee/vcek_milan.der", [1, 0, 0, 0]),
        ("nitro/aws_root.der", [1, 0, 0, 0]),
        ("cca/rust-ccatoken/cpak.json", [0, 0, 0, 1]),
        ("cca/rust-ccatoken/ta-02-ok.json", [0, 0, 0, 1]),
        ("psa/tf-m/public.pem", [0, 0, 0, 1]),
        ("vtpm-azure/kinvolk/akpub.pem", [0, 0, 0, 1]),
        ("vtpm-azure/kinvolk/certs.pem", [3, 0, 0, 0]),
        ("tpm2/google/gcp_ek_ak_ca_root.crt", [1, 0, 0, 0]),
    ] {
        let Some(collateral) = vectors::collateral(&[name]) else {
            continue;
        };
        assert_eq!(counts(&collateral), expected, "{name}");
    }
}

#[test]
fn takes_a_bundle_of_other_spellings() {
    let name = "sgx-dcap/phala/sgx_quote_collateral.json";
    let (Some(file), Some(expected)) = (vectors::vector(name), vectors::collateral(&[name])) else {
        return;
    };
    // A list as base64, documents as JSON instead of text of JSON, no chain of the PCK CA's list.
    let mut bundle: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let list = bundle["root_ca_crl"].as_str().unwrap().as_bytes();
    let list = data_encoding::HEXLOWER.decode(list).unwrap();
    bundle["root_ca_crl"] = data_encoding::BASE64.encode(&list).into();
    let info = bundle["tcb_info"].as_str().unwrap().to_owned();
    bundle["tcb_info"] = serde_json::Value::Null;
    let file = bundle
        .to_string()
        .replace("\"tcb_info\":null", &format!("\"tcb_info\":{info}"));
    let mut collateral = Collateral::none();
    collateral.add(file.as_bytes()).unwrap();
    assert_eq!(collateral.documents(), expected.documents());
    assert_eq!(collateral.revocation_lists(), expected.revocation_lists());
}

#[test]
fn takes_der_as_hex_and_base64_and_nothing_twice() {
    let Some(der) = vectors::vector("nitro/aws_root.der") else {
        return;
    };
    let mut collateral = Collateral::none();
    collateral.add(&der).unwrap();
    let once = collateral.clone();
    let hex: String = der.iter().map(|byte| format!("{byte:02X}\n")).collect();
    collateral.add(hex.as_bytes()).unwrap();
    assert_eq!(collateral, once);
}

#[test]
fn refuses_private_keys() {
    let pem = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(refused(pem).contains("PRIVATE KEY"));
    let jwk = br#"{"kty":"EC","crv":"P-256","x":"","y":"","d":""}"#;
    assert!(refused(jwk).contains("private key"));
}

#[test]
fn refuses_what_it_does_not_know() {
    for file in [
        b"".as_slice(),
        b"\0\x01\xff",
        b"{}",
        b"{",
        b"[]]",
        b"hello, world!",
        b"0000",
        b"\x30\x00",
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        br#"{"tcbInfo":{},"signature":5}"#,
    ] {
        refused(file);
    }
}

#[test]
fn refuses_a_file_that_is_too_long() {
    assert!(refused(&vec![b' '; MAX_FILE_BYTES + 1]).contains("at most"));
}

#[test]
fn a_file_with_one_bad_block_adds_nothing() {
    let Some(good) = vectors::vector("tpm2/google/gcp_ek_ak_ca_root.crt") else {
        return;
    };
    let mut file = good;
    file.extend(b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    refused(&file);
}

#[test]
fn the_table_that_points_to_an_event_log_adds_nothing() {
    let mut table = b"CCEL".to_vec();
    table.extend(56_u32.to_le_bytes());
    table.resize(56, 7);
    let mut collateral = Collateral::none();
    collateral.add(&table).unwrap();
    assert_eq!(collateral, Collateral::none());
    table.push(7);
    refused(&table);
}

/// Bytes that begin as a quote of this version does, or as anything else that is known.
fn beginnings() -> impl Strategy<Value = Vec<u8>> {
    let quote = |version: u8, tee: u8| {
        let mut header = vec![version, 0, 2, 0, tee, 0, 0, 0, 0, 0, 0, 0];
        header.extend(
            data_encoding::HEXLOWER
                .decode(b"939a7233f79c4ca9940a0db3957f0607")
                .unwrap(),
        );
        header
    };
    prop_oneof![
        Just(Vec::new()),
        Just(quote(3, 0)),
        Just(quote(4, 0x81)),
        Just(quote(5, 0x81)),
        Just(b"-----BEGIN CERTIFICATE-----\n".to_vec()),
        Just(br#"{"tcbInfo":"#.to_vec()),
        Just(br#"{"quote":""#.to_vec()),
        Just(b"\x30\x82".to_vec()),
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_evidence_and_cause_no_panic(
        beginning in beginnings(),
        rest in proptest::collection::vec(any::<u8>(), 0..3000),
    ) {
        let bytes = [beginning, rest].concat();
        let mut collateral = Collateral::none();
        let _ = collateral.add(&bytes);
        let now = Timestamp::from_seconds(1_795_161_600);
        for content in [
            Ok(bytes.clone()),
            sgx::import(&bytes, &mut collateral),
            tdx::import(&bytes, &mut collateral),
        ]
        .into_iter()
        .flatten()
        {
            prop_assert!(sgx::examine(&content, &collateral, None, now).is_err());
            prop_assert!(tdx::examine(&content, &collateral, None, now).is_err());
        }
    }

    #[test]
    fn arbitrary_text_causes_no_panic(text in "[\\PC\n]{0,300}") {
        let _ = Collateral::none().add(text.as_bytes());
        let _ = tdx::import(text.as_bytes(), &mut Collateral::none());
    }
}
