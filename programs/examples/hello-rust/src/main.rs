//! On how many days was it warmer in Seattle than in New York? Reads both cities' files, writes two
//! numbers, and says nothing else of either. An ordinary program: files, and nothing of Veracruz.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::process::ExitCode;

const SEATTLE: &str = "/input/seattle.csv";
const NEW_YORK: &str = "/input/new_york.csv";

fn main() -> ExitCode {
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> io::Result<()> {
    let (seattle, new_york) = (temperatures(SEATTLE)?, temperatures(NEW_YORK)?);
    let both = seattle
        .iter()
        .filter_map(|(day, here)| new_york.get(day).map(|there| (here, there)));
    let (mut days, mut warmer) = (0_u64, 0_u64);
    for (here, there) in both {
        days = days.saturating_add(1);
        warmer = warmer.saturating_add(u64::from(here > there));
    }
    fs::write(
        "/output/summary.json",
        format!("{{\"days\": {days}, \"seattle_warmer\": {warmer}}}\n"),
    )
}

/// Day by day, from lines `date,temperature` below a heading.
fn temperatures(path: &str) -> io::Result<HashMap<String, f64>> {
    let mut temperatures = HashMap::new();
    for (number, line) in BufReader::new(File::open(path)?)
        .lines()
        .enumerate()
        .skip(1)
    {
        let line = line?;
        let (day, temperature) = line
            .split_once(',')
            .and_then(|(day, text)| Some((day, text.trim().parse::<f64>().ok()?)))
            .filter(|(_, temperature)| temperature.is_finite())
            .ok_or_else(|| {
                let number = number.saturating_add(1);
                io::Error::other(format!("{path}, line {number}: expected DATE,TEMPERATURE"))
            })?;
        temperatures.insert(day.to_owned(), temperature);
    }
    Ok(temperatures)
}
