//! Reads all tables, runs the query, writes its result.

use std::cell::RefCell;
use std::process::ExitCode;

use query::{Cell, Query, Tables};
use veracruz_guest::{Arguments, Failure, Input, Output, quoted};

fn main() -> ExitCode {
    veracruz_guest::run(program)
}

fn program(mut arguments: Arguments) -> Result<(), Failure> {
    let query = Query::new(arguments.required("query")?);
    let numbers = arguments.all("number")?;
    arguments.finish()?;
    let mut tables = Tables::new(&numbers)?;
    for input in Input::all_in("/input")? {
        tables.add(input)?;
    }
    let output = RefCell::new(Output::create("/output/result.csv")?);
    query.run(
        &tables,
        |names| {
            let names: Vec<String> = names.iter().map(|name| quoted(name).to_string()).collect();
            writeln!(output.borrow_mut(), "{}", names.join(","))
        },
        |cells| {
            let mut output = output.borrow_mut();
            for (index, cell) in cells.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                match cell {
                    Cell::Nothing => write!(output, "{comma}")?,
                    Cell::Integer(integer) => write!(output, "{comma}{integer}")?,
                    Cell::Number(number) => write!(output, "{comma}{number}")?,
                    Cell::Text(text) => write!(output, "{comma}{}", quoted(text))?,
                }
            }
            writeln!(output)
        },
    )?;
    output.into_inner().finish()
}
