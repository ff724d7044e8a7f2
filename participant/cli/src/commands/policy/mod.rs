//! `veracruz policy`: a file a command.

mod approvals;
mod approve;
mod check;
mod diff;
mod explain;
mod new;
mod source;

use crate::args::{PolicyCommand, PolicyFile};
use crate::error::CliError;
use crate::output::{Format, Report};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use veracruz_policy::Policy;

pub(crate) use source::text;

/// Runs one of the commands.
pub(crate) fn policy(command: &PolicyCommand, format: Format) -> Result<Report, CliError> {
    match command {
        PolicyCommand::Check(file) => check::check(file),
        PolicyCommand::Hash(file) => hash(file),
        PolicyCommand::Explain(arguments) => explain::explain(arguments),
        PolicyCommand::Diff(arguments) => diff::diff(arguments),
        PolicyCommand::New(arguments) => new::new(arguments),
        PolicyCommand::Approve(arguments) => approve::approve(arguments, format),
        PolicyCommand::Approvals(arguments) => approvals::approvals(arguments),
        PolicyCommand::Schema => Ok(schema()),
    }
}

/// Reads and checks a participant's own copy of a policy.
pub(crate) fn load(path: &Path) -> Result<Arc<Policy>, CliError> {
    let document = std::fs::read(path).map_err(|source| CliError::file(path, source))?;
    match Policy::parse(&document) {
        Ok(policy) => Ok(Arc::new(policy)),
        Err(errors) => Err(CliError::Policy {
            path: path.to_owned(),
            document,
            errors,
        }),
    }
}

/// `policy hash`.
fn hash(file: &PolicyFile) -> Result<Report, CliError> {
    let hash = load(&file.policy)?.hash().to_string();
    Ok(Report::new(json!({ "hash": hash })).line(hash))
}

/// `policy schema`: a document for programs in either format.
fn schema() -> Report {
    let text = veracruz_policy::policy_schema();
    let document = serde_json::from_str(&text).unwrap_or_default();
    Report::new(document).line(text.trim_end())
}
