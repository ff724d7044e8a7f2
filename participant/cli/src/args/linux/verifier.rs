//! The options of `veracruz verifier`.

use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use veracruz_policy::KeyDigest;

#[derive(Debug, Subcommand)]
pub(crate) enum VerifierCommand {
    /// Make the keys, the authority and the configuration of a new verifier
    Init(VerifierInitArgs),
    /// Serve until told to stop
    Serve(VerifierServeArgs),
    /// Enrol a key that vouches for isolates, or a policy as reference values
    Enroll(VerifierEnrollArgs),
    /// List what is enrolled, and the latest verdicts
    List(VerifierListArgs),
    /// Take back what is enrolled; a key for ever
    Revoke(VerifierRevokeArgs),
}

/// Which verifier of this machine.
#[derive(Debug, Args)]
pub(crate) struct VerifierFolder {
    /// The folder of its keys, its configuration `verifier.toml` and, unless that says otherwise,
    /// its database
    #[arg(long, value_name = "DIR", env = "VERACRUZ_VERIFIER")]
    pub(crate) state: PathBuf,
    /// Its configuration (verifier.toml in its folder unless given)
    #[arg(long, value_name = "FILE", env = "VERACRUZ_VERIFIER_CONFIG")]
    pub(crate) verifier_config: Option<PathBuf>,
    /// Its database, instead of the one that the configuration names: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL", env = "VERACRUZ_VERIFIER_DATABASE")]
    pub(crate) database: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifierInitArgs {
    /// The folder to make
    #[arg(long, value_name = "DIR", env = "VERACRUZ_VERIFIER")]
    pub(crate) state: PathBuf,
    /// The name by which policies shall know it, as verifier.example
    #[arg(long)]
    pub(crate) name: String,
    /// Names and addresses by which it is reached, for its TLS certificate (its name and localhost
    /// unless given)
    #[arg(long, value_name = "NAME")]
    pub(crate) reached_as: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifierServeArgs {
    #[command(flatten)]
    pub(crate) folder: VerifierFolder,
    /// Where it listens, instead of where the configuration says
    #[arg(long, value_name = "ADDRESS", env = "VERACRUZ_VERIFIER_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where its metrics are (loopback only), instead of where the configuration says
    #[arg(long, value_name = "ADDRESS", env = "VERACRUZ_VERIFIER_METRICS")]
    pub(crate) metrics: Option<SocketAddr>,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["attester", "policy"])))]
pub(crate) struct VerifierEnrollArgs {
    #[command(flatten)]
    pub(crate) folder: VerifierFolder,
    /// The digest of a key that vouches for isolates, as policies name it
    #[arg(long, value_name = "DIGEST", requires = "name")]
    pub(crate) attester: Option<KeyDigest>,
    /// Which machine that is, for people
    #[arg(long, requires = "attester")]
    pub(crate) name: Option<String>,
    /// Evidence of that machine's hardware with the attester's digest as its report data; without
    /// it the key is enrolled by your word
    #[arg(long, value_name = "FILE", requires = "attester")]
    pub(crate) evidence: Option<PathBuf>,
    /// A folder of collateral for that evidence
    #[arg(long, value_name = "DIR", requires = "evidence")]
    pub(crate) collateral: Option<PathBuf>,
    /// A policy whose isolates are good where evidence comes without a policy
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifierListArgs {
    #[command(flatten)]
    pub(crate) folder: VerifierFolder,
    /// How many of the latest verdicts
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) verdicts: u32,
}

#[derive(Debug, Args)]
pub(crate) struct VerifierRevokeArgs {
    #[command(flatten)]
    pub(crate) folder: VerifierFolder,
    /// The digest of a key, or the hash of a policy
    #[arg(value_name = "DIGEST|HASH")]
    pub(crate) what: String,
}
