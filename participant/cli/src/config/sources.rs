//! Where each setting's value comes from.

use super::Configuration;
use super::apply::setting_of;
use super::settings::{Kind, SETTINGS, Setting};
use clap::Command;

/// A setting, its value, and where that comes from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) key: &'static str,
    /// Never a secret; `None` where nothing is set.
    pub(crate) value: Option<String>,
    pub(crate) origin: Origin,
    pub(crate) variable: &'static str,
    /// What holds instead of a value, in words.
    pub(crate) otherwise: &'static str,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variable.
    Environment,
    /// The file, in this line.
    File { line: usize },
    /// Nobody.
    Default,
}

impl Configuration {
    /// Every setting, as commands without options would have it.
    pub(crate) fn sources(&self, command: &Command) -> Vec<Source> {
        let one = |setting: &'static Setting| {
            let variable = std::env::var_os(setting.variable).filter(|value| !value.is_empty());
            let (value, origin) = match (variable, self.values.get(setting.key)) {
                (Some(value), _) => (
                    Some(value.to_string_lossy().into_owned()),
                    Origin::Environment,
                ),
                (None, Some(value)) => {
                    let texts = value.texts.iter().map(|text| text.to_string_lossy());
                    let texts = texts.collect::<Vec<_>>().join(", ");
                    (Some(texts), Origin::File { line: value.line })
                }
                (None, None) => (default(command, setting), Origin::Default),
            };
            let shown = |value: String| match setting.kind {
                Kind::Secret => without_password(&value),
                _ => value,
            };
            Source {
                key: setting.key,
                value: value.map(shown),
                origin,
                variable: setting.variable,
                otherwise: setting.otherwise,
            }
        };
        SETTINGS.iter().map(one).collect()
    }
}

/// What an option of the setting has by default.
pub(super) fn default(command: &Command, setting: &Setting) -> Option<String> {
    let own = command
        .get_arguments()
        .filter(|argument| setting_of(argument).is_some_and(|one| one.key == setting.key))
        .find_map(|argument| argument.get_default_values().first())
        .map(|value| value.to_string_lossy().into_owned());
    own.or_else(|| {
        command
            .get_subcommands()
            .find_map(|command| default(command, setting))
    })
}

/// A URL with dots where its password is.
fn without_password(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        // The last of them: a password may hold one itself.
        let (user, place) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…@{place}"))
    };
    hidden().unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("postgres://me:p:w@x@db/v", "postgres://me:…@db/v"),
            ("postgres://me@db/v", "postgres://me@db/v"),
            ("sqlite:/var/v.db", "sqlite:/var/v.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
