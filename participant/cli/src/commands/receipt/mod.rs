//! `veracruz receipt`.

mod compare;
mod fetch;
mod held;
mod show;
mod verify;

use crate::args::ReceiptCommand;
use crate::error::CliError;
use crate::output::Report;

/// Runs one of the commands.
pub(crate) fn receipt(command: &ReceiptCommand) -> Result<Report, CliError> {
    match command {
        ReceiptCommand::Fetch(arguments) => fetch::fetch(arguments),
        ReceiptCommand::Show(arguments) => show::show(arguments),
        ReceiptCommand::Verify(arguments) => verify::verify(arguments),
        ReceiptCommand::Compare(arguments) => compare::compare(arguments),
    }
}

/// A list below its heading.
fn list(items: &[String]) -> impl Iterator<Item = String> {
    items.iter().map(|item| format!("  - {item}"))
}
