//! The parties' files as tables.

use std::io::BufRead;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use veracruz_guest::{Column, Failure, Input};

/// SQLite has no more columns in a table.
const MAX_COLUMNS: usize = 2000;

/// The tables, in memory.
pub struct Tables {
    pub(crate) database: Connection,
    numbers: Vec<(String, String)>,
}

/// A field: whole numbers and numbers as SQLite has them, other text as it stands, nothing for an empty
/// one.
struct Field<'text>(&'text str);

impl Tables {
    /// No tables yet. `numbers` names columns, as `owner.column`, in which every field must be a number
    /// or empty.
    ///
    /// # Errors
    /// Where a name has no point in it, or there is no memory.
    pub fn new(numbers: &[String]) -> Result<Self, Failure> {
        let numbers = numbers.iter().map(|name| {
            let parts = name.split_once('.');
            let parts = parts.map(|(owner, column)| (owner.to_owned(), column.to_owned()));
            parts.ok_or_else(|| Failure::usage(format!("--number {name}: expected OWNER.COLUMN")))
        });
        Ok(Self {
            numbers: numbers.collect::<Result<_, _>>()?,
            database: Connection::open_in_memory().map_err(|_| full())?,
        })
    }

    /// Adds a party's file as a table of the owner's name.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn add<R: BufRead>(&mut self, input: Input<R>) -> Result<(), Failure> {
        let mut table = input.table()?;
        let owner = table.origin().owner().to_owned();
        let columns: Vec<Column> = table.all_columns().map(|(column, _)| column).collect();
        if columns.len() > MAX_COLUMNS {
            let reason = format!("more than {MAX_COLUMNS} columns");
            return Err(table.origin().failure_in_line(1, reason));
        }
        let numbers = self.numbers.iter().filter(|(of, _)| *of == owner);
        let numbers = numbers.map(|(_, column)| table.column(column));
        let numbers: Vec<Column> = numbers.collect::<Result<_, _>>()?;
        let names: Vec<String> = table.names().iter().map(|name| quoted(name)).collect();
        // Columns have no type: fields keep theirs.
        let create = format!("CREATE TABLE {} ({})", quoted(&owner), names.join(","));
        let places = vec!["?"; names.len()].join(",");
        let insert = format!("INSERT INTO {} VALUES ({places})", quoted(&owner));
        if let Err(error) = self.database.execute_batch(&create) {
            // Names differ in case alone, or one is empty: nothing else can be wrong with it.
            let reason = if is_full(&error) {
                return Err(full());
            } else {
                "the header has names that SQL cannot tell apart"
            };
            return Err(table.origin().failure_in_line(1, reason));
        }
        let transaction = self.database.transaction().map_err(|_| full())?;
        {
            let mut insert = transaction.prepare(&insert).map_err(|_| full())?;
            while let Some(row) = table.next_row()? {
                for column in &numbers {
                    let text = row.text(*column);
                    if !text.is_empty() && matches!(Field(text).value(), ValueRef::Text(_)) {
                        return Err(row.failure_of(*column, "should be a number"));
                    }
                }
                let fields = columns.iter().map(|column| Field(row.text(*column)));
                insert
                    .execute(params_from_iter(fields))
                    .map_err(|_| full())?;
            }
        }
        transaction.commit().map_err(|_| full())
    }
}

impl Field<'_> {
    /// `007` and `1e5` are text: who writes so means a code.
    fn value(&self) -> ValueRef<'_> {
        let text = self.0;
        if text.is_empty() {
            return ValueRef::Null;
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number =
            is_digits(whole) && is_digits(fraction) && (whole == "0" || !whole.starts_with('0'));
        if !is_number {
            return ValueRef::Text(text.as_bytes());
        }
        if let Ok(integer) = text.parse() {
            return ValueRef::Integer(integer);
        }
        text.parse()
            .map_or(ValueRef::Text(text.as_bytes()), ValueRef::Real)
    }
}

impl ToSql for Field<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.value() {
            ValueRef::Null => ToSqlOutput::Owned(Value::Null),
            value => ToSqlOutput::Borrowed(value),
        })
    }
}

/// A name as SQL takes any.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OutOfMemory)
}

fn full() -> Failure {
    Failure::withheld("the tables do not fit the memory that the policy grants")
}
