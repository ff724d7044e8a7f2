//! The second stage: puts both parties' readings of the same day beside each other. It never sees what
//! the parties provided, only what the first stage made of it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(arguments: Arguments) -> Result<(), Failure> {
    arguments.finish()?;
    let mut days: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let inputs = Input::all_in("/clean")?;
    let names: Vec<String> = inputs
        .iter()
        .map(|input| input.origin().owner().to_owned())
        .collect();
    let parties = names.len();
    for input in inputs {
        let mut table = input.table()?;
        let [date, value] = table.columns(["date", "value"])?;
        while let Some(row) = table.next_row()? {
            let reading = row.number(value)?;
            days.entry(row.text(date).to_owned())
                .or_default()
                .push(reading);
        }
    }
    let mut output = Output::create("/joined/days.csv")?;
    write!(output, "date")?;
    names
        .iter()
        .try_for_each(|name| write!(output, ",{}", quoted(name)))?;
    writeln!(output)?;
    for (day, readings) in days
        .iter()
        .filter(|(_, readings)| readings.len() == parties)
    {
        write!(output, "{}", quoted(day))?;
        readings
            .iter()
            .try_for_each(|reading| write!(output, ",{reading}"))?;
        writeln!(output)?;
    }
    output.finish()
}
