//! From the words that the process was called with to one command with all its settings.

use crate::args::{Cli, ColorWhen, Command, ConfigCommand};
use crate::config::Configuration;
use crate::error::CliError;
use crate::output::Format;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, ValueEnum as _};
use std::ffi::{OsStr, OsString};

/// What was asked for.
pub(crate) enum Asked {
    /// One command.
    Command(Box<Cli>, Configuration),
    /// Help or the version, which clap has written.
    Text(clap::builder::StyledStr),
}

/// What has to be known before the words are understood: where settings come from, and how an error
/// is said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Early {
    json: bool,
    color: Option<OsString>,
    config: Option<OsString>,
}

impl Early {
    /// Looks for the options that every command has.
    pub(crate) fn of(words: &[OsString]) -> Self {
        let mut early = Self::default();
        // What follows `--` is a program's, not ours.
        let mut words = words.iter().skip(1).take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            let mut value = |name: &str| {
                if word == name {
                    return words.next().cloned();
                }
                let text = word.to_str()?.strip_prefix(name)?.strip_prefix('=')?;
                Some(OsString::from(text))
            };
            if word == "--json" {
                early.json = true;
            } else if let Some(color) = value("--color") {
                early.color = Some(color);
            } else if let Some(config) = value("--config") {
                early.config = Some(config);
            }
        }
        early
    }

    /// How an error is said that comes before the command.
    pub(crate) fn format(&self) -> Format {
        match self.json {
            true => Format::Json,
            false => Format::Text,
        }
    }

    /// Colours, as far as they are known by now.
    fn color(&self) -> ColorWhen {
        let variable = || std::env::var_os("VERACRUZ_COLOR");
        let text = self.color.clone().or_else(variable);
        let text = text.as_deref().and_then(OsStr::to_str);
        text.and_then(|text| ColorWhen::from_str(text, false).ok())
            .unwrap_or(ColorWhen::Auto)
    }
}

/// Understands the words; from here on, what is printed has the colours that were asked for.
///
/// # Errors
/// Wrong usage, or a file of settings that cannot be used.
pub(crate) fn understand(words: &[OsString], early: &Early) -> Result<Asked, CliError> {
    set_colors(early.color());
    let command = Cli::command().color(match early.color() {
        ColorWhen::Auto => clap::ColorChoice::Auto,
        ColorWhen::Always => clap::ColorChoice::Always,
        ColorWhen::Never => clap::ColorChoice::Never,
    });
    let configured = Configuration::read(early.config.as_deref())
        .and_then(|file| Ok((file.apply(command.clone())?, file)));
    match configured {
        Ok((command, file)) => parse(command, words, file),
        // Help needs no settings, and neither does the command that says what is wrong with them.
        Err(error) => match parse(command, words, Configuration::default()) {
            Ok(Asked::Command(cli, _)) if !is_without_settings(&cli.command) => Err(error.into()),
            Ok(asked) => Ok(asked),
            Err(_) => Err(error.into()),
        },
    }
}

fn parse(
    command: clap::Command,
    words: &[OsString],
    file: Configuration,
) -> Result<Asked, CliError> {
    let parsed = command
        .try_get_matches_from(words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => {
            set_colors(cli.color);
            Ok(Asked::Command(Box::new(cli), file))
        }
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Asked::Text(error.render())),
            _ => Err(CliError::Usage(Box::new(error))),
        },
    }
}

/// Commands that do the same whatever is set.
fn is_without_settings(command: &Command) -> bool {
    matches!(
        command,
        Command::Explain(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Config(ConfigCommand::Path)
    )
}

fn set_colors(when: ColorWhen) {
    anstream::ColorChoice::from(when).write_global();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn early(words: &[&str]) -> Early {
        let words: Vec<_> = words.iter().map(OsString::from).collect();
        Early::of(&words)
    }

    #[test]
    fn the_options_of_all_commands_are_found_before_the_command_is_known() {
        let found = early(&[
            "veracruz",
            "--config",
            "a",
            "policy",
            "--json",
            "--color=never",
        ]);
        assert!(found.json);
        assert_eq!(found.config.as_deref(), Some(OsStr::new("a")));
        assert_eq!(found.color(), ColorWhen::Never);
        assert_eq!(early(&["veracruz", "--config"]).config, None);
    }

    #[test]
    fn a_programs_own_options_are_left_to_it() {
        let found = early(&[
            "veracruz", "exec", "p.wasm", "--", "--json", "--config", "a",
        ]);
        assert_eq!(found, Early::default());
        // The name of the binary is no option.
        assert_eq!(early(&["--json"]), Early::default());
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
