//! `example.json`: what an example's parties bring, and the answers that somebody else computed.

use crate::error::CliError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An example, as its folder describes it. Files are named relative to the folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What it shows, in one line.
    pub(super) title: String,
    /// The template of its policy.
    #[serde(default = "template")]
    pub(super) policy: PathBuf,
    /// By path of the policy: the name of the compiled program.
    pub(super) programs: BTreeMap<String, String>,
    /// By path of the policy: a file.
    pub(super) inputs: BTreeMap<String, PathBuf>,
    /// Who starts the run; the first whom the policy lets, unless given.
    pub(super) run_by: Option<String>,
    /// By path of the policy: a file that the output must equal byte for byte, or a JSON document
    /// that it must hold.
    pub(super) answers: BTreeMap<String, Value>,
}

fn template() -> PathBuf {
    "policy.template.json".into()
}

impl Manifest {
    /// Reads it from the example's folder.
    pub(super) fn read(folder: &Path) -> Result<Self, CliError> {
        let path = folder.join("example.json");
        let text = std::fs::read(&path).map_err(|source| CliError::file(&path, source))?;
        serde_json::from_slice(&text).map_err(|error| CliError::file(&path, error.into()))
    }
}
