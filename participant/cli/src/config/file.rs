//! One file, read strictly.

use super::settings::{Kind, SETTINGS, Setting};
use super::{Configuration, Value};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use veracruz_policy::nearest;

/// Far more than all settings need.
const MAX_BYTES: u64 = 1 << 20;

/// Why a file of settings cannot be used.
#[derive(Debug, Error)]
#[error("{}{}: {message}", .path.display(), at(*place))]
pub(crate) struct ConfigError {
    pub(crate) path: PathBuf,
    /// Line and column, counted from 1.
    pub(crate) place: Option<(usize, usize)>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl ConfigError {
    /// Something about the file as a whole.
    fn whole(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
            message: message.into(),
            hint: None,
        }
    }

    /// What a parser of TOML says of `text`.
    pub(crate) fn toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self {
            path: path.to_owned(),
            place: error.span().map(|span| place(text, span.start)),
            message: error.message().to_owned(),
            hint: None,
        }
    }

    /// The same, of a text that had lines before the file's. (Those of a verifier do.)
    #[cfg(target_os = "linux")]
    pub(crate) fn lines_up(mut self, lines: usize) -> Self {
        self.place = self.place.and_then(|(line, column)| {
            Some((line.checked_sub(lines).filter(|line| *line > 0)?, column))
        });
        self
    }

    /// A value that its option does not take.
    pub(super) fn value(path: &Path, value: &Value, message: String) -> Self {
        Self {
            path: path.to_owned(),
            place: Some((value.line, value.column)),
            message,
            hint: None,
        }
    }
}

fn at(place: Option<(usize, usize)>) -> String {
    place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

/// Line and column of a byte, counted from 1, columns in characters.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let start = before
        .rfind('\n')
        .map_or(0, |newline| newline.saturating_add(1));
    let column = before.get(start..).unwrap_or_default().chars().count();
    (line, column.saturating_add(1))
}

/// Reads it whole.
pub(super) fn read(path: &Path) -> Result<Configuration, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::whole(path, error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if others_may_change(&metadata) {
        return Err(ConfigError {
            hint: Some("`chmod go-w` it, after a look at what stands in it".to_owned()),
            ..ConfigError::whole(path, "others can change it")
        });
    }
    let mut text = String::new();
    file.take(MAX_BYTES.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(ConfigError::whole(path, "it has more than 1 MiB"));
    }
    // Children run in other folders.
    let path = std::path::absolute(path).map_err(unreadable)?;
    parse(&path, &text)
}

#[cfg(unix)]
fn others_may_change(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o022 != 0
}

/// Other systems have lists that modes do not show.
#[cfg(not(unix))]
fn others_may_change(_: &std::fs::Metadata) -> bool {
    false
}

fn parse(path: &Path, text: &str) -> Result<Configuration, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| ConfigError::toml(path, text, &error))?;
    let mut reader = Reader {
        path,
        text,
        values: BTreeMap::new(),
    };
    reader.table("", table.get_ref())?;
    Ok(Configuration {
        file: Some(path.to_owned()),
        values: reader.values,
    })
}

/// Walks through the tables of a file.
struct Reader<'f> {
    path: &'f Path,
    text: &'f str,
    values: BTreeMap<&'static str, Value>,
}

