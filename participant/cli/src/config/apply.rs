//! The file's values as defaults of options.

use super::file::ConfigError;
use super::settings::{Kind, SETTINGS, Setting};
use super::{Configuration, Value};
use clap::builder::Resettable;
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};

impl Configuration {
    /// The command line with what the file says for what nobody says otherwise.
    ///
    /// # Errors
    /// A value that its option does not take.
    pub(crate) fn apply(&self, command: Command) -> Result<Command, ConfigError> {
        self.check(&command)?;
        Ok(self.set(command))
    }

    /// Every value by the parsers of its options.
    fn check(&self, command: &Command) -> Result<(), ConfigError> {
        for argument in command.get_arguments() {
            let Some((setting, value)) = self.value_for(argument) else {
                continue;
            };
            for text in &value.texts {
                if let Err(reason) = takes(argument, text) {
                    let path = self.file.clone().unwrap_or_default();
                    let message = format!("{}: {reason}", setting.key);
                    return Err(ConfigError::value(&path, value, message));
                }
            }
        }
        command
            .get_subcommands()
            .try_for_each(|one| self.check(one))
    }

    fn set(&self, command: Command) -> Command {
        command
            .mut_args(|argument| self.set_one(argument))
            .mut_subcommands(|command| self.set(command))
    }

    fn set_one(&self, argument: Arg) -> Arg {
        // An empty variable is as good as none.
        let variable = argument.get_env().and_then(std::env::var_os);
        let setting = setting_of(&argument);
        let argument = match variable {
            Some(value) if value.is_empty() => argument.env(Resettable::Reset),
            _ => argument,
        };
        let Some(setting) = setting else {
            return argument;
        };
        let secret = setting.kind == Kind::Secret;
        let argument = argument.hide_env_values(secret).hide_default_value(secret);
        match self.values.get(setting.key) {
            Some(value) => {
                let texts = value.texts.iter().map(|text| forever(text));
                argument
                    .required(false)
                    .required_unless_present(Resettable::Reset)
                    .default_values(texts)
            }
            None => argument,
        }
    }

    fn value_for(&self, argument: &Arg) -> Option<(&'static Setting, &Value)> {
        let setting = setting_of(argument)?;
        Some((setting, self.values.get(setting.key)?))
    }
}

/// The setting whose variable is the option's.
pub(super) fn setting_of(argument: &Arg) -> Option<&'static Setting> {
    let variable = argument.get_env()?;
    SETTINGS
        .iter()
        .find(|setting| OsStr::new(setting.variable) == variable)
}

/// Whether an option takes this value; why not, otherwise.
fn takes(argument: &Arg, text: &OsStr) -> Result<(), String> {
    let probe = Arg::new("value")
        .value_parser(argument.get_value_parser().clone())
        .allow_hyphen_values(true);
    let parsed = Command::new("setting")
        .no_binary_name(true)
        .arg(probe)
        .try_get_matches_from([text]);
    parsed.map(|_| ()).map_err(|error| {
        use clap::error::{ContextKind, ContextValue};
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        let possible = match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(names)) if !names.is_empty() => {
                Some(format!("expected one of {}", names.join(", ")))
            }
            _ => None,
        };
        let reason = reason.or(possible);
        let reason = reason.unwrap_or_else(|| "its option does not take that".to_owned());
        format!("{reason}, found {:?}", text.to_string_lossy())
    })
}

/// Defaults of options live as long as the process, and so do the few values of its one file.
fn forever(text: &OsString) -> &'static OsStr {
    Box::leak(text.clone().into_boxed_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::value_parser;
    use std::net::SocketAddr;
    use std::path::Path;

    fn command() -> Command {
        let listen = Arg::new("listen")
            .long("listen")
            .env("VERACRUZ_HOST_LISTEN")
            .default_value("127.0.0.1:1")
            .value_parser(value_parser!(SocketAddr));
        let state = Arg::new("state")
            .long("state")
            .env("VERACRUZ_HOST_STATE")
            .required_unless_present("listen");
        Command::new("veracruz").subcommand(Command::new("host").args([listen, state]))
    }

    fn configuration(key: &'static str, text: &str) -> Configuration {
        let value = Value {
            texts: vec![text.into()],
            line: 7,
            column: 3,
        };
        Configuration {
            file: Some(Path::new("v.toml").into()),
            values: [(key, value)].into(),
        }
    }

    #[test]
    fn a_value_of_the_file_goes_before_the_default_and_after_the_option() {
        let with = |words: &[&str]| -> SocketAddr {
            let command = configuration("host.listen", "127.0.0.1:2").apply(command());
            let words = [&["veracruz", "host", "--state", "s"], words].concat();
            let matches = command.unwrap().try_get_matches_from(words).unwrap();
            let (_, host) = matches.subcommand().unwrap();
            *host.get_one("listen").unwrap()
        };
        assert_eq!(with(&[]).port(), 2);
        assert_eq!(with(&["--listen", "127.0.0.1:3"]).port(), 3);
    }

    #[test]
    fn what_stands_in_the_file_is_no_longer_required() {
        let applied = configuration("host.state", "state").apply(command());
        let matches = applied.unwrap().try_get_matches_from(["veracruz", "host"]);
        let matches = matches.unwrap();
        let (_, host) = matches.subcommand().unwrap();
        assert_eq!(host.get_one::<String>("state").unwrap(), "state");
    }

    #[test]
    fn a_value_that_the_option_does_not_take_is_an_error_at_its_place() {
        let error = configuration("host.listen", "here").apply(command());
        assert_eq!(
            error.unwrap_err().to_string(),
            "v.toml:7:3: host.listen: invalid socket address syntax, found \"here\""
        );
    }
}
