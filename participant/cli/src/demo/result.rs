//! Compares what the receivers got with answers that somebody else computed.

use crate::error::CliError;
use serde_json::Value;
use std::path::Path;

/// The result in a form to be read.
pub(super) struct Answer {
    pub(super) airports: u64,
    pub(super) departures: u64,
    pub(super) sample: String,
}

/// Checks that both receivers hold the same outputs, and that these equal `expected.json` of the
/// example, which was made by another program.
pub(super) fn check(acme: &Path, globex: &Path, data: &Path) -> Result<Answer, CliError> {
    let overlap = read(&acme.join("overlap.csv"))?;
    let summary = read(&acme.join("summary.json"))?;
    same(
        "overlap.csv of acme and globex",
        &read(&globex.join("overlap.csv"))?,
        &overlap,
    )?;
    same(
        "summary.json of acme and globex",
        &read(&globex.join("summary.json"))?,
        &summary,
    )?;

    let summary = json(&summary)?;
    let expected = json(&read(&data.join("expected.json"))?)?;
    for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
        same(field, &number(&summary, field)?, &number(&expected, field)?)?;
    }
    let codes: Vec<&str> = overlap
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let airports = number(&expected, "intersection")?;
    same(
        "lines of overlap.csv",
        &u64::try_from(codes.len()).unwrap_or(u64::MAX),
        &airports,
    )?;
    for (field, found) in [
        ("first", codes.iter().take(5).copied().collect::<Vec<_>>()),
        (
            "last",
            codes
                .iter()
                .skip(codes.len().saturating_sub(5))
                .copied()
                .collect(),
        ),
    ] {
        same(
            field,
            &Value::from(found),
            expected.get(field).unwrap_or(&Value::Null),
        )?;
    }
    Ok(Answer {
        airports,
        departures: number(&expected, "sum_departures_2008")?,
        sample: codes
            .iter()
            .take(5)
            .chain(&["…"])
            .copied()
            .collect::<Vec<_>>()
            .join(", "),
    })
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::file(path, source))
}

fn json(text: &str) -> Result<Value, CliError> {
    serde_json::from_str(text).map_err(|error| CliError::demo("a JSON document", &error))
}

fn number(document: &Value, field: &str) -> Result<u64, CliError> {
    let value = document.get(field).and_then(Value::as_u64);
    value.ok_or_else(|| CliError::demo(&format!("a number `{field}`"), document))
}

fn same<T: PartialEq + std::fmt::Display>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), CliError> {
    if found == expected {
        return Ok(());
    }
    Err(CliError::demo(&format!("{what} to be {expected}"), found))
}
