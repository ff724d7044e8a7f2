//! `download`.

use super::attest::kind;
use super::{Desk, block_on, quorum};
use crate::args::DownloadArgs;
use crate::error::CliError;
use crate::output::{Format, Report, Transfers, unprotected};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Write};
use veracruz_client::{
    Destination, DownloadOptions, DownloadPlan, Downloaded, Error, OpeningFile, PlannedDownload,
    download_all,
};
use veracruz_protocol::Status;

/// `download`: checked, then put in place, with what opens its commitment beside it; or checked,
/// then written to the standard output, with all other words on the standard error output.
pub(crate) fn download(
    arguments: &DownloadArgs,
    format: Format,
) -> Result<Option<Report>, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let (me, assignments) = (desk.me()?, arguments.assignments()?);
    let how = &arguments.how;
    let make = |status: Option<&Status>| {
        DownloadPlan::make(&desk.policy, me, &assignments, status, arguments.force)
    };
    let single = assignments.iter().all(|assignment| assignment.is_single());
    // Said before anything is asked for, where nothing has to be asked for it.
    let early = single.then(|| make(None)).transpose()?;
    let is_output = |file: &PlannedDownload| file.to == Destination::StandardOutput;
    let to_output = early.iter().any(|plan| plan.files.iter().any(is_output));
    if to_output && format == Format::Json {
        let expected = "either `--json` or a file on the standard output";
        return Err(CliError::argument(expected, &"both"));
    }
    if let Some(mut dial) = desk.quorum() {
        dial.limit = how.limit();
        return quorum::download(&desk, &dial, arguments, &make, format).map(Some);
    }
    block_on(async {
        let (mut connection, appraised) = desk.attested().await?;
        let plan = match early {
            Some(plan) => plan,
            None => make(Some(&connection.status().await?))?,
        };
        if how.dry_run {
            return Ok(Some(Report::new(document(&plan, &[])).lines(words(&plan))));
        }
        if format == Format::Text && !single {
            tell(words(&plan));
        }
        let options = DownloadOptions {
            ledger: &desk.ledger,
            overwrite: arguments.force,
        };
        let lines = desk.lines(connection, how.connections(plan.files.len()), &how.limit());
        let length = |file: &PlannedDownload| file.content.map(|content| content.length);
        let names = plan
            .files
            .iter()
            .map(|file| (file.path.to_string(), length(file)));
        let transfers = Transfers::new(format, "download", names);
        let told = |index, so_far, length| transfers.tell(index, so_far, length);
        let fetched = download_all(lines, &plan, options, &told).await;
        transfers.finish();
        let (mut got, mut lines) = (Vec::new(), Vec::new());
        for (file, fetched) in plan.files.iter().zip(fetched?) {
            keep_opening(file, &fetched.downloaded)?;
            lines.push(line(file, &fetched.downloaded));
            got.push(fetched.downloaded);
            if let Some(contents) = fetched.contents {
                pass_on(contents)?;
            }
        }
        if !appraised.protects_from_host() {
            lines.push(unprotected(&kind(&appraised)));
        }
        if to_output {
            if format == Format::Text {
                tell(lines);
            }
            return Ok(None);
        }
        let document = match (single, plan.files.as_slice(), got.as_slice()) {
            (true, [file], [got]) => entry(file, got),
            _ => document(&plan, &got),
        };
        Ok(Some(Report::new(document).lines(lines)))
    })
}

/// Beside a file; what goes to the standard output has it in the ledger alone.
pub(super) fn keep_opening(file: &PlannedDownload, got: &Downloaded) -> Result<(), CliError> {
    if let (Destination::File { path, .. }, Some(salt)) = (&file.to, got.opening) {
        let opening = OpeningFile {
            path: file.path.clone(),
            salt,
        };
        opening.keep(path)?;
    }
    Ok(())
}

/// Writes what was checked to the standard output. A closed pipe is a reader who has seen enough.
fn pass_on(mut contents: File) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = io::copy(&mut contents, &mut out).and_then(|_| out.flush());
    match written {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::File {
            path: "the standard output".into(),
            action: "write",
            source,
        }
        .into()),
        _ => Ok(()),
    }
}

pub(super) fn document(plan: &DownloadPlan, got: &[Downloaded]) -> Value {
    let entries: Vec<Value> = if got.is_empty() {
        let planned = |file: &PlannedDownload| {
            json!({
                "path": file.path.as_str(),
                "file": place(file),
                "bytes": file.content.map(|content| content.length),
            })
        };
        plan.files.iter().map(planned).collect()
    } else {
        let both = plan.files.iter().zip(got);
        both.map(|(file, got)| entry(file, got)).collect()
    };
    let absent: Vec<&str> = plan.absent.iter().map(|path| path.as_str()).collect();
    match absent.is_empty() {
        true => json!({ "files": entries }),
        false => json!({ "files": entries, "absent": absent }),
    }
}

pub(super) fn entry(file: &PlannedDownload, got: &Downloaded) -> Value {
    json!({
        "path": file.path.as_str(),
        "file": place(file),
        "bytes": got.length,
        "sha256": got.sha256.to_string(),
        "resumed_at": got.resumed_at,
    })
}

pub(super) fn line(file: &PlannedDownload, got: &Downloaded) -> String {
    format!("{}  {} bytes  in {}", file.path, got.length, place(file))
}

pub(super) fn words(plan: &DownloadPlan) -> Vec<String> {
    let planned = plan.files.iter().map(|file| {
        let bytes = file
            .content
            .map(|content| format!("  {} bytes", content.length));
        format!(
            "download  {}  to {}{}",
            file.path,
            place(file),
            bytes.unwrap_or_default()
        )
    });
    let absent = plan.absent.iter().map(|path| format!("not yet   {path}"));
    planned.chain(absent).collect()
}

fn place(file: &PlannedDownload) -> String {
    match &file.to {
        Destination::File { path, .. } => path.display().to_string(),
        Destination::StandardOutput => "standard output".to_owned(),
    }
}

/// Says it where the standard output is not disturbed. Where nobody reads it, it is not missed.
fn tell(lines: Vec<String>) {
    let mut out = io::stderr().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}
