//! The first stage: takes the column that was agreed on out of each party's readings, and checks it. Of
//! what else stands there, later stages see nothing.

use std::io::BufRead;
use std::process::ExitCode;

use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let column = arguments.required("column")?;
    let least = arguments.parse("least", f64::MIN)?;
    let most = arguments.parse("most", f64::MAX)?;
    arguments.finish()?;
    for input in Input::all_in("/input")? {
        clean(input, &column, least..=most)?;
    }
    Ok(())
}

/// Missing readings are left out. Days must rise, so that the next stage can go through both files at
/// once.
fn clean<R: BufRead>(
    input: Input<R>,
    column: &str,
    plausible: std::ops::RangeInclusive<f64>,
) -> Result<(), Failure> {
    let mut table = input.table()?;
    let [date, value] = table.columns(["date", column])?;
    let path = format!("/clean/{}.csv", table.origin().owner());
    let mut output = Output::create(&path)?;
    writeln!(output, "date,value")?;
    let mut before = String::new();
    while let Some(row) = table.next_row()? {
        let day = row.required(date)?;
        if day <= before.as_str() {
            return Err(row.failure_of(date, "should be later than in the line before"));
        }
        if row.present(value).is_some() {
            let reading = row.number(value)?;
            if !plausible.contains(&reading) {
                return Err(row.failure_of(value, "is not plausible"));
            }
            writeln!(output, "{},{reading}", quoted(day))?;
        }
        day.clone_into(&mut before);
    }
    output.finish()
}
