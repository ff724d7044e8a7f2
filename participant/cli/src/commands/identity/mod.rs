//! `veracruz identity`, and how every command comes by the identity that it acts by.

mod ask;

use crate::args::{IdentityCommand, IdentityFile, IdentityNewArgs, IdentityPassphraseArgs};
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use veracruz_client::identity::{self, Description};
use veracruz_client::{Error, Identity, PRIVACY_OF_FILES, now};

/// Runs one of the commands.
pub(crate) fn identity(command: &IdentityCommand) -> Result<Report, CliError> {
    match command {
        IdentityCommand::New(arguments) => new(arguments),
        IdentityCommand::Certificate(file) => certificate(file),
        IdentityCommand::Show(file) => show(file),
        IdentityCommand::Passphrase(arguments) => passphrase(arguments),
    }
}

/// The identity that a command acts by. Where it is under a passphrase, that is read from its file,
/// or asked for on a terminal.
pub(crate) fn load(file: &IdentityFile) -> Result<Identity, CliError> {
    let mut tries = ask::TRIES;
    loop {
        let loaded = identity::load_asking(&file.identity, None, || ask::passphrase_of(file));
        tries = tries.saturating_sub(1);
        match loaded {
            Err(Error::PassphraseWrong { .. }) if tries > 0 && ask::can_ask(file) => {
                ask::say("That is not it.");
            }
            other => return Ok(other?),
        }
    }
}

/// `identity new`: a key in a file that only its owner can read, the certificate beside it.
fn new(arguments: &IdentityNewArgs) -> Result<Report, CliError> {
    let certificate = arguments.out.with_extension("crt");
    // Before the key is made: one without the other would be half a thing.
    for path in [&arguments.out, &certificate] {
        if path.symlink_metadata().is_ok() {
            return Err(CliError::Exists { path: path.clone() });
        }
    }
    let file = arguments.new_passphrase_file.as_deref();
    let passphrase = match (file, arguments.passphrase) {
        (None, false) => None,
        (file, _) => Some(ask::new_passphrase(file)?),
    };
    let made = identity::create_sealed(&arguments.out, &arguments.name, None, passphrase.as_ref())?;
    if let Err(error) = identity::write_certificate(&made, &certificate) {
        // A key without a certificate is half a thing, and nobody knows this one yet.
        let _ = std::fs::remove_file(&arguments.out);
        return Err(error.into());
    }
    let document = json!({
        "identity": arguments.out,
        "certificate_file": certificate,
        "certificate": pem(&made)?,
        "key": made.key().to_string(),
        "passphrase": passphrase.is_some(),
    });
    let secret = match passphrase {
        Some(_) => "keep it to yourself, and remember its passphrase: nobody can restore it",
        None => "keep it to yourself",
    };
    Ok(Report::new(document)
        .line(format!("made {}: {secret}", arguments.out.display()))
        .line(format!(
            "made {}: give it to whoever writes the policy",
            certificate.display()
        ))
        .line(format!("key {}", made.key()))
        .lines(PRIVACY_OF_FILES.map(|note| format!("NOTE: {note}"))))
}

/// `identity certificate`: what a policy names. It is no secret, so that no passphrase is needed.
fn certificate(file: &IdentityFile) -> Result<Report, CliError> {
    let Description {
        certificate, key, ..
    } = identity::describe(&file.identity)?;
    let document = json!({ "certificate": certificate, "key": key.to_string() });
    Ok(Report::new(document).line(certificate.trim_end()))
}

/// `identity show`: what stands in the certificate, and how the key is kept.
fn show(file: &IdentityFile) -> Result<Report, CliError> {
    let description = identity::describe(&file.identity)?;
    let now = now();
    let (from, until) = (description.not_before, description.not_after);
    let holds = from <= now && now <= until;
    let document = json!({
        "identity": file.identity,
        "name": description.name,
        "key": description.key.to_string(),
        "not_before": from.to_string(),
        "not_after": until.to_string(),
        "valid_now": holds,
        "passphrase": description.sealed,
    });
    let kept = match description.sealed {
        true => "under a passphrase",
        false => "without a passphrase: whoever reads the file can be you",
    };
    let dates = match (holds, until >= NO_END) {
        (true, true) => "without an end".to_owned(),
        (true, false) => format!("until {until}"),
        (false, _) => format!("NOT NOW: from {from} until {until}"),
    };
    let name = description.name.as_deref().unwrap_or("-");
    Ok(Report::new(document)
        .line(format!("name   {name}"))
        .line(format!("key    {}", description.key))
        .line(format!("valid  {dates}"))
        .line(format!("kept   {kept}")))
}

/// 9999-12-31T23:59:59Z: no well-defined end (RFC 5280, section 4.1.2.5).
const NO_END: veracruz_client::Timestamp =
    veracruz_client::Timestamp::from_seconds(253_402_300_799);

/// `identity passphrase`: the same key, kept in another way.
fn passphrase(arguments: &IdentityPassphraseArgs) -> Result<Report, CliError> {
    let file = &arguments.file;
    let was_sealed = identity::describe(&file.identity)?.sealed;
    // Opened first: nobody chooses a new passphrase to learn that the old one was wrong.
    let identity = load(file)?;
    let new = match arguments.remove {
        true => None,
        false => Some(ask::new_passphrase(
            arguments.new_passphrase_file.as_deref(),
        )?),
    };
    identity::reseal(&file.identity, &identity, new.as_ref())?;
    let done = match (was_sealed, new.is_some()) {
        (false, true) => "now opens with its passphrase",
        (true, true) => "now opens with the new passphrase, and no longer with the old one",
        (true, false) => "now opens without a passphrase: whoever reads the file can be you",
        (false, false) => "opens without a passphrase, as before",
    };
    let document = json!({
        "identity": file.identity,
        "key": identity.key().to_string(),
        "passphrase": new.is_some(),
    });
    Ok(Report::new(document).line(format!("{} {done}", file.identity.display())))
}

fn pem(identity: &Identity) -> Result<String, CliError> {
    identity
        .certificate_pem()
        .map_err(|error| CliError::Service(error.to_string()))
}
