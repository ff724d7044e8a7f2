//! The command line of every role: it parses, calls and prints. What it does is done by the
//! libraries, above all `veracruz-client`.
//!
//! As a library it offers [`main`] to the binary, and on Linux, to the demo and to tests, `local`, a
//! deployment of ordinary processes on one machine, and `template`, the policies of examples.

mod args;
mod commands;
mod config;
mod error;
mod exit;
mod find;
mod logging;
mod output;
mod shell;
mod written;

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

pub use config::page as configuration_page;
pub use exit::EXIT_CODES;

use args::{Cli, Command};
use clap::CommandFactory as _;
use config::Configuration;
use error::CliError;
use output::{Format, Report};
use shell::{Asked, Early};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let early = Early::of(&words);
    let (format, ended) = match shell::understand(&words, &early) {
        Ok(Asked::Command(cli, configuration)) => {
            let format = cli.format();
            (format, command(*cli, &configuration, format))
        }
        Ok(Asked::Text(text)) => {
            let written = output::write(&text.ansi().to_string());
            (early.format(), written.map(|()| ExitCode::SUCCESS))
        }
        Err(error) => (early.format(), Err(error)),
    };
    ended.unwrap_or_else(|error| {
        error.print(format);
        ExitCode::from(error.exit_code())
    })
}

/// The command line as data: every command with its options, as completions, manual pages and tests
/// see it.
#[must_use]
pub fn command_line() -> clap::Command {
    Cli::command()
}

/// Runs a command and prints what it has to say.
fn command(cli: Cli, configuration: &Configuration, format: Format) -> Result<ExitCode, CliError> {
    logging::start(&cli);
    // It ends with the code of the program that it runs.
    if let Command::Exec(arguments) = &cli.command {
        return commands::exec::exec(arguments);
    }
    match run(cli.command, configuration, format)? {
        Some(report) => {
            report.print(format)?;
            Ok(ExitCode::from(report.exit_code()))
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What a command has to say at its end; `None` where it has said it already.
fn run(
    command: Command,
    configuration: &Configuration,
    format: Format,
) -> Result<Option<Report>, CliError> {
    use commands::{
        appraise, check, collateral, completions, computation, config, explain, host, identity,
        image, isolates, launch, ledger, man, measure, new, policy, receipt, verifier,
    };
    match command {
        Command::Demo(arguments) => demo::run(&arguments, format).map(Some),
        // It ends with an exit code of its own, not with a report.
        Command::Exec(_) => Ok(None),
        Command::Appraise(arguments) => appraise::appraise(&arguments).map(Some),
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
        Command::Download(arguments) => computation::download(&arguments, format),
        Command::Withdraw(arguments) => computation::withdraw(&arguments).map(Some),
        Command::Receipt(command) => receipt::receipt(&command).map(Some),
        Command::Ledger(command) => ledger::ledger(&command).map(Some),
        Command::Explain(arguments) => explain::explain(&arguments).map(Some),
        Command::Config(command) => config::config(&command, configuration).map(Some),
        Command::Completions(arguments) => completions::completions(&arguments).map(Some),
        Command::Man(arguments) => man::man(&arguments).map(Some),
    }
}
