//! `veracruz receipt`.

use super::{CollateralStoreArgs, Target};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use veracruz_client::{FilePath, Timestamp};

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Fetch the receipt of a run, and keep all that its verification will need years later
    Fetch(ReceiptFetchArgs),
    /// Show what a receipt claims, without verifying anything
    Show(ReceiptShowArgs),
    /// Say what a receipt proves and what it does not, offline
    Verify(ReceiptVerifyArgs),
    /// Say whether two isolates gave the same from the same, offline
    Compare(ReceiptCompareArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptFetchArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Which run, counted from 1
    #[arg(long, default_value_t = 1)]
    pub(crate) run: u32,
    /// Where it goes; your dated appraisal and the collateral go beside it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptShowArgs {
    /// The receipt
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptVerifyArgs {
    /// The receipt
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    #[command(flatten)]
    pub(crate) by: ReceiptPolicyArgs,
    /// An input that you gave, as /input/a.csv=a.csv (its salt is in your ledger)
    #[arg(long = "input", value_name = "PATH=FILE", requires = "identity")]
    pub(crate) inputs: Vec<HeldFile>,
    /// Approvals of the policy: signed ones, or bundles of them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) approvals: Vec<PathBuf>,
    /// Judge at this date instead of that of the appraisal beside the receipt: `now`, or a time as
    /// 2026-11-20T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<JudgeAt>,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptCompareArgs {
    /// The receipt of one run
    #[arg(value_name = "RECEIPT")]
    pub(crate) one: PathBuf,
    /// That of another run of the same policy
    #[arg(value_name = "OTHER")]
    pub(crate) other: PathBuf,
    #[command(flatten)]
    pub(crate) by: ReceiptPolicyArgs,
}

/// By what receipts are judged, and the files at hand.
#[derive(Debug, Args)]
pub(crate) struct ReceiptPolicyArgs {
    /// Your own copy of the policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// Your identity: the ledger beside it knows the salts of your inputs and outputs
    #[arg(long, value_name = "FILE", env = "VERACRUZ_IDENTITY")]
    pub(crate) identity: Option<PathBuf>,
    /// An output that you hold; what opens it is in FILE.opening.json, or in your ledger, and then
    /// it is written /output/a.csv=a.csv
    #[arg(long = "output", value_name = "[PATH=]FILE")]
    pub(crate) outputs: Vec<HeldFile>,
    #[command(flatten)]
    pub(crate) collateral: CollateralStoreArgs,
}

/// A file at hand, and which of the policy's it is.
#[derive(Clone, Debug)]
pub(crate) struct HeldFile {
    /// What was written before `=`.
    pub(crate) path: Option<FilePath>,
    pub(crate) file: PathBuf,
}

impl std::str::FromStr for HeldFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A path of the policy begins with a slash; a local file's may, and then has no `=` that
        // anybody would mean otherwise.
        let Some((path, file)) = text.split_once('=').filter(|_| text.starts_with('/')) else {
            return Ok(Self {
                path: None,
                file: text.into(),
            });
        };
        let path = FilePath::parse(path)
            .map_err(|_| format!("expected a path of the policy before `=`, found {path}"))?;
        Ok(Self {
            path: Some(path),
            file: file.into(),
        })
    }
}

/// A date at which evidence is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JudgeAt {
    Now,
    Time(Timestamp),
}

impl std::str::FromStr for JudgeAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "now" {
            return Ok(Self::Now);
        }
        text.parse()
            .map(Self::Time)
            .map_err(|_| "expected `now`, or a time as 2026-11-20T12:00:00Z".to_owned())
    }
}
