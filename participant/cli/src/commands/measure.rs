//! `veracruz measure`.

use crate::args::{MeasureArgs, MeasureFormat};
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use serde_json::json;
use std::path::PathBuf;
use veracruz_appraisal::corim;
use veracruz_client::Sha256;
use veracruz_policy::{Isolates, KeyDigest, ProcessIsolate};

/// The SHA-256 of a runtime: what `isolates.process.runtime` of a policy names; as the digest alone,
/// as a policy's `isolates` or as a CoRIM.
pub(crate) fn measure(arguments: &MeasureArgs) -> Result<Report, CliError> {
    let given = arguments.file.as_ref().or(arguments.runtime.as_ref());
    let path = find::runtime(given.map(PathBuf::as_path))?;
    let digest = find::digest(&path)?;
    let isolates = json!({
        "process": { "runtime": [&digest], "attesters": &arguments.attesters }
    });
    let document = json!({ "runtime": digest, "file": path, "isolates": isolates });
    match arguments.format {
        MeasureFormat::Digest => Ok(Report::new(document).line(digest)),
        MeasureFormat::Policy => {
            let text = serde_json::to_string_pretty(&isolates).unwrap_or_default();
            let report = Report::new(document).line(text);
            Ok(if arguments.attesters.is_empty() {
                report.line(
                    "NOTE: a policy needs an attester as well: `--attester`, with what \
                     `veracruz attester --show-key` prints",
                )
            } else {
                report
            })
        }
        MeasureFormat::Corim => {
            let Some(out) = &arguments.out else {
                return Err(CliError::argument("`--out FILE`", &"none"));
            };
            let corim = corim::write(&process(arguments, &digest)?, &format!("runtime/{digest}"));
            std::fs::write(out, &corim).map_err(|source| CliError::file(out, source))?;
            let line = format!("{digest} as a CoRIM in {}", out.display());
            Ok(Report::new(document).line(line))
        }
    }
}

fn process(arguments: &MeasureArgs, digest: &str) -> Result<Isolates, CliError> {
    let runtime = digest
        .parse::<Sha256>()
        .map_err(|error| CliError::Service(error.to_string()))?;
    let key = |text: &String| {
        text.parse::<KeyDigest>()
            .map_err(|_| CliError::argument("the SHA-256 of an attester's key", text))
    };
    let attesters = arguments
        .attesters
        .iter()
        .map(key)
        .collect::<Result<_, _>>()?;
    let mut isolates = Isolates::default();
    isolates.process = Some(ProcessIsolate::new(vec![runtime], attesters));
    Ok(isolates)
}
