//! A participant at a computation: a file a command.

mod approve;
mod attest;
mod desk;
mod download;
mod quorum;
mod run;
mod status;
mod upload;
mod watch;
mod withdraw;

pub(crate) use approve::approve;
pub(crate) use attest::attest;
pub(super) use desk::Desk;
pub(crate) use desk::block_on;
pub(crate) use download::download;
pub(super) use quorum::{fetch_receipt, verified_report};
pub(crate) use run::run;
pub(crate) use status::status;
pub(crate) use upload::upload;
pub(crate) use withdraw::withdraw;

use std::time::Instant;

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
