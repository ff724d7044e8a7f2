//! `receipt compare`: whether two isolates gave the same from the same.

use super::held::{Judge, Unjudged, names};
use super::list;
use crate::args::ReceiptCompareArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::{Value, json};
use veracruz_client::{
    Compared, Comparison, FileComparison, FilePath, Opening, Verification, compare_receipts,
    rests_on,
};

/// The exit code where outputs are not the same, as that of `policy diff`.
const DIFFERENT: u8 = 9;

/// The exit code where nobody can tell.
const UNKNOWN: u8 = 10;

/// Verifies both, and compares what they prove.
pub(super) fn compare(arguments: &ReceiptCompareArgs) -> Result<Report, CliError> {
    let judge = Judge::new(&arguments.by)?;
    let (one, other) = (
        Unjudged::read(&arguments.one)?,
        Unjudged::read(&arguments.other)?,
    );
    let openings = judge.outputs(&[&one, &other])?;
    let of = |receipt: &Unjudged| -> Vec<Opening> {
        let fits = |opening: &&Opening| {
            receipt.payload.outputs.get(&opening.path) == Some(&opening.commitment())
        };
        openings.iter().filter(fits).cloned().collect()
    };
    let first = judge.judge(&one, &of(&one), &[], None)?;
    let second = judge.judge(&other, &of(&other), &[], None)?;
    let policy = judge.policy.hash();
    let comparison = compare_receipts(
        &first.verified.payload,
        &second.verified.payload,
        &openings,
        |path, commitment| match &judge.ledger {
            Some(ledger) => ledger.opened(&policy, path, commitment),
            None => Ok(None),
        },
    )?;
    Ok(report(&[&first, &second], &comparison))
}

fn report(receipts: &[&Verification; 2], comparison: &Comparison) -> Report {
    let (verdict, exit_code) = verdict(comparison);
    let isolates = receipts.map(|one| {
        json!({
            "instance": one.verified.payload.instance.to_string(),
            "run": one.verified.payload.run,
            "evidence": one.technology.to_string(),
            "rests_on": rests_on(one.technology),
        })
    });
    let document = json!({
        "verdict": verdict,
        "incomparable": comparison.incomparable,
        "isolates": isolates,
        "same_randomness": comparison.same_randomness,
        "programs": documents(&comparison.programs),
        "inputs": documents(&comparison.inputs),
        "outputs": documents(&comparison.outputs),
    });
    Report::new(document)
        .lines(receipts.iter().map(|one| {
            format!(
                "run {} of {}, which rests on {}",
                one.verified.payload.run,
                one.verified.payload.instance,
                rests_on(one.technology)
            )
        }))
        .lines(lines("program", &comparison.programs))
        .lines(lines("input", &comparison.inputs))
        .lines(lines("output", &comparison.outputs))
        .lines(conclusion(comparison))
        .ending_with(exit_code)
}

/// One word for programs, and the exit code.
fn verdict(comparison: &Comparison) -> (&'static str, u8) {
    if !comparison.incomparable.is_empty() {
        ("incomparable", UNKNOWN)
    } else if !comparison.differing().is_empty() {
        ("different", DIFFERENT)
    } else if comparison.is_equal() {
        ("equal", 0)
    } else {
        ("unknown", UNKNOWN)
    }
}

fn conclusion(comparison: &Comparison) -> Vec<String> {
    if !comparison.incomparable.is_empty() {
        let mut lines = vec!["They CANNOT be compared, because".to_owned()];
        lines.extend(list(&comparison.incomparable));
        return lines;
    }
    let mut lines = Vec::new();
    let unknown = |what: &str, paths: &[&FilePath]| {
        format!(
            "Whether these {what} were the same cannot be told here: {}. Each is committed to with \
             a salt of its own; whoever gave or received them can tell, by the ledger \
             (`--identity`) or by what `download` put beside them (`--output`).",
            names(paths)
        )
    };
    let differing = comparison.differing();
    if !differing.is_empty() {
        lines.push(format!("The outputs DIFFER: {}", names(&differing)));
        if !comparison.same_randomness {
            lines.push(
                "The programs drew other random numbers: one that uses them may give other outputs \
                 without anyone's fault."
                    .to_owned(),
            );
        }
    }
    if !comparison.unknown_inputs().is_empty() {
        lines.push(unknown("inputs", &comparison.unknown_inputs()));
    }
    if !comparison.unknown_outputs().is_empty() {
        lines.push(unknown("outputs", &comparison.unknown_outputs()));
    }
    if comparison.is_equal() {
        lines.push("Both isolates gave the same outputs from the same inputs.".to_owned());
    }
    lines
}

fn lines(what: &'static str, files: &[FileComparison]) -> impl Iterator<Item = String> {
    files
        .iter()
        .map(move |file| format!("  {what:<8} {:<10} {}", word(file.found), file.path))
}

fn documents(files: &[FileComparison]) -> Vec<Value> {
    let document =
        |file: &FileComparison| json!({ "path": file.path.to_string(), "found": word(file.found) });
    files.iter().map(document).collect()
}

const fn word(found: Compared) -> &'static str {
    match found {
        Compared::Equal => "same",
        Compared::Differ => "DIFFERENT",
        Compared::OneSided => "ONE-SIDED",
        Compared::Unknown => "unknown",
    }
}
