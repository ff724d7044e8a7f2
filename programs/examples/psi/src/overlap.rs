//! The computation itself.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use crate::csv::{Row, Table};
use crate::error::{Error, Owner, Reason};

const CODE: &str = "iata";
const ELEVATION: &str = "elevation_ft";
const DEPARTURES: &str = "departures_2008";

/// What both parties learn.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Codes that are in both lists, sorted.
    pub codes: Vec<String>,
    /// Flights that left those airports in 2008: a sum over a column of Globex's.
    pub departures_2008: i64,
    /// The elevations of those airports in whole feet, added up: a sum over a column of Acme's.
    pub elevation_ft: i64,
}

/// A row of Acme's list, and whether Globex has it too.
struct Airport {
    elevation_ft: i64,
    shared: bool,
}

impl Overlap {
    /// Reads Acme's list into memory and streams Globex's past it.
    ///
    /// # Errors
    /// Whose file is malformed, in which line, and why; never a value of the file.
    pub fn of(acme: impl BufRead, globex: impl BufRead) -> Result<Self, Error> {
        let mut airports = airports(acme)?;
        let (mut departures_2008, mut elevation_ft) = (0, 0);

        let mut table = Table::open(Owner::Globex, globex, [CODE, DEPARTURES])?;
        while let Some(row) = table.next_row()? {
            let [code, departures] = row.fields();
            let departures = integer(&row, departures, DEPARTURES)?;
            let Some(airport) = airports.get_mut(code) else {
                continue;
            };
            if airport.shared {
                return Err(row.error(Reason::Duplicate { column: CODE }));
            }
            airport.shared = true;
            departures_2008 = sum(&row, departures_2008, departures)?;
            elevation_ft = sum(&row, elevation_ft, airport.elevation_ft)?;
        }

        let shared = airports.into_iter().filter(|(_, airport)| airport.shared);
        Ok(Self {
            codes: shared.map(|(code, _)| code).collect(),
            departures_2008,
            elevation_ft,
        })
    }

    /// Writes the codes as CSV, one a line below a header.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_codes(&self, mut to: impl Write) -> io::Result<()> {
        writeln!(to, "{CODE}")?;
        self.codes
            .iter()
            .try_for_each(|code| writeln!(to, "{code}"))
    }

    /// Writes the number of codes and the sums as JSON.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_summary(&self, mut to: impl Write) -> io::Result<()> {
        writeln!(
            to,
            "{{\n  \"intersection\": {},\n  \"sum_departures_2008\": {},\n  \"sum_elevation_ft\": {}\n}}",
            self.codes.len(),
            self.departures_2008,
            self.elevation_ft
        )
    }
}

fn airports(acme: impl BufRead) -> Result<BTreeMap<String, Airport>, Error> {
    let mut airports = BTreeMap::new();
    let mut table = Table::open(Owner::Acme, acme, [CODE, ELEVATION])?;
    while let Some(row) = table.next_row()? {
        let [code, elevation] = row.fields();
        check_code(&row, code)?;
        let elevation_ft = feet(&row, elevation)?;
        if airports
            .insert(
                code.to_owned(),
                Airport {
                    elevation_ft,
                    shared: false,
                },
            )
            .is_some()
        {
            return Err(row.error(Reason::Duplicate { column: CODE }));
        }
    }
    Ok(airports)
}

/// A code goes into a CSV file unquoted, so it must need no quotes.
fn check_code(row: &Row<'_, 2>, code: &str) -> Result<(), Error> {
    if !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(row.error(Reason::NotACode { column: CODE }))
    }
}

/// Whole feet. Some airports are given to a tenth of a foot, which is dropped, as in `answer.py`.
fn feet(row: &Row<'_, 2>, field: &str) -> Result<i64, Error> {
    let (whole, tenths) = field.split_once('.').unwrap_or((field, "0"));
    if tenths.is_empty() || !tenths.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(row.error(Reason::NotANumber { column: ELEVATION }));
    }
    whole
        .parse()
        .map_err(|_| row.error(Reason::NotANumber { column: ELEVATION }))
}

fn integer(row: &Row<'_, 2>, field: &str, column: &'static str) -> Result<i64, Error> {
    field
        .parse()
        .map_err(|_| row.error(Reason::NotANumber { column }))
}

fn sum(row: &Row<'_, 2>, sum: i64, more: i64) -> Result<i64, Error> {
    sum.checked_add(more)
        .ok_or_else(|| row.error(Reason::SumTooLarge))
}
