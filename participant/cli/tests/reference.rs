//! The pages that are generated from the command line and from the table of settings. A stale one
//! fails its test; `UPDATE_EXPECT=1 cargo test -p veracruz-cli --test reference` writes both anew.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
#[cfg(target_os = "linux")]
fn the_page_of_the_command_line_is_current() {
    compare("docs/reference/cli.md", &command_line());
}

#[test]
#[cfg(target_os = "linux")]
fn the_page_of_settings_is_current() {
    let page = veracruz_cli::configuration_page();
    compare("docs/reference/configuration.md", &page);
}

#[test]
fn the_page_of_settings_has_every_variable_that_is_read_and_no_other() {
    let page = variables(&veracruz_cli::configuration_page());
    let mut read = BTreeSet::new();
    for file in sources(&root()) {
        let text = fs::read_to_string(&file).unwrap();
        read.extend(variables(&text));
    }
    let unlisted: Vec<_> = read.difference(&page).collect();
    assert!(unlisted.is_empty(), "not on the page: {unlisted:?}");
    // That the table itself names them is not enough.
    let table = fs::read_to_string(root().join("participant/cli/src/config/settings.rs")).unwrap();
    let mut elsewhere = BTreeSet::new();
    for file in sources(&root()) {
        let text = fs::read_to_string(&file).unwrap();
        if text != table {
            elsewhere.extend(variables(&text));
        }
    }
    let unread: Vec<_> = page.difference(&elsewhere).collect();
    assert!(unread.is_empty(), "nobody reads: {unread:?}");
}

/// All names of our variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    const PREFIX: &str = "VERACRUZ_";
    let name = |(start, _): (usize, &str)| -> Option<String> {
        let rest = text.get(start.checked_add(PREFIX.len())?..)?;
        let of_names =
            |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        let end = rest.find(|letter| !of_names(letter)).unwrap_or(rest.len());
        let name = rest.get(..end)?.trim_end_matches('_');
        (!name.is_empty()).then(|| format!("{PREFIX}{name}"))
    };
    text.match_indices(PREFIX).filter_map(name).collect()
}

/// Every source file of Rust, but of what is built.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// Writes the page where that is asked for; fails where the committed one is another.
fn compare(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, generated).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == generated,
        "{path} is stale: write it anew with `UPDATE_EXPECT=1 cargo test -p veracruz-cli --test \
         reference`, and commit it"
    );
}

const BEFORE: &str = "\
# The command line

<!-- Generated from `veracruz --help` by participant/cli/tests/reference.rs: do not edit. -->

One binary has every role. Whatever an option takes can stand in [the environment or a \
file](configuration.md), too.

What a command prints is text for people, or with `--json` one JSON document: the result on the \
standard output, an error on the standard error output. A service prints its document when it is \
ready, and a command that watches prints a document a line. The standard output of `exec` is that of \
the program. Text is coloured on terminals that have colours, and says the same without \
(`--color never`, `NO_COLOR`). `veracruz completions SHELL` prints what completes commands in a \
shell, and `veracruz man` their manual pages.

A file that a command writes is there whole or not at all, and one that is there already is \
replaced with `--force` alone. A closed pipe is a reader who has seen enough, and no error.

A command ends with one of these codes:

| code | meaning |
|---|---|
";

fn command_line() -> String {
    let mut page = BEFORE.to_owned();
    for (code, meaning) in veracruz_cli::EXIT_CODES {
        page.push_str(&format!("| {code} | {meaning} |\n"));
    }
    page.push_str("\nAn error is printed with its code, which [has a page](errors.md).\n");
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let help = help(&command);
        let name = std::iter::once("veracruz")
            .chain(command.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        page.push_str(&format!(
            "\n## `{name}`\n\n```text\n{}\n```\n",
            help.trim_end()
        ));
        // Depth first, in the order in which they are listed.
        for sub in subcommands(&help).into_iter().rev() {
            commands.push(command.iter().cloned().chain([sub]).collect());
        }
    }
    page
}

fn help(command: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(command)
        .arg("--help")
        .env_clear()
        // How wide the help is depends on the terminal.
        .env("COLUMNS", "100")
        .output()
        .expect("veracruz");
    assert!(output.status.success(), "{command:?} --help");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What stands below `Commands:`, but `help`.
fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // A longer text goes on further to the right.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
