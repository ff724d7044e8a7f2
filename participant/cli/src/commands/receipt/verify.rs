//! `receipt verify`: offline, by the caller's own copy of the policy.

use super::held::{Judge, Unjudged};
use super::list;
use crate::args::ReceiptVerifyArgs;
use crate::commands::computation::verified_report;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use std::path::PathBuf;
use veracruz_client::{ApprovalFile, Clock, Policy, Verification, rests_on};

/// Says in words what is proved, by whose hardware, at whose date, and what is not.
pub(super) fn verify(arguments: &ReceiptVerifyArgs) -> Result<Report, CliError> {
    let judge = Judge::new(&arguments.by)?;
    let receipt = Unjudged::read(&arguments.receipt)?;
    let mut openings = judge.outputs(&[&receipt])?;
    for held in &arguments.inputs {
        openings.push(judge.input(held, &receipt)?);
    }
    if receipt.combined {
        if !arguments.approvals.is_empty() {
            let expected = "approvals beside the receipt of one isolate, not of a quorum";
            return Err(CliError::argument(expected, &arguments.receipt.display()));
        }
        let (verified, at, clock) = judge.judge_combined(&receipt, &openings, arguments.at)?;
        return Ok(verified_report(&verified).line(format!("It was judged at {at}, by {clock}.")));
    }
    let approvals = approvals(&arguments.approvals, &judge.policy)?;
    let verification = judge.judge(&receipt, &openings, &approvals, arguments.at)?;
    Ok(report(&verification))
}

/// Signed approvals, alone or in bundles of the same policy.
fn approvals(files: &[PathBuf], policy: &Policy) -> Result<Vec<String>, CliError> {
    let mut approvals = Vec::new();
    for path in files {
        approvals.extend(ApprovalFile::read(path)?.approvals(policy, path)?);
    }
    Ok(approvals)
}

fn report(verification: &Verification) -> Report {
    let (proved, not_proved) = (verification.proved(), verification.not_proved());
    let payload = &verification.verified.payload;
    let rests_on = rests_on(verification.technology);
    let approvals = verification.approvals.iter().map(|approval| {
        json!({ "participant": approval.participant.to_string(), "counted": approval.counted })
    });
    let uncounted = verification.approvals.iter().filter(|given| !given.counted);
    let document = json!({
        "run": payload.run,
        "instance": payload.instance.to_string(),
        "outcome": payload.outcome.to_string(),
        "proved": proved,
        "not_proved": not_proved,
        "rests_on": rests_on,
        "evidence": verification.technology.to_string(),
        "judged_at": verification.at.to_string(),
        "by_the_clock_of": clock(&verification.clock),
        "approvals": approvals.collect::<Vec<_>>(),
        "refused_today": verification.refused_today,
    });
    Report::new(document)
        .line("The receipt holds. It proves:")
        .lines(list(&proved))
        .line("It does NOT prove:")
        .lines(list(&not_proved))
        .line(format!("It rests on {rests_on}."))
        .line(format!(
            "It was judged at {}, by {}.",
            verification.at, verification.clock
        ))
        .lines(uncounted.map(|given| {
            format!(
                "NOTE: the approval of {} at hand is good and is not the one that this run started \
                 with",
                given.participant
            )
        }))
}

/// Whose clock, for programs.
fn clock(clock: &Clock) -> &str {
    match clock {
        Clock::Here => "this machine",
        Clock::Participant(name) => name,
        Clock::Named => "nobody",
    }
}
