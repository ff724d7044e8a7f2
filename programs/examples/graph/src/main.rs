//! Reads all parties' edges, writes what the network looks like.

use std::process::ExitCode;

use graph::{Builder, Summary};
use veracruz_guest::{Arguments, Failure, Input, Output};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let top = arguments.parse("top", 10)?;
    arguments.finish()?;
    let mut builder = Builder::default();
    for input in Input::all_in("/input")? {
        builder.add(input)?;
    }
    Output::json("/output/network.json", &Summary::of(&builder.build(), top))
}
