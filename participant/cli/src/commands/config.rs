//! `veracruz config`: which settings hold, and who says so.

use crate::args::{Cli, ConfigCommand};
use crate::config::{Configuration, Origin, Source, default_path};
use crate::error::CliError;
use crate::output::Report;
use clap::CommandFactory as _;
use serde_json::{Value, json};
use std::path::Path;

/// Runs one of the commands.
pub(crate) fn config(
    command: &ConfigCommand,
    configuration: &Configuration,
) -> Result<Report, CliError> {
    Ok(match command {
        ConfigCommand::Show => show(configuration),
        ConfigCommand::Path => path(configuration),
    })
}

/// `config show`.
fn show(configuration: &Configuration) -> Report {
    let sources = configuration.sources(&Cli::command());
    let file = configuration.file();
    let settings: Vec<_> = sources.iter().map(|one| document(one, file)).collect();
    let of = |column: fn(&Source) -> usize| sources.iter().map(column).max().unwrap_or(0);
    let keys = of(|source| source.key.len());
    // One long path does not push the rest out of sight.
    let values = of(|source| source.value.as_deref().map_or(1, str::len).min(48));
    let lines = sources.iter().map(|source| {
        format!(
            "{:keys$}  {:values$}  {}",
            source.key,
            source.value.as_deref().unwrap_or("-"),
            origin(source, file)
        )
    });
    Report::new(json!({ "file": file, "settings": settings })).lines(lines)
}

/// Who says it, in words.
fn origin(source: &Source, file: Option<&Path>) -> String {
    match (source.origin, file) {
        (Origin::Environment, _) => source.variable.to_owned(),
        (Origin::File { line }, Some(file)) => format!("{}:{line}", file.display()),
        _ if source.value.is_some() => "default".to_owned(),
        _ => format!("not set: {}", source.otherwise),
    }
}

fn document(source: &Source, file: Option<&Path>) -> Value {
    let (from, line) = match source.origin {
        Origin::Environment => ("environment", None),
        Origin::File { line } => ("file", Some(line)),
        Origin::Default => ("default", None),
    };
    json!({
        "key": source.key,
        "value": source.value,
        "from": from,
        "variable": source.variable,
        "file": file.filter(|_| from == "file"),
        "line": line,
    })
}

/// `config path`.
fn path(configuration: &Configuration) -> Report {
    let read = configuration.file();
    let usual = default_path();
    let document = json!({ "file": read, "default": usual });
    let report = Report::new(document);
    match (read, usual) {
        (Some(file), _) => report.line(file.display().to_string()),
        (None, Some(usual)) => report.line(format!(
            "no file is read; it would be {}, or the one that --config or VERACRUZ_CONFIG names",
            usual.display()
        )),
        (None, None) => {
            report.line("no file is read; --config or VERACRUZ_CONFIG names one".to_owned())
        }
    }
}
