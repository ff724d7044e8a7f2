//! `veracruz verifier`: the attestation service, and what its administrator decides.

mod enrol;
mod folder;
mod init;
mod serve;

pub(crate) use enrol::{enroll, list, revoke};
pub(crate) use init::init;
pub(crate) use serve::serve;

use crate::error::CliError;

/// Something that this machine or its files are at fault for.
fn service(error: impl std::fmt::Display) -> CliError {
    CliError::Service(error.to_string())
}
