//! `veracruz ledger`: what this participant has entrusted to which isolate.

use crate::args::{IdentityFile, LedgerCommand, LedgerShowArgs};
use crate::commands::policy;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use std::path::Path;
use veracruz_client::identity::describe;
use veracruz_client::{Ledger, LedgerEntry, LedgerInstance, PolicyHash, SeenRun, SignedApproval};

/// Runs one of the commands.
pub(crate) fn ledger(command: &LedgerCommand) -> Result<Report, CliError> {
    match command {
        LedgerCommand::List(identity) => list(identity),
        LedgerCommand::Show(arguments) => show(arguments),
    }
}

/// `ledger list`: a line a policy.
fn list(identity: &IdentityFile) -> Result<Report, CliError> {
    let ledger = Ledger::beside(&identity.identity);
    if !ledger.path().exists() {
        // A mistyped name would look like a clean record.
        describe(&identity.identity)?;
    }
    let entries = ledger.entries()?;
    let document = json!({
        "ledger": ledger.path(),
        "policies": entries.iter().map(in_json).collect::<Vec<_>>(),
    });
    let report = Report::new(document);
    if entries.is_empty() {
        let place = ledger.path().display();
        return Ok(report.line(format!("nothing was entrusted to any isolate ({place})")));
    }
    Ok(report.lines(entries.iter().map(|entry| {
        let provisioned = |instance: &&LedgerInstance| instance.provisioned.is_some();
        let instances = entry.instances.iter().filter(provisioned).count();
        let runs: usize = entry.instances.iter().map(|one| one.runs.len()).sum();
        let receipts: usize = entry.instances.iter().map(|one| one.receipts.len()).sum();
        format!(
            "{}  {}: {}, {}, {}",
            entry.policy,
            entry.name.as_deref().unwrap_or("(name not noted)"),
            counted(instances, "instance"),
            counted(runs, "run"),
            counted(receipts, "receipt"),
        )
    })))
}

/// `ledger show`: all that is known of one policy, but no secret.
fn show(arguments: &LedgerShowArgs) -> Result<Report, CliError> {
    let hash = hash(&arguments.policy)?;
    let entries = Ledger::beside(&arguments.identity.identity).entries()?;
    let Some(entry) = entries.iter().find(|entry| entry.policy == hash) else {
        let document = json!({ "policy": hash.to_string(), "instances": [], "approvals": [] });
        return Ok(Report::new(document)
            .line(format!("policy    {hash}"))
            .line("nothing was entrusted to any isolate of it"));
    };
    let mut lines = vec![format!("policy    {hash}")];
    lines.extend(entry.name.iter().map(|name| format!("name      {name}")));
    for instance in &entry.instances {
        lines.push(String::new());
        lines.extend(of_instance(instance));
    }
    if !entry.approvals.is_empty() {
        lines.push(String::new());
    }
    lines.extend(entry.approvals.iter().map(signed));
    Ok(Report::new(in_json(entry)).lines(lines))
}

/// A policy's file, or its hash: files get lost, and the ledger stays.
fn hash(text: &str) -> Result<PolicyHash, CliError> {
    match text.parse() {
        Ok(hash) => Ok(hash),
        Err(_) => Ok(policy::load(Path::new(text))?.hash()),
    }
}

fn of_instance(instance: &LedgerInstance) -> Vec<String> {
    let mut lines = vec![format!("instance  {}", instance.instance)];
    lines.push(match instance.provisioned {
        Some(at) => format!("since     {at}: from then on it was entrusted with something"),
        None => "since     never: you have only looked at it".into(),
    });
    lines.extend(instance.uploads.iter().map(|file| {
        let at = file
            .at
            .map_or("at a time not noted".into(), |at| at.to_string());
        format!("gave      {}, {at}, SHA-256 {}", file.path, file.sha256)
    }));
    lines.extend(instance.runs.iter().map(|run| {
        let budget = run
            .budget
            .as_ref()
            .map(|budget| format!(", budget {budget}"));
        let budget = budget.unwrap_or_default();
        format!(
            "run       {} {}, seen {}{budget}",
            run.run,
            word(run),
            run.at
        )
    }));
    lines.extend(instance.receipts.iter().map(|receipt| {
        let path = receipt.path.display();
        format!("receipt   of run {}, {path}", receipt.run)
    }));
    lines
}

fn signed(approval: &SignedApproval) -> String {
    let instances = match &approval.instances {
        None => "any instance".to_owned(),
        Some(list) => {
            let list: Vec<_> = list.iter().map(ToString::to_string).collect();
            list.join(", ")
        }
    };
    format!(
        "signed    {} for {instances}, until {}",
        approval.at, approval.expires
    )
}

fn in_json(entry: &LedgerEntry) -> Value {
    let instances = entry.instances.iter().map(|instance| {
        let uploads = instance.uploads.iter().map(|file| {
            json!({
                "path": file.path.as_str(), "sha256": file.sha256.to_string(),
                "at": file.at.map(|at| at.to_string()),
            })
        });
        let runs = instance.runs.iter().map(|run| {
            json!({
                "run": run.run, "outcome": word(run), "at": run.at.to_string(),
                "budget": run.budget,
            })
        });
        let receipts = instance
            .receipts
            .iter()
            .map(|receipt| json!({ "run": receipt.run, "file": receipt.path }));
        json!({
            "instance": instance.instance.to_string(),
            "provisioned": instance.provisioned.map(|at| at.to_string()),
            "uploads": uploads.collect::<Vec<_>>(),
            "runs": runs.collect::<Vec<_>>(),
            "receipts": receipts.collect::<Vec<_>>(),
        })
    });
    let approvals = entry.approvals.iter().map(|approval| {
        let list = approval.instances.as_ref();
        let list = list.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
        json!({
            "id": approval.id, "at": approval.at.to_string(),
            "expires": approval.expires.to_string(),
            "instances": list.map_or(json!("any"), |list| json!(list)),
        })
    });
    json!({
        "policy": entry.policy.to_string(),
        "name": entry.name,
        "instances": instances.collect::<Vec<_>>(),
        "approvals": approvals.collect::<Vec<_>>(),
    })
}

/// The protocol's word for how a run stands.
fn word(run: &SeenRun) -> String {
    let word = serde_json::to_value(run.outcome).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
