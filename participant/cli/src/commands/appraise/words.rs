//! A verdict in words, and as JSON.

use super::Verdict;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::path::PathBuf;
use veracruz_appraisal::{AppraisalError, Technology};
use veracruz_client::{FileVerdict, ReferenceFile, Timestamp};

/// Everything that is to be said.
pub(super) struct Told<'a> {
    pub(super) verdict: Verdict,
    pub(super) technology: Option<Technology>,
    pub(super) outcome: &'a Result<FileVerdict, AppraisalError>,
    pub(super) now: Timestamp,
    /// Whether that is this machine's time.
    pub(super) own_clock: bool,
    pub(super) reference: Option<&'a ReferenceFile>,
    pub(super) launch_policy_asked: bool,
    /// Files in folders of collateral that are none.
    pub(super) left_out: &'a [PathBuf],
}

impl Told<'_> {
    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = match self.outcome {
            Ok(verdict) => self.good(verdict),
            Err(error) => self.bad(error),
        };
        lines.push(format!("judged at {}, by {}", self.now, self.clock()));
        let warnings = self.reference.map_or(&[][..], ReferenceFile::warnings);
        lines.extend(warnings.iter().map(|warning| format!("NOTE: {warning}")));
        if !self.left_out.is_empty() {
            let files = self.left_out.iter().map(|file| file.display().to_string());
            lines.push(format!(
                "NOTE: not collateral, and left out: {}",
                files.collect::<Vec<_>>().join(", ")
            ));
        }
        lines
    }

    fn good(&self, verdict: &FileVerdict) -> Vec<String> {
        let examined = &verdict.examined;
        let technology = examined.technology();
        let mut lines = vec![format!(
            "{}: {} {technology} evidence{}",
            self.verdict.name(),
            if examined.emulated() {
                "EMULATED"
            } else {
                "genuine"
            },
            if examined.compared() {
                " of what the reference values name"
            } else {
                ""
            }
        )];
        let warnings = examined.warnings().iter();
        lines.extend(warnings.map(|warning| format!("  warning: {warning}")));
        lines.push(format!("  measurement  {}", examined.measurement()));
        lines.push(format!(
            "  report data  {}",
            HEXLOWER.encode(examined.bound_to())
        ));
        let width = examined.facts().iter().map(|fact| fact.name.len()).max();
        let width = width.unwrap_or_default();
        let facts = examined.facts().iter();
        lines.extend(facts.map(|fact| format!("  {:<width$}  {}", fact.name, fact.value)));
        if !technology.protects_from_host() {
            lines.push(
                "This technology protects nobody from the host: whoever runs that machine can \
                 read what is inside."
                    .into(),
            );
        }
        let not_judged = self.not_judged(verdict);
        if !not_judged.is_empty() {
            lines.push("NOT judged:".into());
            lines.extend(not_judged.into_iter().map(|item| format!("  - {item}")));
        }
        lines
    }

    fn bad(&self, error: &AppraisalError) -> Vec<String> {
        let of = self
            .technology
            .map_or_else(String::new, |technology| format!("{technology} evidence, "));
        let mut lines = vec![format!(
            "{}: {of}{}: {error}",
            self.verdict.name(),
            error.code()
        )];
        if let Some((expected, found)) = error.expected_and_found() {
            lines.push(format!("  expected: {expected}"));
            lines.push(format!("  found:    {found}"));
        }
        lines.push(format!("  hint: {}", error.hint()));
        lines
    }

    /// What a reader might take for granted.
    fn not_judged(&self, verdict: &FileVerdict) -> Vec<String> {
        let mut items = Vec::new();
        if !verdict.examined.compared() {
            items.push(
                "what it is of. Genuineness alone: no reference values were given, and genuine \
                 hardware runs anything"
                    .into(),
            );
        }
        if !verdict.bound {
            items.push(
                "for whom it was made: no report data was given, so it may be an old copy, or \
                 another connection's"
                    .into(),
            );
        }
        if !verdict.launched_with_policy {
            items.push(match verdict.examined.launch_field() {
                Some((field, found)) => format!(
                    "with which policy it was started: {field} is {}",
                    HEXLOWER.encode(found)
                ),
                None if self.launch_policy_asked => {
                    "with which policy it was started: this technology cannot tell, only report \
                     data binds a policy"
                        .into()
                }
                None => return items,
            });
        }
        items
    }

    const fn clock(&self) -> &'static str {
        if self.own_clock {
            "this machine's clock"
        } else {
            "the caller's word (--now)"
        }
    }

    /// For programs.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "verdict": self.verdict.name(),
            "status": self.verdict.status(),
            "technology": self.technology.map(Technology::name),
            "measurement": null,
            "report_data": null,
            "facts": [],
            "warnings": [],
            "error": null,
            "judged_at": self.now.to_string(),
            "clock": if self.own_clock { "this machine" } else { "--now" },
            "compared": false,
            "bound": false,
            "launched_with_policy": false,
            "not_judged": [],
            "reference_warnings": self.reference.map_or(&[][..], ReferenceFile::warnings),
            "left_out": self.left_out,
        });
        let mut put = |field: &str, value: Value| {
            if let Some(place) = document.get_mut(field) {
                *place = value;
            }
        };
        match self.outcome {
            Ok(verdict) => {
                let examined = &verdict.examined;
                let facts = examined
                    .facts()
                    .iter()
                    .map(|fact| json!({ "name": fact.name, "value": fact.value }));
                put("measurement", examined.measurement().to_string().into());
                put("report_data", HEXLOWER.encode(examined.bound_to()).into());
                put("facts", facts.collect());
                put("warnings", examined.warnings().into());
                put("compared", examined.compared().into());
                put("bound", verdict.bound.into());
                put("launched_with_policy", verdict.launched_with_policy.into());
                put("not_judged", self.not_judged(verdict).into());
            }
            Err(error) => {
                let (expected, found) = error.expected_and_found().unzip();
                put(
                    "error",
                    json!({
                        "code": error.code(),
                        "message": error.to_string(),
                        "expected": expected,
                        "found": found,
                        "hint": error.hint(),
                    }),
                );
            }
        }
        document
    }
}
