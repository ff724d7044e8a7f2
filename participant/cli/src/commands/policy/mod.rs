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
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use veracruz_policy::{MAX_DOCUMENT_BYTES, Policy};

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
    let document = read(path).map_err(|source| CliError::file(path, source))?;
    match Policy::parse(&document) {
        Ok(policy) => Ok(Arc::new(policy)),
        Err(errors) => Err(CliError::Policy {
            path: path.to_owned(),
            document,
            errors,
        }),
    }
}

/// The document, or more of it than a policy may have: a device or a pipe may never end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    let mut document = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(limit.saturating_add(1))
        .read_to_end(&mut document)?;
    Ok(document)
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
