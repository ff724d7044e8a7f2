//! Passphrases: from a file, or from whoever sits at the terminal.

use crate::args::IdentityFile;
use dialoguer::Password;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use veracruz_client::Error;
use veracruz_client::identity::Passphrase;

/// How often somebody may mistype.
pub(super) const TRIES: u32 = 3;

/// The passphrase of an identity that is there.
pub(super) fn passphrase_of(file: &IdentityFile) -> Result<Passphrase, Error> {
    if let Some(path) = &file.passphrase_file {
        return Passphrase::read(path);
    }
    if !can_ask(file) {
        let path = file.identity.clone();
        return Err(Error::PassphraseNeeded { path });
    }
    let prompt = format!("Passphrase of {}", file.identity.display());
    asked(Password::new().with_prompt(prompt))
}

/// One that is chosen now: twice, since what was mistyped is lost.
pub(super) fn new_passphrase(file: Option<&Path>) -> Result<Passphrase, Error> {
    match file {
        Some(path) => Passphrase::read(path),
        None if std::io::stderr().is_terminal() => asked(
            Password::new()
                .with_prompt("New passphrase")
                .with_confirmation("The same again", "These differ."),
        ),
        None => Err(Error::PassphraseUnusable {
            path: None,
            reason: "there is no terminal to ask at; --new-passphrase-file names a file".into(),
        }),
    }
}

/// Whether there is somebody to ask, and nothing to ask for elsewhere.
pub(super) fn can_ask(file: &IdentityFile) -> bool {
    file.passphrase_file.is_none() && std::io::stderr().is_terminal()
}

/// Tells whoever was asked.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn asked(prompt: Password<'_>) -> Result<Passphrase, Error> {
    let typed = prompt.report(false).interact();
    let typed = typed.map_err(|error| Error::PassphraseUnusable {
        path: None,
        reason: error.to_string(),
    })?;
    Passphrase::new(typed)
}
