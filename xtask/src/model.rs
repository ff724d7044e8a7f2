//! The protocol in a symbolic checker: `docs/protocol/model/`.
//!
//! A model that finds nothing may be a model that cannot find anything. So each model is checked
//! whole, where no attack may be found, and with a part of the report data left out, where the
//! attack that the part is there for must be.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{self, Failure};
use crate::steps::Steps;

/// The checker: a tool, not a dependency. It says that it needs a newer compiler than it does.
const TOOL: &str = "verifpal";
const VERSION: &str = "1.6.7";

/// How many runs of the protocol the attacker may mix.
const SESSIONS: &str = "2";

/// One question to the checker.
struct Case {
    model: &'static str,
    /// What is changed in the model's text; each stands there, or this list is stale.
    edits: &'static [(&'static str, &'static str)],
    /// The verdict: `c1` for a secret that the attacker learns, `c0` for one that it does not;
    /// `a` likewise for evidence that was not made for the one who takes it.
    verdict: &'static str,
    says: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        model: "session.vp",
        edits: &[],
        verdict: "c0a0",
        says: "session: no attack, with every TLS key leaked",
    },
    Case {
        model: "session.vp",
        edits: &[
            (
                "isolate_public, participant_public), server_exporter, asked)",
                "isolate_public, participant_public), asked)",
            ),
            (
                "isolate_public, participant_public), client_exporter, nonce)",
                "isolate_public, participant_public), nonce)",
            ),
        ],
        verdict: "c1a0",
        says: "session without the exporter: evidence is relayed from another connection",
    },
    Case {
        model: "peers.vp",
        edits: &[],
        verdict: "c0",
        says: "two isolates that attest each other: no attack",
    },
    Case {
        model: "peers.vp",
        edits: &[
            ("policy, first_public, second_public)", "policy)"),
            ("policy, second_public, first_public)", "policy)"),
        ],
        verdict: "c1",
        says: "two isolates without their keys: an isolate's evidence is reflected to it",
    },
];

/// Checks every model; says 'skipped' where the checker cannot be had.
pub(crate) fn model(steps: &mut Steps) -> Result<(), Failure> {
    let Some(tool) = steps.step("protocol checker", || Ok(installed()))? else {
        return Ok(());
    };
    steps.step("protocol models", || {
        let wrong: Vec<String> = CASES
            .iter()
            .filter_map(|case| case.check(&tool).err())
            .map(|failure| failure.to_string())
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(wrong.join("\n")))
        }
    })
}

impl Case {
    fn check(&self, tool: &Path) -> Result<(), Failure> {
        let text = self.text()?;
        let file = tools().join("model.vp");
        std::fs::write(&file, text)
            .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        let mut verify = Command::new(tool);
        verify
            .args(["verify", "--quiet", "--result-code", "--sessions", SESSIONS])
            .arg(&file)
            .stdin(Stdio::null());
        let verdict = process::output(&mut verify)
            .ok_or_else(|| Failure::new(format!("{}: the checker failed", self.model)))?;
        let verdict = verdict.trim();
        if verdict == self.verdict {
            println!("{verdict:<5} {}", self.says);
            return Ok(());
        }
        Err(Failure::new(format!(
            "{}: expected {} ({}), found {verdict}",
            self.model, self.verdict, self.says
        )))
    }

    /// The model with what this case changes.
    fn text(&self) -> Result<String, Failure> {
        let file = crate::root().join("docs/protocol/model").join(self.model);
        let mut text = std::fs::read_to_string(&file)
            .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        for (there, instead) in self.edits {
            if !text.contains(there) {
                return Err(Failure::new(format!("{}: no `{there}`", self.model)));
            }
            text = text.replace(there, instead);
        }
        Ok(text)
    }
}

/// The checker's executable. It is compiled once for a working tree.
fn installed() -> Option<PathBuf> {
    let root = tools();
    let tool = root.join("bin").join(TOOL);
    let is_right = process::output(Command::new(&tool).arg("--version"))
        .is_some_and(|version| version.contains(VERSION));
    if is_right {
        println!("{TOOL} {VERSION}: there");
        return Some(tool);
    }
    let mut install = process::cargo(["install", TOOL, "--version", VERSION, "--locked"]);
    install
        .args(["--quiet", "--ignore-rust-version", "--force", "--root"])
        .arg(&root);
    match process::run(&mut install) {
        Ok(()) => Some(tool),
        Err(failure) => {
            println!("skipped: {TOOL} {VERSION} cannot be installed ({failure})");
            None
        }
    }
}

/// Where tools of ours are: beside what is built.
fn tools() -> PathBuf {
    crate::root().join("target/tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_changes_what_stands_in_its_model() {
        for case in CASES {
            case.text().unwrap();
        }
    }

    #[test]
    fn every_model_is_checked_whole_and_with_a_part_left_out() {
        for model in ["session.vp", "peers.vp"] {
            let of = || CASES.iter().filter(|case| case.model == model);
            assert!(of().any(|case| case.edits.is_empty() && !case.verdict.contains('1')));
            assert!(of().any(|case| !case.edits.is_empty() && case.verdict.contains('1')));
        }
    }
}
