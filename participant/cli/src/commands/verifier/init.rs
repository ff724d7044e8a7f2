//! `verifier init`: keys, authority, configuration.

use super::folder::CONFIG;
use super::service;
use crate::args::VerifierInitArgs;
use crate::error::CliError;
use crate::output::Report;
use crate::written;
use serde_json::json;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use veracruz_verifier::{Authority, KeyFileError, create_key, ear_key_pem, self_signed_tls};

/// The files of a verifier, in its folder.
const FILES: [&str; 6] = ["ear.key", "ca.key", "tls.key", "ca.crt", "tls.crt", CONFIG];

/// Makes a folder that only its owner may enter, with everything that a verifier needs; what is
/// there already stays, and ends this.
pub(crate) fn init(arguments: &VerifierInitArgs) -> Result<Report, CliError> {
    let folder = &arguments.state;
    for file in FILES {
        let path = folder.join(file);
        if path.symlink_metadata().is_ok() {
            return Err(CliError::Exists { path });
        }
    }
    // Everything in a folder beside it first: half a verifier is none.
    let unusable = |source| CliError::file(folder, source);
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(unusable)?;
    let beside = tempfile::Builder::new()
        .prefix(".veracruz-")
        .tempdir_in(parent)
        .map_err(unusable)?;
    let Made { ca, ear_key } = make(arguments, beside.path())?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(unusable)?;
    for file in FILES {
        std::fs::rename(beside.path().join(file), folder.join(file)).map_err(unusable)?;
    }
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

/// What policies name of a verifier.
struct Made {
    ca: String,
    ear_key: String,
}

/// Makes all files in an empty folder.
fn make(arguments: &VerifierInitArgs, folder: &Path) -> Result<Made, CliError> {
    let key = |name: &str| {
        let path = folder.join(name);
        create_key(&path).map_err(|error| match error {
            KeyFileError::Unusable { path, source } => CliError::File { path, source },
            other => service(other),
        })?;
        std::fs::read_to_string(&path).map_err(|source| CliError::file(&path, source))
    };
    let put = |name: &str, text: &str| written::file(&folder.join(name), text.as_bytes(), false);
    let (ear_key, ca_key, tls_key) = (key("ear.key")?, key("ca.key")?, key("tls.key")?);
    let ca = Authority::create(&arguments.name, &ca_key).map_err(service)?;
    put("ca.crt", &ca)?;
    let mut names = arguments.reached_as.clone();
    if names.is_empty() {
        names = vec![
            arguments.name.clone(),
            "localhost".into(),
            "127.0.0.1".into(),
        ];
    }
    let tls = self_signed_tls(names, &tls_key).map_err(service)?;
    put("tls.crt", &tls)?;
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
    put(CONFIG, &config)?;
    let ear_key = ear_key_pem(&ear_key).map_err(service)?;
    Ok(Made { ca, ear_key })
}
