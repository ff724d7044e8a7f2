//! `veracruz verifier`: the attestation service, and what its administrator decides.

mod enrol;
mod folder;
mod init;
mod serve;

use crate::args::VerifierCommand;
use crate::error::CliError;
use crate::output::{Format, Report};

/// Runs one of the commands; `None` where it served until it was told to end.
pub(crate) fn verifier(
    command: &VerifierCommand,
    format: Format,
) -> Result<Option<Report>, CliError> {
    match command {
        VerifierCommand::Init(arguments) => init::init(arguments).map(Some),
        VerifierCommand::Serve(arguments) => serve::serve(arguments, format).map(|()| None),
        VerifierCommand::Enroll(arguments) => enrol::enroll(arguments).map(Some),
        VerifierCommand::List(arguments) => enrol::list(arguments).map(Some),
        VerifierCommand::Revoke(arguments) => enrol::revoke(arguments).map(Some),
    }
}

/// Something that this machine or its files are at fault for.
fn service(error: impl std::fmt::Display) -> CliError {
    CliError::Service(error.to_string())
}
