//! `veracruz status`, `attest`, `approve`, `run` and `withdraw`.

use super::Target;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use veracruz_protocol::ComputationState;

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The host's management address, to ask when the isolate does not answer
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) management: Option<SocketAddr>,
    /// Ask without checking who answers: what is said is the word of whoever that is
    #[arg(long)]
    pub(crate) unattested: bool,
    /// Go on, and print a line for every change until the computation is over
    #[arg(long)]
    pub(crate) watch: bool,
    /// End as soon as the computation is in this state: awaiting, ready, running, finished, ...
    #[arg(long, value_name = "STATE", requires = "watch", value_parser = state)]
    pub(crate) until: Option<ComputationState>,
}

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Hand in an approval that was signed offline, your own or somebody else's, or a bundle of
    /// them; may be repeated
    #[arg(long = "statement", value_name = "FILE")]
    pub(crate) statements: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    pub(crate) target: Target,
}

fn state(word: &str) -> Result<ComputationState, &'static str> {
    ComputationState::parse(word)
        .ok_or("expected awaiting, ready, running, finished, failed, withheld or closed")
}
