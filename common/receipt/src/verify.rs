//! Verification offline: by the policy, the evidence and what files the verifier has.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::{File, FilePath, Measurement, Policy};

use crate::{
    Commitment, NotProved, Opening, Outcome, Proved, Receipt, ReceiptError, ReceiptPayload, quorum,
};

/// What an appraiser found out about a receipt's evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFindings {
    /// The measurement of the isolate.
    pub measurement: Measurement,
    /// Whether the isolate was protected from its host.
    pub protects_from_host: bool,
    /// What the evidence means, in plain words.
    pub words: String,
}

/// What a receipt proved. Show both lists, or the first one misleads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What the receipt says, now believed as far as `not_proved` allows.
    pub payload: ReceiptPayload,
    /// What it proved.
    pub proved: Vec<Proved>,
    /// What it did not.
    pub not_proved: Vec<NotProved>,
}

/// Verifies a receipt offline.
///
/// `policy` is the caller's own copy: all expectations come from it. `openings` are for those
/// inputs and outputs that the caller has, in any order; none is fine. `appraise` judges evidence
/// against that policy and the given report data, and whose clock it uses is its affair.
///
/// # Errors
/// The first thing that does not hold, see [`ReceiptError`]. Everything given must hold: one
/// opening that does not fit fails the whole.
pub fn verify<E>(
    receipt: &[u8],
    policy: &Policy,
    openings: &[Opening],
    appraise: impl FnOnce(&Evidence, &ReportData) -> Result<EvidenceFindings, E>,
) -> Result<Verified, ReceiptError>
where
    E: core::error::Error + Send + Sync + 'static,
{
    let receipt = Receipt::parse(receipt)?;
    let payload = receipt.verify_signature()?;
    if payload.policy != policy.hash() {
        return Err(ReceiptError::WrongPolicy {
            expected: policy.hash(),
            found: payload.policy,
        });
    }
    let findings =
        appraise(receipt.evidence(), &receipt.expected_report_data()).map_err(|reason| {
            ReceiptError::EvidenceRefused {
                reason: Box::new(reason),
            }
        })?;
    if findings.measurement != payload.measurement {
        return Err(ReceiptError::MeasurementMismatch {
            expected: Box::new(findings.measurement),
            found: Box::new(payload.measurement),
        });
    }
    check_run(payload, policy)?;
    check_approvals(payload, policy)?;
    check_programs(payload, policy)?;
    check_inputs(payload, policy)?;
    check_outputs(payload, policy)?;
    quorum::check(payload, policy)?;
    let opened = check_openings(payload, openings)?;
    Ok(Verified {
        proved: proved(payload, policy, &findings, openings),
        not_proved: not_proved(payload, policy, &findings, &opened),
        payload: payload.clone(),
    })
}

fn check_run(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    let expected = policy.approval().runs;
    if (1..=expected).contains(&payload.run) {
        return Ok(());
    }
    Err(ReceiptError::RunOutOfRange {
        expected,
        found: payload.run,
    })
}

fn check_approvals(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    for participant in payload.approvals.keys() {
        if policy.participant(participant.as_str()).is_none() {
            return Err(ReceiptError::UnknownParticipant {
                participant: participant.clone(),
            });
        }
    }
    for participant in &policy.approval().required {
        if !payload.approvals.contains_key(participant) {
            return Err(ReceiptError::MissingApproval {
                participant: participant.clone(),
            });
        }
    }
    Ok(())
}

fn check_programs(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    let programs = programs(policy);
    check_complete(&payload.programs, &programs, "a program")?;
    for (path, found) in &payload.programs {
        if !policy.file(path).is_some_and(|file| file.accepts(found)) {
            return Err(ReceiptError::WrongProgram {
                path: path.clone(),
                found: *found,
            });
        }
    }
    Ok(())
}

fn check_inputs(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    let programs = programs(policy);
    let is_input = |file: &&File| !file.is_written() && !programs.contains(&file.path);
    let inputs = policy
        .files()
        .iter()
        .filter(is_input)
        .map(|file| &file.path)
        .collect();
    check_complete(&payload.inputs, &inputs, "an input")
}

/// Outputs may be missing (a program need not write all), but none may be there that the policy
/// releases to nobody.
fn check_outputs(payload: &ReceiptPayload, policy: &Policy) -> Result<(), ReceiptError> {
    if payload.outcome != Outcome::Finished && !payload.outputs.is_empty() {
        return Err(ReceiptError::OutputsWithoutRelease {
            outcome: payload.outcome,
        });
    }
    let outputs = outputs(policy);
    for path in payload.outputs.keys() {
        if !outputs.contains(path) {
            return Err(ReceiptError::UnexpectedFile {
                path: path.clone(),
                found: "an output",
            });
        }
    }
    Ok(())
}

