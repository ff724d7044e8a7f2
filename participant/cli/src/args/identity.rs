//! `veracruz identity`, and how every command is told whose identity it acts by.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make a new key and a certificate for it
    New(IdentityNewArgs),
    /// Print the certificate of an identity, for a policy
    Certificate(IdentityFile),
    /// Say whose an identity is, from when until when, and whether it has a passphrase
    Show(IdentityFile),
    /// Set, change or remove the passphrase of an identity
    Passphrase(IdentityPassphraseArgs),
}

#[derive(Debug, Args)]
pub(crate) struct IdentityNewArgs {
    /// Your name, as the certificate shall say it (a policy knows you by the key alone)
    #[arg(long)]
    pub(crate) name: String,
    /// Where the key goes (readable by you alone); the certificate goes beside it as .crt
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Encrypt the key under a passphrase, for which you are asked
    #[arg(long)]
    pub(crate) passphrase: bool,
    /// Encrypt the key under the passphrase in the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityFile {
    /// Your identity
    #[arg(long, value_name = "FILE", env = "VERACRUZ_IDENTITY")]
    pub(crate) identity: PathBuf,
    /// A file with its passphrase in the first line (you are asked on a terminal unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_PASSPHRASE_FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityPassphraseArgs {
    #[command(flatten)]
    pub(crate) file: IdentityFile,
    /// The new passphrase, in the first line of this file (you are asked unless given)
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
    /// Leave the key without a passphrase
    #[arg(long)]
    pub(crate) remove: bool,
}
