//! `veracruz host` and `attester`.

use super::{IsolateArgs, LimitArgs};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct AttesterArgs {
    /// Where its key is kept; made on first use
    #[arg(long, value_name = "DIR", env = "VERACRUZ_ATTESTER_STATE")]
    pub(crate) state: PathBuf,
    /// The socket at which the host reaches it
    #[arg(
        long,
        value_name = "PATH",
        required_unless_present = "show_key",
        env = "VERACRUZ_ATTESTER_SOCKET"
    )]
    pub(crate) socket: Option<PathBuf>,
    /// Print the key that a policy names, and stop
    #[arg(long)]
    pub(crate) show_key: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// Where participants connect
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7443",
        env = "VERACRUZ_HOST_LISTEN"
    )]
    pub(crate) listen: SocketAddr,
    /// Where computations are managed (loopback only)
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7444",
        env = "VERACRUZ_HOST_MANAGEMENT"
    )]
    pub(crate) management: SocketAddr,
    /// The attester's socket
    #[arg(long, value_name = "PATH", env = "VERACRUZ_ATTESTER_SOCKET")]
    pub(crate) attester: PathBuf,
    /// Where the management token is kept; made on first use
    #[arg(long, value_name = "DIR", env = "VERACRUZ_HOST_STATE")]
    pub(crate) state: PathBuf,
    /// A verifier to which isolates' requests for certificates are carried (https://NAME:PORT)
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        env = "VERACRUZ_HOST_VERIFIERS"
    )]
    pub(crate) verifier: Vec<String>,
    /// Who certifies the TLS of these verifiers, PEM
    #[arg(long, value_name = "FILE", env = "VERACRUZ_HOST_VERIFIER_CA")]
    pub(crate) verifier_ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) isolates: IsolateArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}
