//! The vectors that are published for other implementations, `docs/protocol/vectors.json`: made by
//! a program in another language that shares nothing with this crate.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

use serde_json::Value;
use veracruz_evidence::{Nonce, ReportData, report_data};
use veracruz_policy::{PolicyHash, Sha256};

fn vectors(purpose: &str) -> Vec<Value> {
    let text = include_str!("../../../docs/protocol/vectors.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let vectors = all[purpose].as_array().unwrap().clone();
    assert!(!vectors.is_empty());
    vectors
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(vector[name].as_str().unwrap().as_bytes())
        .unwrap()
}

fn array(vector: &Value, name: &str) -> [u8; 32] {
    bytes(vector, name).try_into().unwrap()
}

fn policy(vector: &Value) -> PolicyHash {
    PolicyHash::from_bytes(array(vector, "policy"))
}

fn check(vector: &Value, found: &ReportData) {
    assert_eq!(found.as_bytes().as_slice(), bytes(vector, "report_data"));
}

#[test]
fn the_report_data_of_a_session_is_that_of_the_specification() {
    for vector in vectors("session") {
        let found = report_data::session(
            &policy(&vector),
            &bytes(&vector, "server_spki"),
            &bytes(&vector, "client_spki"),
            &array(&vector, "exporter"),
            &Nonce::from_bytes(array(&vector, "nonce")),
        );
        check(&vector, &found);
        let short = Sha256::of(found.as_bytes());
        assert_eq!(short.as_bytes(), &array(&vector, "report_data_sha256"));
    }
}

#[test]
fn the_report_data_of_a_receipt_is_that_of_the_specification() {
    for vector in vectors("receipt") {
        let found = report_data::receipt(
            &policy(&vector),
            &bytes(&vector, "server_spki"),
            &array(&vector, "payload_sha256"),
        );
        check(&vector, &found);
    }
}

#[test]
fn the_report_data_of_a_key_is_that_of_the_specification() {
    for vector in vectors("key") {
        let found = report_data::key(
            &policy(&vector),
            &bytes(&vector, "spki"),
            &bytes(&vector, "verifier_ear_spki"),
            &Nonce::from_bytes(array(&vector, "nonce")),
        );
        check(&vector, &found);
    }
}
