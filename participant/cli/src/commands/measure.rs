//! `veracruz measure`.

use crate::args::MeasureArgs;
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use serde_json::json;

/// The SHA-256 of a runtime: what `isolates.process.runtime` of a policy names.
pub(crate) fn measure(arguments: &MeasureArgs) -> Result<Report, CliError> {
    let path = find::runtime(arguments.runtime.as_deref())?;
    let digest = find::digest(&path)?;
    let document = json!({ "runtime": digest, "file": path });
    Ok(Report::new(document).line(digest))
}
