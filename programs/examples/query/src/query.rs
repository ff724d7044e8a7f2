//! The agreed query.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use veracruz_guest::Failure;

use crate::tables::Tables;

/// A query that reads and does nothing else.
#[derive(Debug, Clone)]
pub struct Query(String);

/// A value of a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'row> {
    /// None: an empty field.
    Nothing,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Number(f64),
    /// Text.
    Text(&'row str),
}

impl Query {
    /// A query of one statement.
    #[must_use]
    pub fn new(sql: String) -> Self {
        Self(sql)
    }

    /// Runs the query. `header` gets the names of its columns, `take` each row.
    ///
    /// # Errors
    /// Where it is not one statement that only reads, or fails while it runs, or what is called fails.
    pub fn run(
        &self,
        tables: &Tables,
        header: impl FnOnce(&[&str]) -> Result<(), Failure>,
        mut take: impl FnMut(&[Cell<'_>]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        // Its text is known to all, and so is what is wrong with it.
        let wrong = |reason: String| Failure::usage(format!("--query: {reason}"));
        let mut statements = rusqlite::Batch::new(&tables.database, &self.0);
        let first = statements
            .next()
            .map_err(|error| wrong(error.to_string()))?;
        let mut statement = first.ok_or_else(|| wrong("expected a statement".to_owned()))?;
        if !matches!(statements.next(), Ok(None)) || !statement.readonly() {
            return Err(wrong("expected one statement that only reads".to_owned()));
        }
        header(&statement.column_names().collect::<Vec<_>>())?;
        let count = statement.column_count();
        let mut rows = statement.raw_query();
        // What fails now may be about values, so it is not said what.
        let failed = || Failure::withheld("the query failed while it ran");
        while let Some(row) = rows.next().map_err(|_| failed())? {
            let mut cells = Vec::with_capacity(count);
            for index in 0..count {
                cells.push(match row.get_ref(index).map_err(|_| failed())? {
                    ValueRef::Null => Cell::Nothing,
                    ValueRef::Integer(integer) => Cell::Integer(integer),
                    ValueRef::Real(number) => Cell::Number(number),
                    ValueRef::Text(text) => Cell::Text(str::from_utf8(text).map_err(|_| failed())?),
                    ValueRef::Blob(_) => return Err(failed()),
                });
            }
            take(&cells)?;
        }
        Ok(())
    }
}
