//! `example.json`: what an example's parties bring, and the answers that somebody else computed.

use super::answers::Answer;
use crate::error::CliError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// An example, as its folder describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What it shows, in one line.
    pub(super) title: String,
    /// Who takes part, and what each has, in a few words.
    pub(super) parties: BTreeMap<String, String>,
    /// By path of the policy: the name of the compiled program.
    pub(super) programs: BTreeMap<String, String>,
    /// By path of the policy: a file of the example.
    pub(super) inputs: BTreeMap<String, String>,
    /// Who starts the run; the first whom the policy lets, unless given.
    pub(super) run_by: Option<String>,
    /// What the outputs are compared with.
    pub(super) answers: Vec<Answer>,
    /// What of the outputs is told to people.
    #[serde(default)]
    pub(super) says: Vec<Saying>,
}

/// A value of an output, with the words that go before or after it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saying {
    /// Path of the policy.
    pub(super) output: String,
    /// Name of a member, or a JSON pointer.
    pub(super) field: String,
    /// What it is.
    pub(super) text: String,
}

impl Manifest {
    /// Reads it from the example's folder.
    pub(super) fn read(folder: &Path) -> Result<Self, CliError> {
        let path = folder.join("example.json");
        let text = std::fs::read(&path).map_err(|source| CliError::file(&path, source))?;
        serde_json::from_slice(&text).map_err(|error| CliError::file(&path, error.into()))
    }
}
