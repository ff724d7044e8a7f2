//! Reads both lists, writes what is in both. Exit code 1 where an input is malformed.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::process::ExitCode;

use psi::Overlap;

const ACME: &str = "/input/acme.csv";
const GLOBEX: &str = "/input/globex.csv";
const CODES: &str = "/output/overlap.csv";
const SUMMARY: &str = "/output/summary.json";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let read = |path| open(path).map(|file| BufReader::with_capacity(64 * 1024, file));
    let overlap = Overlap::of(read(ACME)?, read(GLOBEX)?)?;
    let mut codes = BufWriter::with_capacity(64 * 1024, create(CODES)?);
    overlap.write_codes(&mut codes)?;
    codes.flush()?;
    overlap.write_summary(create(SUMMARY)?)?;
    Ok(())
}

fn open(path: &str) -> Result<File, String> {
    File::open(path).map_err(|error| format!("{path}: {error}"))
}

fn create(path: &str) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{path}: {error}"))
}
