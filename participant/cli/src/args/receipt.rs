//! `veracruz receipt`.

use super::{CollateralStoreArgs, Target};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Fetch the receipt of a run
    Fetch(ReceiptFetchArgs),
    /// Say what a receipt proves, offline
    Verify(ReceiptVerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptFetchArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Which run, counted from 1
    #[arg(long, default_value_t = 1)]
    pub(crate) run: u32,
    /// Where it goes
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptVerifyArgs {
    /// The receipt
    #[arg(value_name = "RECEIPT")]
    pub(crate) receipt: PathBuf,
    /// Your own copy of the policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// An output that you hold (its opening is read from FILE.opening.json beside it)
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) outputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) collateral: CollateralStoreArgs,
}
