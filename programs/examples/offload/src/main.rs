//! Reads a device's readings, writes what it would have computed itself.

use std::process::ExitCode;

use offload::{Readings, Statistics};
use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let time = arguments.text("time", "time")?;
    let value = arguments.text("value", "value")?;
    let mut statistics = Statistics::new(arguments.parse("window", 7)?);
    arguments.finish()?;
    let mut inputs = Input::all_in("/input")?.into_iter();
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        return Err(Failure::usage("/input: expected one file"));
    };
    let mut readings = Readings::open(input, &time, &value)?;
    let mut output = Output::create("/output/means.csv")?;
    writeln!(output, "{},mean", quoted(&time))?;
    while let Some(reading) = readings.next_reading()? {
        if let Some(mean) = statistics.take(&reading)? {
            writeln!(output, "{},{mean:.6}", quoted(&reading.time))?;
        }
    }
    output.finish()?;
    Output::json("/output/statistics.json", &statistics)
}
