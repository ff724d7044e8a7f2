//! `verifier init`: keys, authority, configuration.

use super::folder::CONFIG;
use super::service;
use crate::args::VerifierInitArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use veracruz_verifier::{Authority, create_key, ear_key_pem, self_signed_tls};

/// Makes a folder that only its owner may enter, with everything that a verifier needs; what is
/// there already stays, and ends this.
pub(crate) fn init(arguments: &VerifierInitArgs) -> Result<Report, CliError> {
    let folder = &arguments.state;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| CliError::file(folder, source))?;
    let (ear_key, ca_key, tls_key) = (
        folder.join("ear.key"),
        folder.join("ca.key"),
        folder.join("tls.key"),
    );
    for key in [&ear_key, &ca_key, &tls_key] {
        create_key(key).map_err(service)?;
    }
    let ca = Authority::create(&arguments.name, &read(&ca_key)?).map_err(service)?;
    write(&folder.join("ca.crt"), &ca)?;
    let mut names = arguments.reached_as.clone();
    if names.is_empty() {
        names = vec![
            arguments.name.clone(),
            "localhost".into(),
            "127.0.0.1".into(),
        ];
    }
    let tls = self_signed_tls(names, &read(&tls_key)?).map_err(service)?;
    write(&folder.join("tls.crt"), &tls)?;
    let config = format!(
        "# A verifier's configuration; docs/verifier.md says what each name means.\n\
         name = {:?}\n\
         listen = \"127.0.0.1:7445\"\n\
         # metrics = \"127.0.0.1:7446\"\n\
         ear_key = \"ear.key\"\n\
         ca_key = \"ca.key\"\n\
         ca_certificate = \"ca.crt\"\n\
         tls_key = \"tls.key\"\n\
         tls_certificate = \"tls.crt\"\n",
        arguments.name
    );
    write(&folder.join(CONFIG), &config)?;
    let ear_key = ear_key_pem(&read(&ear_key)?).map_err(service)?;
    let verifier = json!({ "name": arguments.name, "ca": ca, "ear_key": ear_key });
    let document = json!({
        "state": folder,
        "verifier": verifier,
        "tls_certificate": folder.join("tls.crt"),
        "ca_certificate": folder.join("ca.crt"),
    });
    Ok(Report::new(document)
        .line(format!(
            "made {}: keep its keys to yourself",
            folder.display()
        ))
        .line("policies name it as")
        .line(format!("{verifier:#}"))
        .line(format!(
            "standard clients are given {} (never the system's store)",
            folder.join("ca.crt").display()
        ))
        .line(format!(
            "hosts are given {} to reach it",
            folder.join("tls.crt").display()
        )))
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::file(path, source))
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    use std::io::Write;
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| CliError::file(path, source))
}
