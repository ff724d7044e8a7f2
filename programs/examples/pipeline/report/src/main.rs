//! Reads the joined days, writes the report.

use std::process::ExitCode;

use pipeline_report::Report;
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let minimum = arguments.parse("minimum", 30)?;
    arguments.finish()?;
    let report = Report::of(Input::open("/joined/days.csv")?, minimum)?;
    Output::json("/output/report.json", &report)
}
