//! `veracruz policy new`: a first draft, which people then read, change and agree on.
//!
//! It computes the digests of the files that it is given, and invents none: a program that is not
//! named is not pinned, and isolates that are not named are an error. What is not given is asked
//! for where there is a terminal.

mod ask;
mod questions;
mod terminal;

use crate::args::{Ends, Named, PolicyNewArgs};
use crate::error::CliError;
use crate::find;
use crate::output::Report;
use crate::written;
use serde_json::{Value, json};
use std::path::Path;
use terminal::Terminal;
use veracruz_client::draft::{
    Draft, IsolatesError, Party, Program, TEMPLATES, Template, merge_isolates,
};
use veracruz_client::now;
use veracruz_policy::{ParticipantName, Policy, Timestamp};

/// After how many days a policy ends that does not say when.
const DAYS: i64 = 180;

/// Writes the draft, or prints it.
pub(super) fn new(given: &PolicyNewArgs) -> Result<Report, CliError> {
    let missing = questions::missing(given)?;
    let arguments = match Terminal::of_the_process() {
        _ if missing.is_empty() => given.clone(),
        Some(mut terminal) => questions::complete(given.clone(), &mut terminal)?,
        None => {
            let expected = missing.join(", and ");
            let found = "not all of that, and no terminal to ask at";
            return Err(CliError::argument(&expected, &found));
        }
    };
    let text = draft(&arguments)?.to_text();
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
    written::file(path, text.as_bytes(), arguments.force)?;
    let warnings = policy.warnings().len();
    Ok(
        Report::new(json!({ "file": path, "hash": hash, "warnings": warnings }))
            .line(format!("made {}", path.display()))
            .line(format!("hash {hash}"))
            .line(format!(
                "read it with `veracruz policy explain {0}`, and `veracruz policy check {0}`",
                path.display()
            )),
    )
}

fn draft(arguments: &PolicyNewArgs) -> Result<Draft, CliError> {
    let template = template(arguments.template.as_deref())?;
    let (Some(template), Some(author)) = (template, &arguments.program_by) else {
        let expected = questions::missing(arguments)?.join(", ");
        return Err(CliError::argument(&expected, &"neither"));
    };
    let name = arguments.name.as_deref().unwrap_or(template.name);
    let draft = Draft {
        template,
        name: name.to_owned(),
        data: parties(&arguments.data)?,
        author: party(author)?,
        receivers: parties(&arguments.receivers)?,
        program: arguments.program.as_deref().map(program).transpose()?,
        isolates: isolates(arguments)?,
        expires: match arguments.expires {
            Some(Ends::At(time)) => Some(time),
            Some(Ends::Never) => None,
            None => Some(in_half_a_year()),
        },
    };
    match draft.contradiction() {
        Some(name) => {
            let found = format!("two certificates of {name}");
            Err(CliError::argument("one certificate a participant", &found))
        }
        None => Ok(draft),
    }
}

/// The template of that name; none where none is named.
fn template(name: Option<&str>) -> Result<Option<&'static Template>, CliError> {
    let Some(name) = name else { return Ok(None) };
    let found = Template::find(name);
    let unknown = || CliError::argument(&format!("one of {}", template_names()), &name);
    found.map(Some).ok_or_else(unknown)
}

fn template_names() -> String {
    let names: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
    names.join(", ")
}

fn parties(named: &[Named]) -> Result<Vec<Party>, CliError> {
    named.iter().map(party).collect()
}

fn party(named: &Named) -> Result<Party, CliError> {
    let name = ParticipantName::parse(&named.name)
        .map_err(|error| CliError::argument(&error.to_string(), &named.name))?;
    let certificate = std::fs::read_to_string(&named.file)
        .map_err(|source| CliError::file(&named.file, source))?;
    Ok(Party { name, certificate })
}

fn program(path: &Path) -> Result<Program, CliError> {
    let file_name = path.file_name().unwrap_or_default();
    Ok(Program {
        file_name: file_name.to_string_lossy().into_owned(),
        sha256: find::digest(path)?,
    })
}

fn isolates(arguments: &PolicyNewArgs) -> Result<Value, CliError> {
    let mut documents = Vec::new();
    for path in &arguments.isolates {
        let bytes = std::fs::read(path).map_err(|source| CliError::file(path, source))?;
        documents.push((path.display().to_string(), bytes));
    }
    if !arguments.attesters.is_empty() {
        let runtime = find::runtime(arguments.runtime.as_deref())?;
        let runtime = find::digest(&runtime)?;
        let attesters = &arguments.attesters;
        let process = json!({ "process": { "runtime": [runtime], "attesters": attesters } });
        documents.push(("--attester".to_owned(), process.to_string().into_bytes()));
    }
    merge_isolates(&documents).map_err(|error| match error {
        IsolatesError::Document {
            label,
            document,
            errors,
        } => CliError::Policy {
            path: label.into(),
            document,
            errors,
        },
        other => CliError::argument("isolates that can stand in one policy", &other),
    })
}

/// Midnight of a day in half a year.
fn in_half_a_year() -> Timestamp {
    const DAY: i64 = 86_400;
    let end = now().seconds().saturating_add(DAYS.saturating_mul(DAY));
    Timestamp::from_seconds(end.saturating_sub(end.rem_euclid(DAY)))
}
