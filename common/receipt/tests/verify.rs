//! What a receipt proves, what it does not, and what makes it prove nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a failure"
)]

use veracruz_evidence::Evidence;
use veracruz_policy::{Policy, PolicyHash, Sha256};
use veracruz_receipt::{
    EvidenceFindings, NotProved, Opening, Outcome, Proved, ReceiptError, ReceiptPayload, Verified,
    verify,
};

mod support;
use support::{
    OtherReportData, appraise, fixture, inputs, instance, isolate, issue, name, opening, outputs,
    path, payload, policy, runtime,
};

fn verified(openings: &[Opening]) -> Verified {
    verify(&fixture(), &policy(), openings, appraise).unwrap()
}

/// The verdict on a good receipt in which one thing was changed before it was signed.
fn reissued(change: impl FnOnce(&mut ReceiptPayload)) -> Result<Verified, ReceiptError> {
    let mut payload = payload();
    change(&mut payload);
    verify(&issue(&payload).encode(), &policy(), &[], appraise)
}

#[test]
fn proves_who_ran_what_under_which_policy_with_whose_approval() {
    let verified = verified(&[]);
    assert_eq!(verified.payload, payload());
    assert_eq!(
        verified.proved,
        [
            Proved::SignedByInstance {
                instance: instance(&isolate())
            },
            Proved::Measured {
                measurement: runtime().into(),
                words: "an attester says so".into()
            },
            Proved::RunOfPolicy {
                name: "receipt fixture".into(),
                policy: policy().hash(),
                run: 2,
                of: 2,
                outcome: Outcome::Finished,
            },
            Proved::Approved {
                by: vec![name("acme"), name("globex")]
            },
            Proved::Executed {
                path: path("/program/main.wasm"),
                sha256: Sha256::of(b"program"),
                pinned: true,
            },
            Proved::Executed {
                path: path("/program/secret.wasm"),
                sha256: Sha256::of(b"another program"),
                pinned: false,
            },
        ]
    );
}

#[test]
fn says_what_it_did_not_prove() {
    let paths = |openings: [Opening; 2]| openings.map(|opening| opening.path).to_vec();
    assert_eq!(
        verified(&[]).not_proved,
        [
            NotProved::NotProtectedFromHost,
            NotProved::NotDated,
            NotProved::ApprovalsNotShown,
            NotProved::OtherInstances,
            NotProved::InputsNotShown {
                paths: paths(inputs())
            },
            NotProved::OutputsNotShown {
                paths: paths(outputs())
            },
            NotProved::InputsMayLie,
        ]
    );
}

#[test]
fn proves_the_files_that_the_verifier_can_open() {
    let [acme, globex] = inputs();
    let [overlap, sum] = outputs();
    let verified = verified(&[overlap.clone(), acme.clone()]);
    let (at, sha256) = (overlap.path, overlap.content);
    assert!(
        verified
            .proved
            .contains(&Proved::Output { path: at, sha256 })
    );
    let (at, sha256) = (acme.path, acme.content);
    assert!(
        verified
            .proved
            .contains(&Proved::Input { path: at, sha256 })
    );
    let closed = NotProved::InputsNotShown {
        paths: vec![globex.path],
    };
    assert!(verified.not_proved.contains(&closed));
    let closed = NotProved::OutputsNotShown {
        paths: vec![sum.path],
    };
    assert!(verified.not_proved.contains(&closed));
}

#[test]
fn says_that_the_host_could_have_forged_it_unless_the_isolate_is_protected() {
    let protects = |evidence: &Evidence, expected: &_| {
        appraise(evidence, expected).map(|findings| EvidenceFindings {
            protects_from_host: true,
            ..findings
        })
    };
    let verified = verify(&fixture(), &policy(), &[], protects).unwrap();
    assert!(
        !verified
            .not_proved
            .contains(&NotProved::NotProtectedFromHost)
    );
}

