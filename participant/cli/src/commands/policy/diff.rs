//! `veracruz policy diff`.

use super::{explain::sentence, load};
use crate::args::PolicyDiffArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use veracruz_policy::{Change, Policy, Severity};

/// Beside the codes of all commands: the two policies differ. (That is no fault, so not 1.)
const DIFFERENT: u8 = 9;

/// What changes and for whom, the gravest first.
pub(super) fn diff(arguments: &PolicyDiffArgs) -> Result<Report, CliError> {
    let (old, new) = (load(&arguments.old)?, load(&arguments.new)?);
    let changes = old.diff(&new);
    let report = report(&old, &new, &changes);
    Ok(match changes.as_slice() {
        [] => report,
        _ => report.ending_with(DIFFERENT),
    })
}

fn report(old: &Policy, new: &Policy, changes: &[Change]) -> Report {
    let documents = changes.iter().map(|change| {
        json!({
            "severity": change.severity.name(),
            "affects": names(change),
            "sentence": sentence(&change.sentence),
        })
    });
    let document = json!({
        "old": old.hash().to_string(),
        "new": new.hash().to_string(),
        "changes": documents.collect::<Vec<_>>(),
    });
    let report = Report::new(document);
    if changes.is_empty() {
        return report.line(format!("no difference: both have the hash {}", new.hash()));
    }
    let everybody = new.participants().len().max(old.participants().len());
    let lines = Severity::ALL.iter().flat_map(|severity| {
        let these = changes.iter().filter(|change| change.severity == *severity);
        let mut lines: Vec<String> = these
            .map(|change| {
                let names = names(change);
                if names.len() >= everybody {
                    format!("  {}", change.sentence)
                } else {
                    format!("  {} (concerns {})", change.sentence, names.join(", "))
                }
            })
            .collect();
        if !lines.is_empty() {
            lines.insert(0, format!("{}:", severity.heading()));
        }
        lines
    });
    report
        .lines(lines)
        .line(format!("hash {} instead of {}", new.hash(), old.hash()))
}

fn names(change: &Change) -> Vec<&str> {
    change.affects.iter().map(|name| name.as_str()).collect()
}
