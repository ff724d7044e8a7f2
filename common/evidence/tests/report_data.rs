//! Report data against answers that Python's hashlib gave (`make_vectors.py`), and its purpose:
//! nothing of what it binds can be changed.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use proptest::prelude::*;
use veracruz_evidence::{Nonce, ReportData, report_data};
use veracruz_policy::PolicyHash;

fn policy() -> PolicyHash {
    PolicyHash::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap()))
}

const SERVER: &[u8] = b"server spki";
const CLIENT: &[u8] = b"client spki";
const EXPORTER: [u8; 32] = [0xee; 32];
const NONCE: Nonce = Nonce::from_bytes([0x55; 32]);

#[test]
fn equals_hashlibs_answer_for_a_session() {
    let computed = report_data::session(&policy(), SERVER, CLIENT, &EXPORTER, &NONCE);
    assert_eq!(
        computed.to_string(),
        include_str!("vectors/report-data-session.hex").trim()
    );
}

#[test]
fn equals_hashlibs_answer_for_a_receipt() {
    let payload = veracruz_policy::Sha256::of(b"payload");
    let computed = report_data::receipt(&policy(), SERVER, payload.as_bytes());
    assert_eq!(
        computed.to_string(),
        include_str!("vectors/report-data-receipt.hex").trim()
    );
}

#[test]
fn equals_hashlibs_answer_for_a_key() {
    let computed = report_data::key(&policy(), SERVER, b"ear spki", &NONCE);
    assert_eq!(
        computed.to_string(),
        include_str!("vectors/report-data-key.hex").trim()
    );
}

#[test]
fn the_reference_page_has_the_same_vectors() {
    let page = include_str!("../../../docs/reference/evidence.md");
    for vector in [
        include_str!("vectors/report-data-session.hex"),
        include_str!("vectors/report-data-receipt.hex"),
        include_str!("vectors/report-data-key.hex"),
    ] {
        let (first, second) = vector.trim().split_at(64);
        assert!(page.contains(first) && page.contains(second), "{vector}");
    }
}

#[test]
fn differs_where_the_two_ends_are_exchanged() {
    let right = report_data::session(&policy(), SERVER, CLIENT, &EXPORTER, &NONCE);
    let reflected = report_data::session(&policy(), CLIENT, SERVER, &EXPORTER, &NONCE);
    assert_ne!(right, reflected);
}

/// What a session's evidence is bound to.
type Inputs = ([u8; 32], Vec<u8>, Vec<u8>, [u8; 32], [u8; 32]);

fn session(inputs: &Inputs) -> ReportData {
    let (policy, server, client, exporter, nonce) = inputs;
    let policy = PolicyHash::from_bytes(*policy);
    report_data::session(
        &policy,
        server,
        client,
        exporter,
        &Nonce::from_bytes(*nonce),
    )
}

proptest! {
    #[test]
    fn differs_where_anything_differs(a: Inputs, b: Inputs) {
        prop_assert_eq!(a == b, session(&a) == session(&b));
    }

    #[test]
    fn differs_where_one_byte_of_one_item_differs(a: Inputs, which in 0usize..3, at in 0usize..32) {
        let mut b = a.clone();
        match which {
            0 => b.0[at] ^= 1,
            1 => b.3[at] ^= 1,
            _ => b.4[at] ^= 1,
        }
        prop_assert_ne!(session(&a), session(&b));
    }

    #[test]
    fn differs_by_purpose(policy: [u8; 32], spki: Vec<u8>, other: [u8; 32]) {
        let policy = PolicyHash::from_bytes(policy);
        let nonce = Nonce::from_bytes(other);
        let all = [
            report_data::session(&policy, &spki, &spki, &other, &nonce),
            report_data::receipt(&policy, &spki, &other),
            report_data::key(&policy, &spki, &spki, &nonce),
        ];
        prop_assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }
}
