//! The folder of a verifier.

use super::service;
use crate::args::VerifierFolder;
use crate::config::ConfigError;
use crate::error::CliError;
use std::path::{Path, PathBuf};
use veracruz_verifier::{Config, file_url};

/// The configuration's name in the folder.
pub(super) const CONFIG: &str = "verifier.toml";
/// The database's, where the configuration names none.
const DATABASE: &str = "verifier.db";

/// The configuration of a verifier: paths in it are relative to its own folder.
pub(super) fn config(folder: &VerifierFolder) -> Result<Config, CliError> {
    let path = folder
        .verifier_config
        .clone()
        .unwrap_or_else(|| folder.state.join(CONFIG));
    let text = std::fs::read_to_string(&path).map_err(|source| CliError::file(&path, source))?;
    let mut config = parse(&path, &text, &folder.state)?;
    if let Some(url) = &folder.database {
        config.database.clone_from(url);
    }
    let base = path.parent().unwrap_or(Path::new(""));
    for file in [
        &mut config.ear_key,
        &mut config.ca_key,
        &mut config.ca_certificate,
        &mut config.tls_key,
        &mut config.tls_certificate,
    ] {
        *file = base.join(&file);
    }
    config.collateral = config.collateral.map(|folder: PathBuf| base.join(folder));
    Ok(config)
}

/// What the file says; its database is in the folder unless it says otherwise.
fn parse(path: &Path, text: &str, folder: &Path) -> Result<Config, ConfigError> {
    let wrong = |text: &str, error: &toml::de::Error| {
        let hint = Some("docs/verifier.md says what a verifier's configuration holds".to_owned());
        let error = ConfigError::toml(path, text, error);
        ConfigError { hint, ..error }
    };
    let table: toml::Table = toml::from_str(text).map_err(|error| wrong(text, &error))?;
    if table.contains_key("database") {
        return toml::from_str(text).map_err(|error| wrong(text, &error));
    }
    // A string of JSON is one of TOML.
    let url = serde_json::Value::from(file_url(&folder.join(DATABASE)));
    // Before all tables, the last of which would take it in; its line is counted off in errors.
    let whole = format!("database = {url}\n{text}");
    toml::from_str(&whole).map_err(|error| wrong(&whole, &error).lines_up(1))
}

/// Its database, for an administrator: the service may be running.
pub(super) async fn database(
    folder: &VerifierFolder,
) -> Result<veracruz_verifier::Database, CliError> {
    let config = config(folder)?;
    veracruz_verifier::Database::open(&config.database)
        .await
        .map_err(service)
}
