//! `veracruz policy new`: a first draft, which people then read, change and agree on.
//!
//! It computes the digests of the files that it is given, and invents none: a program that is not
//! named is not pinned, and isolates that are not named are an error.

mod document;
mod templates;

use crate::args::{Named, PolicyNewArgs};
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use document::Draft;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use templates::{TEMPLATES, Template};
use veracruz_policy::{IsolateKind, Isolates, Policy};

/// Writes the draft, or prints it.
pub(super) fn new(arguments: &PolicyNewArgs) -> Result<Report, CliError> {
    let template = TEMPLATES
        .iter()
        .find(|template| template.name == arguments.template)
        .ok_or_else(|| {
            let names: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
            CliError::argument(&format!("one of {}", names.join(", ")), &arguments.template)
        })?;
    let text = draft(arguments, template)?.to_text();
    let path = arguments.out.as_deref();
    // The draft is read as everybody will read it: what is wrong is shown in it.
    let policy = Policy::parse(text.as_bytes()).map_err(|errors| CliError::Policy {
        path: path.unwrap_or(Path::new("draft")).to_owned(),
        document: text.clone().into_bytes(),
        errors,
    })?;
    let hash = policy.hash().to_string();
    let Some(path) = path else {
        let document = serde_json::from_str(&text).unwrap_or_default();
        return Ok(Report::new(document).line(text.trim_end()));
    };
    write(path, &text, arguments.force)?;
    Ok(
        Report::new(json!({ "file": path, "hash": hash, "warnings": policy.warnings().len() }))
            .line(format!("made {}", path.display()))
            .line(format!("hash {hash}"))
            .line(format!(
                "read it with `veracruz policy explain {0}`, and `veracruz policy check {0}`",
                path.display()
            )),
    )
}

fn draft(arguments: &PolicyNewArgs, template: &'static Template) -> Result<Draft, CliError> {
    if arguments.data.len() < template.least_data {
        let expected = format!("{} times --data NAME=CERTIFICATE", template.least_data);
        return Err(CliError::argument(&expected, &arguments.data.len()));
    }
    if template.other.is_some() && arguments.receivers.is_empty() {
        let expected = "--receiver NAME=CERTIFICATE, who gives the model or the query";
        return Err(CliError::argument(expected, &"none"));
    }
    let certificate = |named: &Named| -> Result<(String, String), CliError> {
        let text = std::fs::read_to_string(&named.file)
            .map_err(|source| CliError::file(&named.file, source))?;
        Ok((named.name.clone(), text))
    };
    let all = |list: &[Named]| list.iter().map(certificate).collect::<Result<Vec<_>, _>>();
    let isolates = isolates(arguments)?;
    Ok(Draft {
        template,
        name: arguments
            .name
            .clone()
            .unwrap_or_else(|| template.name.to_owned()),
        data: all(&arguments.data)?,
        author: certificate(&arguments.program_by)?,
        receivers: all(&arguments.receivers)?,
        program: match &arguments.program {
            Some(path) => Some(find::digest(path)?),
            None => None,
        },
        unprotected: isolates.1,
        isolates: isolates.0,
        expires: arguments.expires.map(|time| time.to_string()),
    })
}

/// `isolates`, and whether one of them does not protect from the host.
fn isolates(arguments: &PolicyNewArgs) -> Result<(Value, bool), CliError> {
    let document = match (&arguments.isolates, arguments.attesters.as_slice()) {
        (Some(path), _) => {
            let bytes = std::fs::read(path).map_err(|source| CliError::file(path, source))?;
            serde_json::from_slice(&bytes).map_err(|error| CliError::file(path, error.into()))?
        }
        (None, []) => {
            let expected = "--isolates FILE, or --attester KEY for isolates of kind `process`";
            return Err(CliError::argument(expected, &"neither"));
        }
        (None, attesters) => {
            let runtime = find::runtime(arguments.runtime.as_deref())?;
            json!({ "process": { "runtime": [find::digest(&runtime)?], "attesters": attesters } })
        }
    };
    let text = document.to_string();
    let isolates = Isolates::parse(text.as_bytes()).map_err(|errors| CliError::Policy {
        path: arguments.isolates.clone().unwrap_or_default(),
        document: text.into_bytes(),
        errors,
    })?;
    let unprotected = !isolates.kinds().all(IsolateKind::protects_from_host);
    Ok((document, unprotected))
}

/// Whole or not at all: to a file beside it, which then takes its name.
fn write(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let file = |source| CliError::file(path, source);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(file)?;
    draft.write_all(text.as_bytes()).map_err(file)?;
    draft.as_file().sync_all().map_err(file)?;
    let kept = if force {
        draft.persist(path)
    } else {
        draft.persist_noclobber(path)
    };
    kept.map(|_| ()).map_err(|error| file(error.error))
}