fn check_complete<V>(
    found: &BTreeMap<FilePath, V>,
    expected: &BTreeSet<&FilePath>,
    role: &'static str,
) -> Result<(), ReceiptError> {
    if let Some(path) = found.keys().find(|path| !expected.contains(path)) {
        return Err(ReceiptError::UnexpectedFile {
            path: path.clone(),
            found: role,
        });
    }
    match expected.iter().find(|path| !found.contains_key(path)) {
        Some(path) => Err(ReceiptError::MissingFile {
            path: (*path).clone(),
            expected: role,
        }),
        None => Ok(()),
    }
}

fn check_openings<'o>(
    payload: &ReceiptPayload,
    openings: &'o [Opening],
) -> Result<BTreeSet<&'o FilePath>, ReceiptError> {
    for opening in openings {
        let path = &opening.path;
        let expected: Option<&Commitment> = payload
            .inputs
            .get(path)
            .or_else(|| payload.outputs.get(path));
        let Some(&expected) = expected else {
            return Err(ReceiptError::NothingToOpen { path: path.clone() });
        };
        let found = opening.commitment();
        if found != expected {
            return Err(ReceiptError::CommitmentMismatch {
                path: path.clone(),
                expected,
                found,
            });
        }
    }
    Ok(openings.iter().map(|opening| &opening.path).collect())
}

fn proved(
    payload: &ReceiptPayload,
    policy: &Policy,
    findings: &EvidenceFindings,
    openings: &[Opening],
) -> Vec<Proved> {
    let mut proved = Vec::from([
        Proved::SignedByInstance {
            instance: payload.instance,
        },
        Proved::Measured {
            measurement: payload.measurement,
            words: findings.words.clone(),
        },
        Proved::RunOfPolicy {
            name: policy.name().to_string(),
            policy: payload.policy,
            run: payload.run,
            of: policy.approval().runs,
            outcome: payload.outcome,
        },
    ]);
    if let Some(claim) = &payload.quorum {
        proved.push(Proved::InQuorum {
            members: claim.members.clone(),
            agreed: claim.agreed,
        });
    }
    if !payload.approvals.is_empty() {
        proved.push(Proved::Approved {
            by: payload.approvals.keys().cloned().collect(),
        });
    }
    proved.extend(
        payload
            .programs
            .iter()
            .map(|(path, sha256)| Proved::Executed {
                path: path.clone(),
                sha256: *sha256,
                pinned: policy.file(path).is_some_and(File::is_pinned),
            }),
    );
    proved.extend(openings.iter().map(|opening| {
        let (path, sha256) = (opening.path.clone(), opening.content);
        if payload.inputs.contains_key(&path) {
            Proved::Input { path, sha256 }
        } else {
            Proved::Output { path, sha256 }
        }
    }));
    proved
}

fn not_proved(
    payload: &ReceiptPayload,
    policy: &Policy,
    findings: &EvidenceFindings,
    opened: &BTreeSet<&FilePath>,
) -> Vec<NotProved> {
    let mut not_proved = Vec::new();
    if !findings.protects_from_host {
        not_proved.push(NotProved::NotProtectedFromHost);
    }
    not_proved.push(NotProved::NotDated);
    if !payload.approvals.is_empty() {
        not_proved.push(NotProved::ApprovalsNotShown);
    }
    not_proved.push(NotProved::OtherInstances);
    if payload.quorum.is_some() {
        not_proved.push(NotProved::OneOfQuorum);
    }
    let closed = |files: &BTreeMap<FilePath, Commitment>| -> Vec<FilePath> {
        files
            .keys()
            .filter(|path| !opened.contains(path))
            .cloned()
            .collect()
    };
    let inputs = closed(&payload.inputs);
    if !inputs.is_empty() {
        not_proved.push(NotProved::InputsNotShown { paths: inputs });
    }
    let outputs_closed = closed(&payload.outputs);
    if !outputs_closed.is_empty() {
        not_proved.push(NotProved::OutputsNotShown {
            paths: outputs_closed,
        });
    }
    let is_missing = |path: &&&FilePath| !payload.outputs.contains_key(path);
    let missing: Vec<_> = outputs(policy)
        .iter()
        .filter(is_missing)
        .map(|p| (*p).clone())
        .collect();
    if !missing.is_empty() {
        not_proved.push(NotProved::OutputsNotMade { paths: missing });
    }
    not_proved.push(NotProved::InputsMayLie);
    not_proved
}

fn programs(policy: &Policy) -> BTreeSet<&FilePath> {
    policy
        .pipeline()
        .iter()
        .map(|stage| &stage.program)
        .collect()
}

/// Files that a run releases to someone.
fn outputs(policy: &Policy) -> BTreeSet<&FilePath> {
    let is_output = |file: &&File| file.is_written() && !file.intermediate;
    policy
        .files()
        .iter()
        .filter(is_output)
        .map(|file| &file.path)
        .collect()
}
