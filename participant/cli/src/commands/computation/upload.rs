//! `upload`.

use super::{Desk, block_on, quorum};
use crate::args::UploadArgs;
use crate::error::CliError;
use crate::output::{Format, Report, Transfers};
use serde_json::{Value, json};
use std::io::Write;
use veracruz_client::{Origin, PlannedUpload, UploadPlan, Uploads};

/// `upload`: each file whole, going on at the same isolate where the line breaks. All that can be
/// known to be wrong is said before the first byte is sent.
pub(crate) fn upload(arguments: &UploadArgs, format: Format) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let assignments = arguments.assignments()?;
    let plan = UploadPlan::make(&desk.policy, desk.me()?, &assignments)?;
    let how = &arguments.how;
    if how.dry_run {
        return Ok(Report::new(document(&plan, Vec::new())).lines(words(&plan)));
    }
    if format == Format::Text && !assignments.iter().all(|assignment| assignment.is_single()) {
        for line in words(&plan) {
            // Where nobody reads it, it is not missed.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
    block_on(async {
        let uploads = Uploads::prepare(&plan, &desk.policy).await?;
        if let Some(mut dial) = desk.quorum() {
            dial.limit = how.limit();
            return quorum::upload(&desk, &dial, &plan, &uploads, format).await;
        }
        let (connection, _) = desk.attested().await?;
        let lines = desk.lines(connection, how.connections(plan.files.len()), &how.limit());
        let names = plan
            .files
            .iter()
            .map(|file| (file.path.to_string(), file.length));
        let transfers = Transfers::new(format, "upload", names);
        let told = |index, so_far, length| transfers.tell(index, so_far, length);
        let sent = uploads.send(lines, desk.provisioning(), &told).await;
        transfers.finish();
        let (mut files, mut lines) = (Vec::new(), Vec::new());
        for (file, sent) in plan.files.iter().zip(sent?) {
            let path = &file.path;
            lines.push(format!(
                "{path}  {} bytes  sha256 {}",
                sent.length, sent.sha256
            ));
            files.push(json!({
                "path": path.as_str(),
                "bytes": sent.length,
                "sha256": sent.sha256.to_string(),
                "resumed_at": sent.resumed_at,
            }));
        }
        Ok(Report::new(document(&plan, files)).lines(lines))
    })
}

/// What was sent, or is planned where nothing was; what is missing; and what is too much.
fn document(plan: &UploadPlan, sent: Vec<Value>) -> Value {
    let planned = |file: &PlannedUpload| json!({ "path": file.path.as_str(), "from": from(file), "bytes": file.length });
    let missing = plan.missing.iter();
    let missing = missing.map(|(path, local)| json!({ "path": path.as_str(), "from": local }));
    let mut document = json!({
        "files": if sent.is_empty() { plan.files.iter().map(planned).collect() } else { sent },
    });
    if let Value::Object(fields) = &mut document {
        let missing: Vec<Value> = missing.collect();
        for (name, list) in [
            ("missing", json!(missing)),
            ("unknown", json!(plan.unknown)),
        ] {
            if list.as_array().is_some_and(|list| !list.is_empty()) {
                fields.insert(name.to_owned(), list);
            }
        }
    }
    document
}

fn words(plan: &UploadPlan) -> Vec<String> {
    let planned = plan.files.iter().map(|file| {
        let length = file
            .length
            .map_or_else(String::new, |length| format!("  {length} bytes"));
        format!("upload    {}  from {}{length}", file.path, from(file))
    });
    let missing = plan
        .missing
        .iter()
        .map(|(path, local)| format!("missing   {path}, there is no {}", local.display()));
    let unknown = plan.unknown.iter().map(|local| {
        format!(
            "left out  {}, which is no file that you provide",
            local.display()
        )
    });
    planned.chain(missing).chain(unknown).collect()
}

fn from(file: &PlannedUpload) -> String {
    match &file.from {
        Origin::File(local) | Origin::Stream(local) => local.display().to_string(),
        Origin::StandardInput => "standard input".to_owned(),
    }
}
