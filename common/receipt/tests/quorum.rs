//! What a receipt says of a quorum, and the receipts of a whole one as one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

mod support;

use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use support::{OtherReportData, appraise, evidence, instance, issue, key, name, outputs, payload};
use veracruz_evidence::{Evidence, ReportData, spki};
use veracruz_policy::{IsolateKind, Policy, QuorumMember, Sha256};
use veracruz_receipt::{
    CombinedReceipt, Commitment, EvidenceFindings, NotProved, Outcome, Proved, QuorumClaim,
    Receipt, ReceiptError, ReceiptPayload, UnsignedReceipt, VerifiedQuorum, verify,
    verify_combined,
};

/// The fixture's policy with a quorum of two.
fn policy() -> Policy {
    let document = support::policy();
    let mut document: serde_json::Value = serde_json::from_slice(document.document()).unwrap();
    let digest = "2".repeat(64);
    document["isolates"]["microvm"] = serde_json::json!({ "image": digest, "attesters": digest });
    document["quorum"] = serde_json::json!(["process", "microvm"]);
    document["approval"]["required"] = serde_json::json!(["acme", "globex", "lab"]);
    Policy::parse(document.to_string().as_bytes()).unwrap()
}

fn keys() -> [SigningKey; 2] {
    [key(9), key(10)]
}

fn members() -> Vec<QuorumMember> {
    let kinds = [IsolateKind::Process, IsolateKind::Microvm];
    let members = keys().into_iter().zip(kinds);
    members
        .map(|(key, kind)| QuorumMember {
            instance: instance(&key),
            kind,
        })
        .collect()
}

/// What the isolate with that key says of a run that finished.
fn said(key: &SigningKey) -> ReceiptPayload {
    let mut said = ReceiptPayload {
        policy: policy().hash(),
        instance: instance(key),
        quorum: Some(QuorumClaim {
            members: members(),
            agreed: true,
        }),
        ..payload()
    };
    said.approvals
        .insert(name("lab"), Sha256::of(b"approval of lab"));
    said
}

fn signed(payload: &ReceiptPayload, key: &SigningKey) -> Vec<u8> {
    let unsigned = UnsignedReceipt::new(payload, &spki::of_p256(key.verifying_key())).unwrap();
    let evidence = evidence(unsigned.report_data(), payload.policy);
    let signature: Signature = key.sign(&unsigned.to_be_signed());
    let receipt = unsigned.finish(&signature.to_bytes().into(), evidence);
    receipt.unwrap().encode()
}

/// The receipts of both after a change of what the second one says.
fn both(change: impl FnOnce(&mut ReceiptPayload)) -> CombinedReceipt {
    let [one, other] = keys();
    let mut changed = said(&other);
    change(&mut changed);
    CombinedReceipt::new(vec![signed(&said(&one), &one), signed(&changed, &other)])
}

/// Verifies, where evidence proves these kinds.
fn judged(
    combined: &CombinedReceipt,
    kinds: [IsolateKind; 2],
) -> Result<VerifiedQuorum, ReceiptError> {
    let mut kinds = kinds.into_iter();
    verify_combined(
        combined,
        &policy(),
        &[],
        |evidence: &Evidence, expected: &ReportData| {
            let findings = appraise(evidence, expected)?;
            Ok::<(EvidenceFindings, IsolateKind), OtherReportData>((
                findings,
                kinds.next().unwrap(),
            ))
        },
    )
}

const KINDS: [IsolateKind; 2] = [IsolateKind::Process, IsolateKind::Microvm];

#[test]
fn the_receipts_of_a_quorum_hold_as_one() {
    let combined = both(|_| {});
    let verified = judged(&combined, KINDS).unwrap();
    assert_eq!(verified.outcome, Outcome::Finished);
    let kinds: Vec<_> = verified.members.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, KINDS);
    let agreed = Proved::InQuorum {
        members: members(),
        agreed: true,
    };
    for (_, one) in &verified.members {
        assert!(one.proved.contains(&agreed));
        assert!(one.not_proved.contains(&NotProved::OneOfQuorum));
    }
    let again = CombinedReceipt::parse(&combined.encode()).unwrap();
    assert_eq!(again, combined);
    assert!(CombinedReceipt::is_one(&combined.encode()));
    assert!(!CombinedReceipt::is_one(&combined.receipts()[0]));
}

