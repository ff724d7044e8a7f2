//! The policy of the demo, written as its parties would have drafted it.

use crate::local::Party;
use serde_json::{Map, Value, json};

/// What the parties agree on before anything starts.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) acme: &'a Party,
    pub(super) globex: &'a Party,
    pub(super) lab: &'a Party,
    /// SHA-256 of the program that all three have looked at, in hexadecimal.
    pub(super) program: &'a str,
    /// SHA-256 of the runtime, in hexadecimal.
    pub(super) runtime: &'a str,
    /// The attester's key, as its policy name.
    pub(super) attester: &'a str,
    /// Who gets the result.
    pub(super) receivers: &'a [&'a str],
}

impl Draft<'_> {
    /// The document.
    pub(super) fn document(&self) -> String {
        let participants: Map<String, Value> = [self.acme, self.globex, self.lab]
            .into_iter()
            .map(|party| {
                (
                    party.name.clone(),
                    json!({ "certificate": party.certificate }),
                )
            })
            .collect();
        let document = json!({
            "veracruz": 1,
            "name": self.name,
            "description": "Which airports do both companies serve, and how many departures do \
                            these have? Neither company shows its list to the other, to the \
                            program's author, or to anybody else.",
            "participants": participants,
            "files": {
                "/program/psi.wasm": { "provider": "lab", "sha256": self.program, "max_bytes": "4MiB" },
                "/input/acme.csv": { "provider": "acme", "max_bytes": "16MiB" },
                "/input/globex.csv": { "provider": "globex", "max_bytes": "16MiB" },
                "/output/overlap.csv": { "receivers": self.receivers, "max_bytes": "4MiB" },
                "/output/summary.json": { "receivers": self.receivers, "max_bytes": "64KiB" },
            },
            "pipeline": [{
                "program": "/program/psi.wasm",
                "read": ["/input/acme.csv", "/input/globex.csv"],
                "write": ["/output/overlap.csv", "/output/summary.json"],
            }],
            "execution": { "memory": "256MiB", "time": "30s" },
            "isolates": {
                "process": { "runtime": [self.runtime], "attesters": [self.attester] },
            },
            "unprotected": true,
            "approval": {
                "required": ["acme", "globex", "lab"],
                "run_by": ["acme", "globex", "lab"],
                "runs": 1,
            },
        });
        format!("{document:#}\n")
    }
}
