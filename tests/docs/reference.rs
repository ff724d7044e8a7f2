//! The page that is generated from the command line. A stale one fails its test;
//! `UPDATE_EXPECT=1 cargo xtask test` writes it anew. (Those of error codes and of the policy's
//! fields are compared by the crates that they are made from.)

use crate::{read, root};
use std::path::Path;
use std::process::Command;
use veracruz_tests::Artifacts;

#[test]
fn the_page_of_the_command_line_is_current() {
    let Some(built) = Artifacts::find() else {
        return;
    };
    compare("docs/reference/cli.md", &command_line(&built.veracruz));
}

/// Writes the page where that is asked for; fails where the committed one is another.
fn compare(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, generated).unwrap();
    }
    let committed = if file.is_file() {
        read(&file)
    } else {
        String::new()
    };
    assert!(
        committed == generated,
        "{path} is stale: write it anew with `UPDATE_EXPECT=1 cargo xtask test`, and commit it"
    );
}

fn command_line(veracruz: &Path) -> String {
    let mut page = String::from(
        "# The command line\n\n\
         <!-- Generated from `veracruz --help` by tests/docs/reference.rs: do not edit. -->\n\n\
         One binary has every role. What a command prints is text for people, or with `--json` one \
         JSON document. It ends with one of these codes:\n\n\
         | code | meaning |\n|---|---|\n\
         | 0 | done |\n\
         | 1 | a fault of Veracruz |\n\
         | 2 | a command or option that there is not |\n\
         | 3 | something on your side: a file, the policy, your ledger |\n\
         | 4 | not to be trusted: evidence, a receipt or an isolate was refused |\n\
         | 5 | refused by the isolate or the host, or the run failed |\n\
         | 6 | unavailable: nobody answers |\n\
         | 7 | `appraise`: good by an exception that the reference values name |\n\
         | 8 | `appraise`: not evidence of that kind at all |\n\
         | 9 | `policy diff`: the two policies differ |\n\n\
         An error is printed with its code, which [has a page](errors.md).\n",
    );
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let help = help(veracruz, &command);
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

fn help(veracruz: &Path, command: &[String]) -> String {
    let output = Command::new(veracruz)
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
