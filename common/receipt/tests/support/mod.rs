//! A receipt for the fixture's policy, and the generator that forges others.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report of a failure"
)]

use std::sync::LazyLock;

use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Evidence, ReportData, spki};
use veracruz_policy::{
    FilePath, InstanceId, KeyDigest, ParticipantName, Policy, PolicyHash, Sha256,
};
use veracruz_receipt::{
    Commitment, EvidenceFindings, Opening, Outcome, Receipt, ReceiptPayload, Resources,
    UnsignedReceipt,
};

pub(crate) fn policy() -> Policy {
    static POLICY: LazyLock<Policy> =
        LazyLock::new(|| Policy::parse(include_bytes!("../fixtures/policy.json")).unwrap());
    POLICY.clone()
}

/// The receipt that is kept for ever.
pub(crate) fn fixture() -> Vec<u8> {
    let text = include_str!("../fixtures/receipt-v1.hex");
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

pub(crate) fn isolate() -> SigningKey {
    key(9)
}

pub(crate) fn instance(key: &SigningKey) -> InstanceId {
    KeyDigest::of_spki(&spki::of_p256(key.verifying_key())).into()
}

pub(crate) fn runtime() -> Sha256 {
    Sha256::of(b"runtime")
}

pub(crate) fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

pub(crate) fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).unwrap()
}

pub(crate) fn opening(at: &str, content: &[u8], salt: u8) -> Opening {
    Opening {
        path: path(at),
        content: Sha256::of(content),
        salt: [salt; 32],
    }
}

/// What opens each commitment of the fixture.
pub(crate) fn inputs() -> [Opening; 2] {
    [
        opening("/input/acme.csv", b"acme's input", 1),
        opening("/input/globex.csv", b"globex's input", 2),
    ]
}

pub(crate) fn outputs() -> [Opening; 2] {
    [
        opening("/output/overlap.csv", b"overlap", 3),
        opening("/output/sum.csv", b"sum", 4),
    ]
}

/// What the fixture says.
pub(crate) fn payload() -> ReceiptPayload {
    let commitments = |openings: [Opening; 2]| {
        openings
            .into_iter()
            .map(|opening| (opening.path.clone(), opening.commitment()))
            .collect()
    };
    ReceiptPayload {
        policy: policy().hash(),
        instance: instance(&isolate()),
        run: 2,
        outcome: Outcome::Finished,
        measurement: runtime().into(),
        approvals: [
            (name("acme"), Sha256::of(b"approval of acme")),
            (name("globex"), Sha256::of(b"approval of globex")),
        ]
        .into(),
        programs: [
            (path("/program/main.wasm"), Sha256::of(b"program")),
            (path("/program/secret.wasm"), Sha256::of(b"another program")),
        ]
        .into(),
        inputs: commitments(inputs()),
        outputs: commitments(outputs()),
        randomness: Commitment::to_randomness(&[5; 32]),
        resources: Resources::rounded(1_234, 900, 5_000_000),
        quorum: None,
    }
}

/// An attester's word for what the isolate asks to have signed.
pub(crate) fn evidence(report_data: ReportData, launch_policy: PolicyHash) -> Evidence {
    sw_rot::sign(
        &SwRotClaims {
            report_data,
            measured: Measured::Runtime(runtime()),
            launch_policy,
        },
        &key(7),
    )
}

/// A receipt that says `payload`, with right signature and evidence.
pub(crate) fn issue(payload: &ReceiptPayload) -> Receipt {
    let key = isolate();
    let unsigned = UnsignedReceipt::new(payload, &spki::of_p256(key.verifying_key())).unwrap();
    let evidence = evidence(unsigned.report_data(), payload.policy);
    let signature: Signature = key.sign(&unsigned.to_be_signed());
    unsigned
        .finish(&signature.to_bytes().into(), evidence)
        .unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherReportData;

impl core::fmt::Display for OtherReportData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("made for something else")
    }
}

impl core::error::Error for OtherReportData {}

/// Stands for `veracruz-appraisal`, which is tested by itself: looks at the binding alone.
pub(crate) fn appraise(
    evidence: &Evidence,
    expected: &ReportData,
) -> Result<EvidenceFindings, OtherReportData> {
    let token = sw_rot::parse(evidence.content()).unwrap();
    let claims = token.peek().claims();
    if claims.report_data != *expected {
        return Err(OtherReportData);
    }
    Ok(EvidenceFindings {
        measurement: claims.measured.digest().into(),
        protects_from_host: false,
        words: "an attester says so".into(),
    })
}
