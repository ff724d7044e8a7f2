//! The frame around a program.

use std::fs;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::host::place;

/// The folder of reports, one a participant. Policies reserve it: `/report/acme` will be what a
/// program may tell acme alone, also where it fails. Nothing is written where there is none.
pub const REPORTS: &str = "/report";

/// Runs a program: `fn main() -> ExitCode { veracruz_guest::run(program) }`.
///
/// A failure is printed on standard error, goes into the report of the party whose file it is
/// about, and becomes the [exit code](Failure::exit_code).
pub fn run(program: impl FnOnce(Arguments) -> Result<(), Failure>) -> ExitCode {
    let Err(failure) = program(Arguments::of_process()) else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{failure}");
    if let Some(owner) = failure.owner() {
        // There may be no such folder, or no right to write in it: then nobody is told, as the
        // policy wants it.
        let _ = fs::write(place(&format!("{REPORTS}/{owner}")), format!("{failure}\n"));
    }
    ExitCode::from(failure.exit_code())
}