#[test]
fn a_failed_run_has_a_receipt_and_no_outputs() {
    let verified = reissued(|payload| {
        payload.outcome = Outcome::Failed;
        payload.outputs.clear();
    })
    .unwrap();
    let not_made = NotProved::OutputsNotMade {
        paths: outputs().map(|o| o.path).to_vec(),
    };
    assert!(verified.not_proved.contains(&not_made));
    for outcome in [Outcome::Failed, Outcome::Withheld] {
        let error = reissued(|payload| payload.outcome = outcome).unwrap_err();
        assert!(
            matches!(error, ReceiptError::OutputsWithoutRelease { outcome: o } if o == outcome)
        );
    }
}

#[test]
fn refuses_a_file_or_salt_that_is_not_this_runs() {
    for wrong in [
        opening("/output/overlap.csv", b"another overlap", 3),
        opening("/output/overlap.csv", b"overlap", 4),
        opening("/input/acme.csv", b"globex's input", 2), // another file's opening
    ] {
        let error = verify(
            &fixture(),
            &policy(),
            core::slice::from_ref(&wrong),
            appraise,
        )
        .unwrap_err();
        assert_eq!(error.code(), "VC-0621");
        assert!(
            matches!(error, ReceiptError::CommitmentMismatch { path, found, .. }
            if path == wrong.path && found == wrong.commitment())
        );
    }
}

#[test]
fn refuses_an_opening_for_which_there_is_no_commitment() {
    let wrong = [opening("/program/main.wasm", b"program", 1)];
    let error = verify(&fixture(), &policy(), &wrong, appraise).unwrap_err();
    assert!(matches!(error, ReceiptError::NothingToOpen { path } if path == wrong[0].path));
}

#[test]
fn refuses_a_receipt_for_another_policy() {
    let document = std::str::from_utf8(policy().document())
        .unwrap()
        .replace("fixture", "other");
    let other = Policy::parse(document.as_bytes()).unwrap();
    let error = verify(&fixture(), &other, &[], appraise).unwrap_err();
    assert!(
        matches!(error, ReceiptError::WrongPolicy { expected, found }
        if expected == other.hash() && found == policy().hash())
    );
    let error = reissued(|payload| payload.policy = PolicyHash::from_bytes([1; 32])).unwrap_err();
    assert!(matches!(error, ReceiptError::WrongPolicy { .. }));
}

#[test]
fn refuses_a_receipt_whose_evidence_is_for_another_receipt() {
    let mut first_run = payload();
    first_run.run = 1;
    let first_run = issue(&first_run);
    // The signed part of run 2 with the evidence of run 1.
    let mixed = replace_evidence(&fixture(), first_run.evidence());
    let error = verify(&mixed, &policy(), &[], appraise).unwrap_err();
    let ReceiptError::EvidenceRefused { reason } = error else {
        panic!("{error}")
    };
    assert_eq!(reason.downcast_ref(), Some(&OtherReportData));
}

#[test]
fn refuses_a_receipt_that_names_another_runtime_than_its_evidence() {
    let error =
        reissued(|payload| payload.measurement = Sha256::of(b"another").into()).unwrap_err();
    assert!(
        matches!(error, ReceiptError::MeasurementMismatch { expected, found }
        if *expected == runtime().into() && *found == Sha256::of(b"another").into())
    );
}

#[test]
fn refuses_a_run_that_the_policy_does_not_allow() {
    for run in [0, 3, u32::MAX] {
        let error = reissued(|payload| payload.run = run).unwrap_err();
        assert!(
            matches!(error, ReceiptError::RunOutOfRange { expected: 2, found } if found == run)
        );
    }
}

#[test]
fn refuses_a_run_without_a_required_approval_or_with_a_strangers() {
    let error = reissued(|payload| {
        payload.approvals.remove(&name("globex"));
    })
    .unwrap_err();
    assert!(
        matches!(error, ReceiptError::MissingApproval { participant } if participant == name("globex"))
    );
    let stranger = (name("stranger"), Sha256::of(b"approval"));
    let error = reissued(|payload| payload.approvals.extend([stranger])).unwrap_err();
    assert!(
        matches!(error, ReceiptError::UnknownParticipant { participant } if participant == name("stranger"))
    );
    // Someone whose approval is not required may approve.
    let lab = (name("lab"), Sha256::of(b"approval"));
    assert!(reissued(|payload| payload.approvals.extend([lab])).is_ok());
}

