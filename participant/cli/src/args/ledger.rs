//! `veracruz ledger`.

use super::IdentityFile;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Say to which isolates you have entrusted something, policy by policy
    List(IdentityFile),
    /// Say what each isolate of one policy got, which runs you saw, and which receipts you have
    Show(LedgerShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LedgerShowArgs {
    /// The policy: its file, or its hash
    #[arg(value_name = "POLICY")]
    pub(crate) policy: String,
    #[command(flatten)]
    pub(crate) identity: IdentityFile,
}
