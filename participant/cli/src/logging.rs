//! Events on the standard error output: what services tell, and what others tell when asked.

use crate::args::{Cli, Command};
use tracing_subscriber::EnvFilter;

/// Has events told from here on: those that the options ask for, or else `RUST_LOG`, or else
/// warnings of services and nothing of other commands, whose errors say what there is to say.
pub(crate) fn start(cli: &Cli) {
    let asked = match (cli.quiet, cli.verbose) {
        (true, _) => Some("error"),
        (false, 0) => None,
        (false, 1) => Some("info"),
        (false, _) => Some("debug"),
    };
    let own = if serves(&cli.command) { "warn" } else { "off" };
    let filter = match asked {
        Some(level) => EnvFilter::new(level),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(own)),
    };
    // It can be started once; a second one in a process would be a test's.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .try_init();
}

/// Whether the command runs until it is told to stop.
fn serves(command: &Command) -> bool {
    match command {
        Command::Attester(_) | Command::Host(_) => true,
        #[cfg(target_os = "linux")]
        Command::Verifier(crate::args::VerifierCommand::Serve(_)) => true,
        _ => false,
    }
}
