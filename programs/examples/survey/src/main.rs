//! Reads all parties' answers, writes what may be published.

use std::process::ExitCode;

use survey::{Questions, Survey};
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(arguments: Arguments) -> Result<(), Failure> {
    let questions = Questions::of(arguments)?;
    let mut survey = Survey::new(&questions);
    for input in Input::all_in("/input")? {
        survey.add(input)?;
    }
    Output::json("/output/answers.json", &survey.publish()?)
}
