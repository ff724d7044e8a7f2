//! Reads both files, writes the summary.

use std::process::ExitCode;

use psi_sum::{Question, Summary};
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(arguments: Arguments) -> Result<(), Failure> {
    let question = Question::of(arguments)?;
    let inputs = Input::all_in("/input")?;
    let two = inputs.try_into();
    let two = two.map_err(|_| Failure::usage("/input: expected two files"))?;
    Output::json("/output/summary.json", &Summary::of(two, &question)?)
}
