//! `veracruz man`.

use crate::args::{Cli, ManArgs};
use crate::error::CliError;
use crate::output::Report;
use crate::written;
use clap::{Command, CommandFactory as _};
use serde_json::json;
use std::path::Path;

/// A manual page: `veracruz-policy-check` and its text, roff.
struct Page {
    name: String,
    roff: String,
}

/// Prints the page of one command, or writes those of all.
pub(crate) fn man(arguments: &ManArgs) -> Result<Report, CliError> {
    let mut command = Cli::command();
    command.build();
    match &arguments.out {
        Some(folder) => write(&command, folder, arguments.force),
        None => print(&command, &arguments.command),
    }
}

fn print(command: &Command, path: &[String]) -> Result<Report, CliError> {
    let (mut command, mut name) = (command, command.get_name().to_owned());
    for part in path {
        let unknown = || CliError::argument("a command, as `veracruz help` lists them", part);
        command = command.find_subcommand(part).ok_or_else(unknown)?;
        name = format!("{name}-{part}");
    }
    let page = page(command, name)?;
    let document = json!({ "name": page.name, "roff": page.roff });
    Ok(Report::new(document).line(page.roff.trim_end()))
}

fn write(command: &Command, folder: &Path, force: bool) -> Result<Report, CliError> {
    let mut pages = Vec::new();
    collect(command, command.get_name().to_owned(), &mut pages)?;
    std::fs::create_dir_all(folder).map_err(|source| CliError::file(folder, source))?;
    let mut files = Vec::new();
    for page in &pages {
        let path = folder.join(format!("{}.1", page.name));
        written::file(&path, page.roff.as_bytes(), force)?;
        files.push(path);
    }
    let line = format!("{} pages in {}", files.len(), folder.display());
    Ok(Report::new(json!({ "folder": folder, "files": files })).line(line))
}

/// The pages of a command and of all below it.
fn collect(command: &Command, name: String, pages: &mut Vec<Page>) -> Result<(), CliError> {
    let below = command.get_subcommands();
    for command in below.filter(|command| command.get_name() != "help" && !command.is_hide_set()) {
        collect(command, format!("{name}-{}", command.get_name()), pages)?;
    }
    pages.push(page(command, name)?);
    Ok(())
}

fn page(command: &Command, name: String) -> Result<Page, CliError> {
    let mut roff = Vec::new();
    // The pages of commands below it are found under the names that they have here.
    let titled = command.clone().display_name(name.clone());
    let man = clap_mangen::Man::new(titled).title(name.to_uppercase());
    let man = man.source(concat!("veracruz ", env!("CARGO_PKG_VERSION")));
    man.render(&mut roff)
        .map_err(|error| CliError::Service(error.to_string()))?;
    let roff = String::from_utf8_lossy(&roff).into_owned();
    Ok(Page { name, roff })
}