impl Reader<'_> {
    /// Everything in a table; `prefix` is its name with a dot, or nothing.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let inside = format!("{key}.");
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
                let texts = self.texts(setting, value)?;
                let (line, column) = place(self.text, value.span().start);
                let value = Value {
                    texts,
                    line,
                    column,
                };
                self.values.insert(setting.key, value);
            } else if !SETTINGS.iter().any(|one| one.key.starts_with(&inside)) {
                return Err(self.unknown(prefix, &key, name));
            } else if let DeValue::Table(table) = value.get_ref() {
                self.table(&inside, table)?;
            } else {
                let message = format!("{key} is a table, found {}", kind(value.get_ref()));
                return Err(self.wrong(value.span(), message));
            }
        }
        Ok(())
    }

    /// A value as its option would be given it.
    fn texts(
        &self,
        setting: &Setting,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<OsString>, ConfigError> {
        let wrong = |value: &Spanned<DeValue<'_>>| {
            let (key, expected) = (setting.key, setting.kind.name());
            let message = format!("{key} is {expected}, found {}", kind(value.get_ref()));
            self.wrong(value.span(), message)
        };
        let text = match (setting.kind, value.get_ref()) {
            // An empty path would be the folder of the file.
            (Kind::Path, DeValue::String(text)) if !text.is_empty() => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                folder.join(text.as_ref()).into_os_string()
            }
            (Kind::Path, DeValue::String(_)) => {
                return Err(self.wrong(value.span(), format!("{} is empty", setting.key)));
            }
            (Kind::Text | Kind::Texts | Kind::Secret | Kind::Amount, DeValue::String(text)) => {
                OsString::from(text.as_ref())
            }
            (Kind::Number | Kind::Amount, DeValue::Integer(number)) if number.radix() == 10 => {
                OsString::from(number.as_str())
            }
            (Kind::List | Kind::Texts, DeValue::Array(items)) => {
                let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                    DeValue::String(text) => Ok(OsString::from(text.as_ref())),
                    _ => Err(wrong(item)),
                };
                return items.iter().map(text).collect();
            }
            _ => return Err(wrong(value)),
        };
        Ok(vec![text])
    }

    /// A name that there is not, with the nearest that there is.
    fn unknown(
        &self,
        prefix: &str,
        key: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
    ) -> ConfigError {
        let here = SETTINGS.iter().filter_map(|setting| {
            let rest = setting.key.strip_prefix(prefix)?;
            rest.split('.').next()
        });
        let meant = nearest(name.get_ref(), here);
        let elsewhere = || {
            let last = |setting: &&Setting| setting.key.rsplit('.').next() == Some(name.get_ref());
            SETTINGS.iter().find(last).map(|setting| setting.key)
        };
        let hint = match meant {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None => elsewhere().map(|key| format!("did you mean `{key}`?")),
        };
        let error = self.wrong(name.span(), format!("there is no setting {key:?}"));
        ConfigError { hint, ..error }
    }

    fn wrong(&self, span: Range<usize>, message: String) -> ConfigError {
        ConfigError {
            place: Some(place(self.text, span.start)),
            ..ConfigError::whole(self.path, message)
        }
    }
}

/// What a value is, in words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        let error = parse(Path::new("/etc/veracruz.toml"), text).unwrap_err();
        let hint = error.hint.clone().unwrap_or_default();
        format!("{error}; {hint}")
    }

    #[test]
    fn reads_settings_and_takes_paths_from_its_own_folder() {
        let text = "color = \"never\"\n[client]\nidentity = \"keys/acme.pem\"\n\
                    policy = \"/srv/policy.json\"\nhost = \"host.example:7443\"\n\
                    [host]\nverifiers = [\"https://a:1\", \"https://b:2\"]\n\
                    limits.isolates = 4\nlimits.memory = \"64GiB\"\n";
        let read = parse(Path::new("/etc/veracruz.toml"), text).unwrap();
        let texts = |key: &str| -> Vec<&str> {
            let texts = read.values.get(key).map(|value| value.texts.as_slice());
            let texts = texts.unwrap_or_default().iter();
            texts.filter_map(|text| text.to_str()).collect()
        };
        assert_eq!(texts("client.identity"), ["/etc/keys/acme.pem"]);
        assert_eq!(texts("client.policy"), ["/srv/policy.json"]);
        assert_eq!(texts("client.host"), ["host.example:7443"]);
        assert_eq!(texts("host.verifiers"), ["https://a:1", "https://b:2"]);
        assert_eq!(texts("host.limits.isolates"), ["4"]);
        assert_eq!(texts("host.limits.memory"), ["64GiB"]);
        let line = read.values.get("client.policy").map(|value| value.line);
        assert_eq!(line, Some(4));
    }

    #[test]
    fn says_where_it_is_wrong_and_what_was_probably_meant() {
        for (text, expected) in [
            (
                "[client]\n  identiy = \"a\"",
                ":2:3: there is no setting \"client.identiy\"; did you mean `identity`?",
            ),
            (
                "identity = \"a\"",
                ":1:1: there is no setting \"identity\"; did you mean `client.identity`?",
            ),
            (
                "[clients]\n",
                ":1:2: there is no setting \"clients\"; did you mean `client`?",
            ),
            ("[x]\n", ":1:2: there is no setting \"x\"; "),
            ("client = 3", ":1:10: client is a table, found a number; "),
            (
                "[host]\nlimits.isolates = \"4\"",
                ":2:19: host.limits.isolates is a whole number, found a string; ",
            ),
            (
                "[host]\nverifiers = [\"a\", 3]",
                ":2:19: host.verifiers is an array of strings, found a number; ",
            ),
            (
                "[client]\nidentity = \"\"",
                ":2:12: client.identity is empty; ",
            ),
        ] {
            assert_eq!(said(text), format!("/etc/veracruz.toml{expected}"));
        }
        assert!(said("[client]\nhost = \"a\"\nhost = \"b\"").contains(":3:1: duplicate key"));
        assert!(said("[client").starts_with("/etc/veracruz.toml:1:8: "));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(place("ä = 1\nöö = 2", 7), (2, 1));
        assert_eq!(place("ä = 1\nöö = 2", 11), (2, 3));
        assert_eq!(place("", 7), (1, 1));
    }
}
