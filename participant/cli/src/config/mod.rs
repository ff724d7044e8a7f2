//! Settings: where each comes from, and what it is.
//!
//! What stands on the command line goes before the environment, that before one file, and that
//! before what holds by default. The file feeds clap's defaults, so that whatever an option takes,
//! its setting takes, by the same parser; [`SETTINGS`] says which option that is, by the variable
//! that both share.
//!
//! One file is read, and none in the current folder: what lies in a folder that was downloaded must
//! not choose whose identity signs, or which host is spoken to.

mod apply;
mod file;
mod page;
mod settings;
mod sources;

pub(crate) use file::ConfigError;
pub use page::page;
pub(crate) use sources::{Origin, Source};

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The name of the file.
const NAME: &str = "veracruz.toml";
/// The variable that names another file, or none where it is empty.
const VARIABLE: &str = "VERACRUZ_CONFIG";

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// The file that was read.
    file: Option<PathBuf>,
    /// By key.
    values: BTreeMap<&'static str, Value>,
}

/// What stands in the file for one setting.
#[derive(Debug)]
struct Value {
    /// As the option would be given it; several for a list.
    texts: Vec<OsString>,
    /// Where, counted from 1.
    line: usize,
    column: usize,
}

impl Configuration {
    /// Reads the file that `given`, the environment or the home folder names. Where it is the home
    /// folder's, it may be absent.
    pub(crate) fn read(given: Option<&OsStr>) -> Result<Self, ConfigError> {
        match (given, std::env::var_os(VARIABLE)) {
            (Some(path), _) => file::read(Path::new(path)),
            (None, Some(path)) if path.is_empty() => Ok(Self::default()),
            (None, Some(path)) => file::read(Path::new(&path)),
            (None, None) => match default_path() {
                Some(path) if path.exists() => file::read(&path),
                _ => Ok(Self::default()),
            },
        }
    }

    /// The file that was read.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// `veracruz.toml` in the folder of what is the user's.
pub(crate) fn default_path() -> Option<PathBuf> {
    home().map(|home| home.join(NAME))
}

/// The folder of what is the user's: `$VERACRUZ_HOME`, or `.veracruz` in the home folder.
pub(crate) fn home() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let own = variable("VERACRUZ_HOME").map(PathBuf::from);
    let user = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    own.or_else(|| variable(user).map(|home| PathBuf::from(home).join(".veracruz")))
}
