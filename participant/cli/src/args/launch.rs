//! `veracruz launch`.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// The policy
    #[arg(long, value_name = "FILE", env = "VERACRUZ_POLICY")]
    pub(crate) policy: PathBuf,
    /// The host's management address
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7444",
        env = "VERACRUZ_HOST_MANAGEMENT"
    )]
    pub(crate) management: SocketAddr,
    /// The file with the management token
    #[arg(long, value_name = "FILE", env = "VERACRUZ_HOST_TOKEN")]
    pub(crate) token: PathBuf,
}
