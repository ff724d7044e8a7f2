//! The reference page of settings and variables.

use super::apply::setting_of;
use super::settings::{DEVELOPERS, SETTINGS, STANDARD, Setting, VARIABLES, Variable};
use super::sources::default;
use crate::args::Cli;
use clap::{Command, CommandFactory as _};
use std::fmt::Write as _;

const BEFORE: &str = "\
# Configuration

<!-- Generated from the code by participant/cli/tests/reference.rs: do not edit. -->

Everything that commands take as options and that stays the same from call to call can stand in the \
environment or in a file, `veracruz.toml`. What goes before what:

1. an option on the command line,
2. its environment variable, unless that is empty,
3. one file: the one that `--config FILE` names; else the one that `VERACRUZ_CONFIG` names (none where \
it is empty); else `veracruz.toml` in `$VERACRUZ_HOME`, which is `~/.veracruz` unless set, if it is there,
4. what holds by default.

`veracruz config show` says of every setting what it is and who says so; `veracruz config path` says \
which file is read.

A `veracruz.toml` in the current folder is *not* read. A folder that somebody sent you must not choose \
whose key signs, or which host you speak to. For the same reason a file that others can change is \
refused, and what you accept for one computation (`--accept-unprotected`, `--again`, `--force`) is said on \
the command line alone. Two files are never mixed.

The file is read strictly: a key that there is not, or a value that its option would not take, is an error \
with line and column (VC-0864), since what it says was meant to hold. Paths are relative to the file's \
folder; in variables and options they are relative to the current one.

```toml
# ~/.veracruz/veracruz.toml
[client]
identity = \"acme.pem\"
host = \"clean-room.example:7443\"

[host]
listen = \"0.0.0.0:7443\"
state = \"/var/lib/veracruz/host\"

[host.limits]
isolates = 4
isolate_memory = \"16GiB\"

[attester]
socket = \"/run/veracruz/attester.sock\"
```
";

const AFTER: &str = "
## Variables that are no settings

A passphrase is never taken from a variable: other processes of the same user can read the environment, \
and every child inherits it. `VERACRUZ_PASSPHRASE_FILE` names a file.
";

/// The page, Markdown.
#[must_use]
pub fn page() -> String {
    let command = Cli::command();
    let mut page = BEFORE.to_owned();
    let mut section = None;
    for setting in SETTINGS {
        let table = setting.key.split('.').next().unwrap_or_default();
        if section != Some(table) {
            section = Some(table);
            let heading = match setting.key.contains('.') {
                true => format!("`[{table}]`"),
                false => "At the top".to_owned(),
            };
            let _ = writeln!(page, "\n## {heading}");
        }
        entry(&mut page, &command, setting);
    }
    page.push_str(AFTER);
    table(&mut page, VARIABLES);
    page.push_str("\nConventions of other programs that are kept:\n");
    table(&mut page, STANDARD);
    page.push_str("\nFor developers of Veracruz, read by tests and by `cargo xtask` alone:\n");
    table(&mut page, DEVELOPERS);
    page
}

fn entry(page: &mut String, command: &Command, setting: &Setting) {
    let mut options = Vec::new();
    options_of(command, setting, &mut options);
    let otherwise = default(command, setting).map(|value| format!("`{value}`"));
    let otherwise = otherwise.unwrap_or_else(|| setting.otherwise.to_owned());
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\n- in the file: {}\n- variable: `{}`\n- option: {}\n- unless set: {otherwise}\n",
        setting.key,
        setting.meaning,
        setting.kind.name(),
        setting.variable,
        options.join(", "),
    );
}

/// The options that it sets, with their commands.
fn options_of(command: &Command, setting: &Setting, options: &mut Vec<String>) {
    for argument in command.get_arguments() {
        let is_its = setting_of(argument).is_some_and(|one| one.key == setting.key);
        if let (true, Some(long)) = (is_its, argument.get_long()) {
            let name = format!("`--{long}`");
            // Most settings are of one name in all commands.
            if !options.contains(&name) {
                options.push(name);
            }
        }
    }
    for command in command.get_subcommands() {
        options_of(command, setting, options);
    }
}

fn table(page: &mut String, variables: &[Variable]) {
    page.push_str("\n| variable | what it does |\n|---|---|\n");
    for (name, meaning) in variables {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
}
