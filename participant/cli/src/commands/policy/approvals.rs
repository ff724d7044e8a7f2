//! `veracruz policy approvals`: whether signed approvals are enough, without asking any isolate.

use super::load;
use crate::args::PolicyApprovalsArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::{
    Agreement, ApprovalBundle, ApprovalFile, Error, ErrorClass, GivenApproval, Place, Timestamp,
    now,
};
use veracruz_protocol::ApprovalStatement;

/// The exit code where a required approval is missing: the answer is no, which is no error.
const INCOMPLETE: u8 = 9;

/// Judges all of them by the caller's own copy of the policy.
pub(super) fn approvals(arguments: &PolicyApprovalsArgs) -> Result<Report, CliError> {
    let policy = load(&arguments.file.policy)?;
    let mut given: Vec<(String, String)> = Vec::new();
    for path in &arguments.approvals {
        for approval in ApprovalFile::read(path)?.approvals(&policy, path)? {
            // The same one in a bundle and beside it is one.
            if given.iter().all(|(_, known)| *known != approval) {
                given.push((path.display().to_string(), approval));
            }
        }
    }
    let agreement = Agreement::judge(&policy, given, arguments.instance.as_ref(), now());
    if let Some(path) = &arguments.bundle {
        bundle(&agreement, &ApprovalBundle::new(&policy, Vec::new()))?
            .write(path, arguments.force)?;
    }
    let document = json!({
        "policy": policy.hash().to_string(),
        "complete": agreement.is_complete(),
        "approvals": agreement.given.iter().map(in_json).collect::<Vec<_>>(),
        "missing": agreement.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "places": agreement.places.iter().map(place).collect::<Vec<_>>(),
        "bundle": arguments.bundle,
    });
    let mut report = Report::new(document).lines(agreement.given.iter().map(in_words));
    for name in &agreement.missing {
        report = report.line(format!("missing   the approval of {name}"));
    }
    for place in &agreement.places {
        report = report.line(format!("enough    for {place}"));
    }
    if agreement.missing.is_empty() && agreement.places.is_empty() {
        report = report.line(
            "nobody is missing, and yet no run can start: they approved different instances or \
             programs",
        );
    }
    if let Some(path) = &arguments.bundle {
        report = report.line(format!("made      {}", path.display()));
    }
    Ok(match (agreement.is_genuine(), agreement.is_complete()) {
        (false, _) => report.ending_with(ErrorClass::Trust.exit_code()),
        (true, false) => report.ending_with(INCOMPLETE),
        (true, true) => report,
    })
}

/// What is forged is not passed on.
fn bundle(agreement: &Agreement, empty: &ApprovalBundle) -> Result<ApprovalBundle, CliError> {
    let mut bundle = empty.clone();
    for given in &agreement.given {
        if let Err(flaw) = &given.statement {
            return Err(Error::ApprovalRefused(Box::new(flaw.clone())).into());
        }
        bundle.approvals.push(given.compact.clone());
    }
    Ok(bundle)
}

fn in_words(given: &GivenApproval) -> String {
    let source = &given.source;
    let statement = match &given.statement {
        Ok(statement) => statement,
        Err(flaw) => return format!("refused   {source}: {flaw}"),
    };
    let name = &statement.participant;
    let [from, until] = times(statement);
    match given.timely {
        true => {
            let instances = match statement.instances.named() {
                None => "any instance".to_owned(),
                Some(list) => {
                    let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                    format!("instance {}", list.join(", "))
                }
            };
            format!("approved  {name}, {instances}, until {until}, signature verified ({source})")
        }
        false => format!("no use    {name}, it holds from {from} to {until} ({source})"),
    }
}

fn in_json(given: &GivenApproval) -> Value {
    match &given.statement {
        Ok(statement) => json!({
            "source": given.source,
            "verdict": if given.timely { "holds" } else { "out-of-time" },
            "participant": statement.participant.as_str(),
            "claims": statement,
        }),
        Err(flaw) => json!({
            "source": given.source, "verdict": "refused", "reason": flaw.to_string(),
        }),
    }
}

fn place(place: &Place) -> Value {
    let instance = place.instance.map(|instance| instance.to_string());
    json!({ "instance": instance.unwrap_or("any".into()), "programs": place.programs })
}

fn times(statement: &ApprovalStatement) -> [Timestamp; 2] {
    [statement.nbf, statement.exp].map(Timestamp::from_seconds)
}
