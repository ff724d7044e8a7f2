//! Draws a winner among the rows of a table with `csv`, `serde`, `rand` and `getrandom`, each as it
//! comes from its authors.

use std::process::ExitCode;

use rand::RngExt;
use serde::Deserialize;
use veracruz_guest::{Arguments, Failure, Input, Output};

#[derive(Deserialize)]
struct Ticket {
    name: String,
}

fn main() -> ExitCode {
    veracruz_guest::run(draw)
}

fn draw(arguments: Arguments) -> Result<(), Failure> {
    arguments.finish()?;
    let (origin, reader) = Input::open("/input/acme.csv")?.into_parts();
    let tickets: Result<Vec<Ticket>, _> = csv::Reader::from_reader(reader).deserialize().collect();
    let tickets = tickets.map_err(|_| origin.failure("should have a column `name`"))?;
    let winner = rand::rng().random_range(0..tickets.len().max(1));
    let winner = tickets.get(winner);
    let name = winner.map_or("nobody", |ticket| ticket.name.as_str());
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Failure::withheld("there is no randomness"))?;
    let mut output = Output::create("/output/winner.txt")?;
    writeln!(output, "{name} {:032x}", u128::from_be_bytes(salt))?;
    output.finish()
}
