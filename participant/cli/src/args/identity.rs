//! `veracruz identity`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Make a new key and a certificate for it
    New(IdentityNewArgs),
    /// Print the certificate of an identity, for a policy
    Certificate(IdentityFile),
}

#[derive(Debug, Args)]
pub(crate) struct IdentityNewArgs {
    /// Your name, as the certificate shall say it (a policy knows you by the key alone)
    #[arg(long)]
    pub(crate) name: String,
    /// Where the key goes (readable by you alone); the certificate goes beside it as .crt
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityFile {
    /// Your identity
    #[arg(long, value_name = "FILE", env = "VERACRUZ_IDENTITY")]
    pub(crate) identity: PathBuf,
}