#[test]
fn refuses_receipts_that_contradict_each_other() {
    type Change = fn(&mut ReceiptPayload);
    let changes: [(&str, Change); 6] = [
        ("the run", |said| said.run = 1),
        ("the outcome", |said| {
            said.outcome = Outcome::Withheld;
            said.outputs.clear();
            said.quorum.as_mut().unwrap().agreed = false;
        }),
        ("the programs", |said| {
            let unpinned = support::path("/program/secret.wasm");
            said.programs
                .insert(unpinned, Sha256::of(b"a third program"));
        }),
        ("the inputs", |said| {
            let input = support::path("/input/acme.csv");
            said.inputs.insert(input, Commitment::from_bytes([7; 32]));
        }),
        ("the outputs", |said| {
            let [output, _] = outputs();
            said.outputs
                .insert(output.path, Commitment::from_bytes([7; 32]));
        }),
        ("the randomness", |said| {
            said.randomness = Commitment::to_randomness(&[6; 32]);
        }),
    ];
    let second = instance(&key(10));
    for (expected, change) in changes {
        match judged(&both(change), KINDS) {
            Err(ReceiptError::QuorumDiffers { instance, what }) => {
                assert_eq!((instance, what), (second, expected));
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn receipts_of_a_run_that_released_nothing_may_differ_and_it_is_said_in_what() {
    let withheld = |said: &mut ReceiptPayload| {
        said.outcome = Outcome::Withheld;
        said.outputs.clear();
        said.quorum.as_mut().unwrap().agreed = false;
    };
    let [one, other] = keys();
    let (mut first, mut second) = (said(&one), said(&other));
    withheld(&mut first);
    withheld(&mut second);
    second.randomness = Commitment::to_randomness(&[6; 32]);
    let combined = CombinedReceipt::new(vec![signed(&first, &one), signed(&second, &other)]);
    let verified = judged(&combined, KINDS).unwrap();
    assert_eq!(verified.outcome, Outcome::Withheld);
    assert_eq!(verified.differences, ["the randomness"]);
}

#[test]
fn refuses_receipts_that_are_not_the_whole_quorum() {
    let all = both(|_| {});
    let [one, other] = [0, 1].map(|index| all.receipts()[index].clone());
    let lists = [
        vec![],
        vec![one.clone()],
        vec![one.clone(), one.clone()],
        vec![other.clone(), one.clone()],
        vec![one.clone(), other, one],
    ];
    for list in lists {
        let combined = CombinedReceipt::new(list);
        // Whatever each of them is proved to be, in the order in which it stands there.
        let mut kinds = combined.receipts().iter().map(|receipt| {
            let receipt = Receipt::parse(receipt).unwrap();
            let instance = receipt.unverified_payload().instance;
            let member = members()
                .into_iter()
                .find(|member| member.instance == instance);
            member.unwrap().kind
        });
        let refused = verify_combined(&combined, &policy(), &[], |evidence, expected| {
            Ok::<_, OtherReportData>((appraise(evidence, expected)?, kinds.next().unwrap()))
        });
        assert!(matches!(
            refused.unwrap_err(),
            ReceiptError::QuorumIncomplete { .. }
        ));
    }
}

#[test]
fn believes_the_evidence_and_not_the_receipt_about_kinds() {
    let combined = both(|_| {});
    let refused = judged(&combined, [IsolateKind::Process, IsolateKind::Process]);
    assert!(matches!(
        refused.unwrap_err(),
        ReceiptError::QuorumIncomplete { .. }
    ));
}

#[test]
fn a_quorum_stands_in_a_receipt_exactly_where_the_policy_has_one() {
    let one = key(9);
    let without = ReceiptPayload {
        quorum: None,
        ..said(&one)
    };
    let refused = verify(&signed(&without, &one), &policy(), &[], appraise);
    assert!(matches!(refused.unwrap_err(), ReceiptError::Value(_)));
    let with = ReceiptPayload {
        quorum: said(&one).quorum,
        ..payload()
    };
    let refused = verify(&issue(&with).encode(), &support::policy(), &[], appraise);
    assert!(matches!(refused.unwrap_err(), ReceiptError::Value(_)));
}

#[test]
fn refuses_a_receipt_that_released_without_agreement_or_names_another_quorum() {
    let one = key(9);
    let alone = |change: fn(&mut QuorumClaim)| {
        let mut said = said(&one);
        change(said.quorum.as_mut().unwrap());
        verify(&signed(&said, &one), &policy(), &[], appraise).unwrap_err()
    };
    assert!(matches!(
        alone(|claim| claim.agreed = false),
        ReceiptError::Value(_)
    ));
    assert!(matches!(
        alone(|claim| claim.members.truncate(1)),
        ReceiptError::QuorumIncomplete { .. }
    ));
    assert!(matches!(
        alone(|claim| claim.members[0].instance = instance(&key(11))),
        ReceiptError::QuorumWithout { .. }
    ));
}

#[test]
fn refuses_flipped_bits_of_a_combined_receipt() {
    let whole = both(|_| {});
    let good = whole.encode();
    let evidence = |combined: &CombinedReceipt| -> Vec<Option<Evidence>> {
        let receipts = combined.receipts().iter();
        let parsed = receipts.map(|receipt| Receipt::parse(receipt).ok());
        parsed
            .map(|receipt| receipt.map(|one| one.evidence().clone()))
            .collect()
    };
    let expected = evidence(&whole);
    // Each receipt's bits are looked at by a test of its own; these are the file's, and some of theirs.
    let bits = (0..64).chain((64..good.len() * 8).step_by(331));
    for bit in bits {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(combined) = CombinedReceipt::parse(&changed) else {
            continue;
        };
        // A change in evidence is the appraiser's to find, who looks at the binding alone here.
        if evidence(&combined) == expected || evidence(&combined).contains(&None) {
            assert!(judged(&combined, KINDS).is_err(), "bit {bit}");
        }
    }
}
