//! The folder of a verifier.

use super::service;
use crate::args::VerifierFolder;
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
        .config
        .clone()
        .unwrap_or_else(|| folder.state.join(CONFIG));
    let text = std::fs::read_to_string(&path).map_err(|source| CliError::file(&path, source))?;
    let mut table: toml::Table = toml::from_str(&text)
        .map_err(|error| CliError::argument("a configuration in TOML", &error))?;
    let database = match &folder.database {
        Some(url) => url.clone(),
        None => match table.get("database").and_then(toml::Value::as_str) {
            Some(url) => url.to_owned(),
            None => file_url(&folder.state.join(DATABASE)),
        },
    };
    table.insert("database".into(), database.into());
    let mut config: Config = table.try_into().map_err(|error: toml::de::Error| {
        CliError::argument("a verifier's configuration", &error)
    })?;
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

/// Its database, for an administrator: the service may be running.
pub(super) async fn database(
    folder: &VerifierFolder,
) -> Result<veracruz_verifier::Database, CliError> {
    let config = config(folder)?;
    veracruz_verifier::Database::open(&config.database)
        .await
        .map_err(service)
}
