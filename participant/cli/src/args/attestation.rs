//! The options of the commands about evidence in files and what it is judged with.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use veracruz_appraisal::Technology;
use veracruz_policy::Timestamp;

#[derive(Debug, Args)]
pub(crate) struct AppraiseArgs {
    /// What kind of evidence it is: sw-rot, sgx, tdx, sev-snp, nitro, cca, psa, tpm, azure-vtpm
    /// (or a name that other tools have for it). May be left out where the evidence's envelope
    /// says it
    #[arg(long, value_name = "NAME", value_parser = technology)]
    pub(crate) technology: Option<Technology>,
    /// The evidence: in an envelope or raw, also as hex or base64
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: PathBuf,
    /// A file of collateral, or a folder of such files (your store unless given)
    #[arg(long, value_name = "PATH")]
    pub(crate) collateral: Vec<PathBuf>,
    /// Your store, where no collateral is named ($VERACRUZ_HOME/collateral unless given, or
    /// ~/.veracruz/collateral)
    #[arg(long, value_name = "DIR", env = "VERACRUZ_COLLATERAL")]
    pub(crate) store: Option<PathBuf>,
    /// What the evidence must say: a policy, its `isolates`, one kind of these, or a CoRIM. Without
    /// it, genuineness alone is judged
    #[arg(long, value_name = "FILE")]
    pub(crate) reference: Vec<PathBuf>,
    /// The key that must have signed the CoRIM files, PEM
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) reference_key: Option<PathBuf>,
    /// What the evidence must be bound to: zeros are understood after it
    #[arg(long, value_name = "HEX")]
    pub(crate) report_data: Option<String>,
    /// The policy with which the isolate must have been started, or its hash
    #[arg(long, value_name = "HASH|POLICY")]
    pub(crate) launch_policy: Option<String>,
    /// The time at which to judge, as 2026-11-20T12:00:00Z (this machine's clock unless given)
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    pub(crate) now: Option<Timestamp>,
}

/// The kind of evidence that `name` stands for, in our words or those of other tools.
fn technology(name: &str) -> Result<Technology, String> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let alias = match name.as_str() {
        "process" => "sw-rot",
        "sgx-dcap" | "intel-sgx" => "sgx",
        "tdx-dcap" | "intel-tdx" => "tdx",
        "snp" | "sevsnp" | "amd-sev-snp" => "sev-snp",
        "aws-nitro" | "nitro-enclave" => "nitro",
        "arm-cca" => "cca",
        "psa-token" | "arm-psa" => "psa",
        "tpm2" | "vtpm" | "gce-vtpm" | "vtpm-gce" => "tpm",
        "azure" | "vtpm-azure" | "az-snp-vtpm" | "az-tdx-vtpm" => "azure-vtpm",
        name => name,
    };
    let known = Technology::ALL.iter().copied();
    known
        .clone()
        .find(|technology| technology.name() == alias)
        .ok_or_else(|| {
            let names: Vec<_> = known.map(Technology::name).collect();
            format!("expected one of {}", names.join(", "))
        })
}

/// RFC 3339, with any offset; fractions of a second are cut off.
fn timestamp(text: &str) -> Result<Timestamp, String> {
    text.parse::<jiff::Timestamp>()
        .map(|time| Timestamp::from_seconds(time.as_second()))
        .map_err(|_| "expected a time as 2026-11-20T12:00:00Z".into())
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollateralCommand {
    /// Add certificates, revocation lists, TCB info, QE identities or public keys
    Add(CollateralAddArgs),
    /// List what is there, with dates
    List(CollateralStoreArgs),
    /// Show everything about one file
    Show(CollateralFileArgs),
    /// Remove one file
    Remove(CollateralFileArgs),
}

/// Where collateral is kept.
#[derive(Debug, Args)]
pub(crate) struct CollateralStoreArgs {
    /// The folder ($VERACRUZ_HOME/collateral unless given, or ~/.veracruz/collateral)
    #[arg(long = "collateral", value_name = "DIR", env = "VERACRUZ_COLLATERAL")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CollateralAddArgs {
    #[command(flatten)]
    pub(crate) store: CollateralStoreArgs,
    /// Files as vendors publish them: PEM, DER, JSON
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CollateralFileArgs {
    #[command(flatten)]
    pub(crate) store: CollateralStoreArgs,
    /// The file, by the first digits of its SHA-256
    #[arg(value_name = "DIGEST")]
    pub(crate) digest: String,
}
