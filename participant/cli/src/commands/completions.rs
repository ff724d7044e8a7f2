//! `veracruz completions`.

use crate::args::{Cli, CompletionsArgs};
use crate::error::CliError;
use crate::output::Report;
use clap::CommandFactory as _;
use serde_json::json;

/// What a shell sources to complete commands and options.
pub(crate) fn completions(arguments: &CompletionsArgs) -> Result<Report, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "veracruz",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    let document = json!({ "shell": arguments.shell.to_string(), "script": script });
    Ok(Report::new(document).line(script.trim_end()))
}
