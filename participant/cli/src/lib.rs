//! The command line of every role: it parses, calls and prints. What it does is done by the
//! libraries, above all `veracruz-client`.
//!
//! As a library it offers [`main`] to the binary, and on Linux, to the demo and to tests, `local`, a
//! deployment of ordinary processes on one machine, and `template`, the policies of examples.

mod args;
mod commands;
mod error;
mod find;
mod output;

#[cfg(target_os = "linux")]
mod demo;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
pub mod local;
#[cfg(target_os = "linux")]
pub mod template;

#[cfg(not(target_os = "linux"))]
use commands::demo;

use args::{Cli, Command};
use clap::Parser;
use error::CliError;
use output::{Format, Report};
use std::process::ExitCode;

/// Runs the command that the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = if cli.json { Format::Json } else { Format::Text };
    // These end with codes of their own.
    let ended = match &cli.command {
        Command::Exec(arguments) => Some(commands::exec::exec(arguments)),
        Command::Appraise(arguments) => Some(commands::appraise::appraise(arguments, format)),
        _ => None,
    };
    if let Some(ended) = ended {
        return ended.unwrap_or_else(|error| {
            error.print(format);
            ExitCode::from(error.exit_code())
        });
    }
    match run(cli.command, format) {
        Ok(Some(report)) => {
            report.print(format);
            ExitCode::from(report.exit_code())
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            error.print(format);
            ExitCode::from(error.exit_code())
        }
    }
}

/// What a command has to say at its end; `None` where it has said it already.
fn run(command: Command, format: Format) -> Result<Option<Report>, CliError> {
    use commands::{
        check, collateral, computation, explain, host, identity, image, isolates, launch, ledger,
        measure, new, policy, receipt, verifier,
    };
    match command {
        Command::Demo(arguments) => demo::run(&arguments).map(|()| None),
        // They end with an exit code of their own, not with a report.
        Command::Exec(_) | Command::Appraise(_) => Ok(None),
        Command::Collateral(command) => collateral::collateral(&command).map(Some),
        Command::Identity(command) => identity::identity(&command).map(Some),
        Command::Policy(command) => policy::policy(&command, format).map(Some),
        Command::New(arguments) => new::new(&arguments).map(Some),
        Command::Check(arguments) => check::check(&arguments).map(Some),
        Command::Measure(arguments) => measure::measure(&arguments).map(Some),
        Command::Image(command) => image::image(&command).map(Some),
        Command::Attester(arguments) => host::attester(&arguments, format),
        Command::Host(arguments) => host::host(&arguments, format).map(|()| None),
        Command::Isolates => isolates::isolates().map(Some),
        Command::Launch(arguments) => launch::launch(&arguments).map(Some),
        Command::Verifier(command) => verifier::verifier(&command, format),
        Command::Status(arguments) => computation::status(&arguments, format),
        Command::Attest(arguments) => computation::attest(&arguments).map(Some),
        Command::Approve(arguments) => computation::approve(&arguments).map(Some),
        Command::Upload(arguments) => computation::upload(&arguments, format).map(Some),
        Command::Run(arguments) => computation::run(&arguments).map(Some),
        Command::Download(arguments) => computation::download(&arguments, format).map(Some),
        Command::Withdraw(arguments) => computation::withdraw(&arguments).map(Some),
        Command::Receipt(command) => receipt::receipt(&command).map(Some),
        Command::Ledger(command) => ledger::ledger(&command).map(Some),
        Command::Explain(arguments) => explain::explain(&arguments).map(Some),
    }
}
