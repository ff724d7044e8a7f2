//! Readings, one at a time.

use std::io::BufRead;

use veracruz_guest::{Column, Failure, Input, Table};

/// What a device measured, in order of time.
pub struct Readings<R> {
    table: Table<R>,
    time: Column,
    value: Column,
    before: Option<String>,
}

/// One reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// When: any text that sorts by time (ISO 8601), or a number.
    pub time: String,
    /// What was measured; none where it is missing.
    pub value: Option<f64>,
}

impl<R: BufRead> Readings<R> {
    /// Reads the columns of these names.
    ///
    /// # Errors
    /// Where the header lacks one.
    pub fn open(input: Input<R>, time: &str, value: &str) -> Result<Self, Failure> {
        let table = input.table()?;
        let [time, value] = table.columns([time, value])?;
        Ok(Self {
            table,
            time,
            value,
            before: None,
        })
    }

    /// The next reading, or none at the end. An empty field is a missing value.
    ///
    /// # Errors
    /// Where a value is no number, or the time is not later than that of the reading before.
    pub fn next_reading(&mut self) -> Result<Option<Reading>, Failure> {
        let Some(row) = self.table.next_row()? else {
            return Ok(None);
        };
        let time = row.required(self.time)?.to_owned();
        if self
            .before
            .as_ref()
            .is_some_and(|before| !is_later(&time, before))
        {
            return Err(row.failure_of(self.time, "should be later than in the line before"));
        }
        let value = row.present(self.value).map(|_| row.number(self.value));
        let value = value.transpose()?;
        self.before = Some(time.clone());
        Ok(Some(Reading { time, value }))
    }
}

fn is_later(time: &str, before: &str) -> bool {
    match (time.parse::<f64>(), before.parse::<f64>()) {
        (Ok(time), Ok(before)) => time > before,
        _ => time > before,
    }
}
