//! Which computation, where, and as whom: what every command of a participant asks.

use super::{CollateralStoreArgs, IdentityFile};
use clap::Args;
use std::path::PathBuf;

/// Which computation, where, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Your own copy of the policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// Where the host takes participants' connections; one for each isolate of a quorum
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "VERACRUZ_HOST",
        value_delimiter = ',',
        default_value = "127.0.0.1:7443"
    )]
    pub(crate) host: Vec<String>,
    /// Reach the host through this HTTP proxy, as http://proxy:3128, or `none` (as HTTPS_PROXY,
    /// ALL_PROXY and NO_PROXY say unless given)
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    #[command(flatten)]
    pub(crate) identity: IdentityFile,
    /// Accept an isolate that does not protect your data from the host
    #[arg(long)]
    pub(crate) accept_unprotected: bool,
    /// Go to another instance than the one that you have provisioned before
    #[arg(long)]
    pub(crate) again: bool,
    #[command(flatten)]
    pub(crate) collateral: CollateralStoreArgs,
}
