//! The computation itself.

use std::collections::HashMap;
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

/// Acme's list: its codes one after another in one text, since a text for each would take longer to
/// make than to look up.
#[derive(Default)]
struct Airports {
    codes: String,
    rows: Vec<Airport>,
}

/// A row of Acme's list.
struct Airport {
    line: u64,
    /// Where its code ends in `codes`.
    end: usize,
    elevation_ft: i64,
}

impl Overlap {
    /// Reads Acme's list into memory and streams Globex's past it.
    ///
    /// # Errors
    /// Whose file is malformed, in which line, and why; never a value of the file.
    pub fn of(acme: impl BufRead, globex: impl BufRead) -> Result<Self, Error> {
        let airports = Airports::read(acme)?;
        let positions = airports.positions()?;
        let mut shared = vec![false; airports.rows.len()];
        let (mut departures_2008, mut elevation_ft) = (0, 0);

        let mut table = Table::open(Owner::Globex, globex, [CODE, DEPARTURES])?;
        while let Some(row) = table.next_row()? {
            let [code, departures] = row.fields();
            let departures = integer(&row, departures, DEPARTURES)?;
            let Some((position, elevation)) = positions.get(code) else {
                continue;
            };
            match shared.get_mut(*position) {
                Some(shared) if !*shared => *shared = true,
                _ => return Err(row.error(Reason::Duplicate { column: CODE })),
            }
            departures_2008 = sum(&row, departures_2008, departures)?;
            elevation_ft = sum(&row, elevation_ft, *elevation)?;
        }

        let both = airports.codes().zip(shared).filter(|(_, shared)| *shared);
        let mut codes: Vec<String> = both.map(|(code, _)| code.to_owned()).collect();
        codes.sort_unstable();
        Ok(Self {
            codes,
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

impl Airports {
    fn read(acme: impl BufRead) -> Result<Self, Error> {
        let mut airports = Self::default();
        let mut table = Table::open(Owner::Acme, acme, [CODE, ELEVATION])?;
        while let Some(row) = table.next_row()? {
            let [code, elevation] = row.fields();
            check_code(&row, code)?;
            let elevation_ft = feet(&row, elevation)?;
            airports.codes.push_str(code);
            airports.rows.push(Airport {
                line: row.line(),
                end: airports.codes.len(),
                elevation_ft,
            });
        }
        Ok(airports)
    }

    fn codes(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let code = self.codes.get(start..row.end).unwrap_or_default();
            start = row.end;
            code
        })
    }

    /// The row and the elevation by code, each of which must be there once.
    fn positions(&self) -> Result<HashMap<&str, (usize, i64)>, Error> {
        let mut positions = HashMap::with_capacity(self.rows.len());
        for (position, (code, row)) in self.codes().zip(&self.rows).enumerate() {
            if positions
                .insert(code, (position, row.elevation_ft))
                .is_some()
            {
                return Err(Error {
                    owner: Owner::Acme,
                    line: row.line,
                    reason: Reason::Duplicate { column: CODE },
                });
            }
        }
        Ok(positions)
    }
}

/// A code goes into a CSV file unquoted, so it must need no quotes.
fn check_code(row: &Row<'_, 2>, code: &str) -> Result<(), Error> {
    // All bytes are looked at, though one would do: a branch at each, which no processor can foresee
    // in a code, takes longer than everything else here.
    let is_plain = |plain: bool, byte: u8| plain & byte.is_ascii_alphanumeric();
    if !code.is_empty() && code.bytes().fold(true, is_plain) {
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