#[test]
fn refuses_another_program_than_the_pinned_one() {
    let main = path("/program/main.wasm");
    let swapped = (main.clone(), Sha256::of(b"swapped"));
    let error = reissued(|payload| payload.programs.extend([swapped])).unwrap_err();
    assert!(matches!(error, ReceiptError::WrongProgram { path, found }
        if path == main && found == Sha256::of(b"swapped")));
}

#[test]
fn refuses_programs_and_files_that_are_missing_or_not_the_policys() {
    let main = path("/program/main.wasm");
    let error = reissued(|payload| {
        payload.programs.remove(&main);
    })
    .unwrap_err();
    assert!(
        matches!(error, ReceiptError::MissingFile { path, expected: "a program" } if path == main)
    );

    let acme = path("/input/acme.csv");
    let error = reissued(|payload| {
        payload.inputs.remove(&acme);
    })
    .unwrap_err();
    assert!(
        matches!(error, ReceiptError::MissingFile { path, expected: "an input" } if path == acme)
    );

    let commitment = inputs()[0].commitment();
    for stranger in [
        "/other",
        "/between",
        "/program/main.wasm",
        "/output/sum.csv",
    ] {
        let error = reissued(|p| {
            p.inputs.insert(path(stranger), commitment);
        })
        .unwrap_err();
        assert!(
            matches!(
                error,
                ReceiptError::UnexpectedFile {
                    found: "an input",
                    ..
                }
            ),
            "{stranger}"
        );
    }
    for stranger in [
        "/other",
        "/between",
        "/program/main.wasm",
        "/input/acme.csv",
    ] {
        let error = reissued(|p| {
            p.outputs.insert(path(stranger), commitment);
        })
        .unwrap_err();
        assert!(
            matches!(
                error,
                ReceiptError::UnexpectedFile {
                    found: "an output",
                    ..
                }
            ),
            "{stranger}"
        );
    }
}

#[test]
fn speaks_plainly() {
    let verified = verified(&[outputs()[0].clone()]);
    let text = |items: &[&dyn core::fmt::Display]| {
        items
            .iter()
            .map(|item| item.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let proved: Vec<&dyn core::fmt::Display> = verified.proved.iter().map(|p| p as _).collect();
    let not_proved: Vec<&dyn core::fmt::Display> =
        verified.not_proved.iter().map(|p| p as _).collect();
    let (proved, not_proved) = (text(&proved), text(&not_proved));
    for words in [
        "it did run 2 of 2 under the policy \"receipt fixture\"",
        "had the approvals of acme and globex",
        "with the SHA-256 that the policy fixes",
        "the policy leaves its content open",
        "came out of the run as /output/overlap.csv",
    ] {
        assert!(proved.contains(words), "{words:?} is not in:\n{proved}");
    }
    for words in [
        "could have read the data or forged this receipt",
        "dated by nobody",
        "they are committed, not shown): /input/acme.csv and /input/globex.csv",
        "they are committed, not shown): /output/sum.csv",
        "another instance",
    ] {
        assert!(
            not_proved.contains(words),
            "{words:?} is not in:\n{not_proved}"
        );
    }
}

fn replace_evidence(receipt: &[u8], evidence: &Evidence) -> Vec<u8> {
    let mut reader = veracruz_evidence::cbor::Reader::new(receipt).unwrap();
    reader.tuple(3).unwrap();
    reader.unsigned().unwrap();
    let signed = reader.bytes(usize::MAX).unwrap();
    veracruz_evidence::cbor::Writer::encode(|w| {
        w.array(3);
        w.unsigned(1);
        w.bytes(signed);
        w.bytes(&evidence.encode());
    })
}
