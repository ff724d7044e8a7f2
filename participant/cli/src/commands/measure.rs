//! `veracruz measure`.

use super::reference::{self, References};
use crate::args::{MeasureArgs, MeasureFormat};
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use serde_json::json;
use std::path::PathBuf;
use veracruz_client::Sha256;
use veracruz_policy::{Isolates, ProcessIsolate};

/// The SHA-256 of a runtime: what `isolates.process.runtime` of a policy names; as the digest alone,
/// as a policy's `isolates` or as a CoRIM.
pub(crate) fn measure(arguments: &MeasureArgs) -> Result<Report, CliError> {
    let given = arguments.file.as_ref().or(arguments.runtime.as_ref());
    let path = find::runtime(given.map(PathBuf::as_path))?;
    let digest = find::digest(&path)?;
    let references = references(arguments, &digest)?;
    let isolates = references.json();
    let document = json!({ "runtime": digest, "file": path, "isolates": isolates });
    match arguments.format {
        MeasureFormat::Digest => Ok(Report::new(document).line(digest)),
        MeasureFormat::Policy => {
            let text = serde_json::to_string_pretty(&isolates).unwrap_or_default();
            Ok(Report::new(document).line(text).lines(references.needs()))
        }
        MeasureFormat::Corim => {
            let out = references.write_corim(arguments.out.as_deref(), arguments.force)?;
            let line = format!("{digest} as a CoRIM in {}", out.display());
            Ok(Report::new(document).line(line))
        }
    }
}

fn references(arguments: &MeasureArgs, digest: &str) -> Result<References, CliError> {
    let runtime = digest
        .parse::<Sha256>()
        .map_err(|error| CliError::Service(error.to_string()))?;
    let attesters = reference::attesters(&arguments.attesters)?;
    let mut isolates = Isolates::default();
    isolates.process = Some(ProcessIsolate::new(vec![runtime], attesters));
    Ok(References::new(isolates, format!("runtime/{digest}")))
}
