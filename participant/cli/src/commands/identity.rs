//! `veracruz identity`.

use crate::args::{IdentityCommand, IdentityFile, IdentityNewArgs};
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;

/// Runs one of the commands.
pub(crate) fn identity(command: &IdentityCommand) -> Result<Report, CliError> {
    match command {
        IdentityCommand::New(arguments) => new(arguments),
        IdentityCommand::Certificate(file) => certificate(file),
    }
}

/// `identity new`: a key in a file that only its owner can read, the certificate beside it.
fn new(arguments: &IdentityNewArgs) -> Result<Report, CliError> {
    let identity = veracruz_client::identity::create(&arguments.out, &arguments.name, None)?;
    let certificate = arguments.out.with_extension("crt");
    veracruz_client::identity::write_certificate(&identity, &certificate)?;
    let pem = pem(&identity)?;
    let document = json!({
        "identity": arguments.out,
        "certificate_file": certificate,
        "certificate": pem,
        "key": identity.key().to_string(),
    });
    Ok(Report::new(document)
        .line(format!(
            "made {}: keep it to yourself",
            arguments.out.display()
        ))
        .line(format!(
            "made {}: give it to whoever writes the policy",
            certificate.display()
        ))
        .line(format!("key {}", identity.key())))
}

/// `identity certificate`: what a policy names.
fn certificate(file: &IdentityFile) -> Result<Report, CliError> {
    let identity = veracruz_client::identity::load(&file.identity, None)?;
    let pem = pem(&identity)?;
    let document = json!({ "certificate": pem, "key": identity.key().to_string() });
    Ok(Report::new(document).line(pem.trim_end()))
}

fn pem(identity: &veracruz_client::Identity) -> Result<String, CliError> {
    identity
        .certificate_pem()
        .map_err(|error| CliError::Service(error.to_string()))
}
