//! Comma-separated values, a record at a time. `csv-core` takes records apart; here stand names,
//! numbers of lines, and what makes an error that names both.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::BufRead;
use std::str::FromStr;

use csv_core::{ReadRecordResult, Reader};

use crate::failure::Failure;
use crate::lines::Lines;
use crate::origin::Origin;

/// A file of comma-separated values below a header with names (RFC 4180; UTF-8, with or without a
/// byte order mark; any line ends). Every record has as many fields as the header.
pub struct Table<R> {
    lines: Lines<R>,
    parser: Reader,
    names: Vec<String>,
    fields: Fields,
}

/// A column of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column(usize);

/// A record of a table.
pub struct Row<'table> {
    origin: &'table Origin,
    line: u64,
    names: &'table [String],
    text: &'table str,
    ends: &'table [usize],
}

/// The fields of a record, one after another, and where each ends.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Whether the record was UTF-8. (Its fields together may be where it is not: half a letter at
    /// the end of one, and half at the start of the next.)
    utf8: bool,
}

const NOT_UTF8: &str = "expected UTF-8";

impl<R: BufRead> Table<R> {
    pub(crate) fn open(mut lines: Lines<R>) -> Result<Self, Failure> {
        let mut parser = Reader::new();
        let mut fields = Fields::default();
        let Some((line, record)) = lines.next_record()? else {
            return Err(lines
                .origin()
                .failure_in_line(1, "the file is empty; expected a header"));
        };
        let count = fields.parse(&mut parser, record);
        let failure = |reason: String| lines.origin().failure_in_line(line, reason);
        let text = fields.text().ok_or_else(|| failure(NOT_UTF8.to_owned()))?;
        let names: Vec<String> = (0..count)
            .map(|index| field(text, &fields.ends, index).to_owned())
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(failure(format!("the header has `{twice}` twice")));
        }
        Ok(Self {
            lines,
            parser,
            names,
            fields,
        })
    }

    /// The file, and whose it is.
    pub fn origin(&self) -> &Origin {
        self.lines.origin()
    }

    /// The names in the header, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column of this name.
    ///
    /// # Errors
    /// Where the header has no such name.
    pub fn column(&self, name: &str) -> Result<Column, Failure> {
        self.find(name).ok_or_else(|| {
            let reason = format!("the header has no column `{name}`");
            self.origin().failure_in_line(1, reason)
        })
    }

    /// The column of this name, if there is one.
    pub fn find(&self, name: &str) -> Option<Column> {
        self.names
            .iter()
            .position(|found| found == name)
            .map(Column)
    }

    /// The columns of these names.
    ///
    /// # Errors
    /// Where the header lacks one.
    pub fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[Column; N], Failure> {
        let mut columns = [Column(0); N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.column(name)?;
        }
        Ok(columns)
    }

    /// All columns, in order.
    pub fn all_columns(&self) -> impl Iterator<Item = (Column, &str)> {
        let named = self.names.iter().enumerate();
        named.map(|(index, name)| (Column(index), name.as_str()))
    }

    /// The next record, or none at the end.
    ///
    /// # Errors
    /// Where it has not as many fields as the header, its quotes do not pair, or it is no UTF-8.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, Failure> {
        let Some((line, record)) = self.lines.next_record()? else {
            return Ok(None);
        };
        let found = self.fields.parse(&mut self.parser, record);
        let origin = self.lines.origin();
        let expected = self.names.len();
        if found != expected {
            let reason = format!("expected {expected} fields, as in the header, found {found}");
            return Err(origin.failure_in_line(line, reason));
        }
        let text = self
            .fields
            .text()
            .ok_or_else(|| origin.failure_in_line(line, NOT_UTF8))?;
        Ok(Some(Row {
            origin,
            line,
            names: &self.names,
            text,
            ends: &self.fields.ends,
        }))
    }
}

impl<'table> Row<'table> {
    /// Its (first) line, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The field as it stands, without quotes.
    pub fn text(&self, column: Column) -> &'table str {
        field(self.text, self.ends, column.0)
    }

    /// The field, unless it is empty.
    pub fn present(&self, column: Column) -> Option<&'table str> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }

    /// The field, which must not be empty.
    ///
    /// # Errors
    /// Where it is.
    pub fn required(&self, column: Column) -> Result<&'table str, Failure> {
        self.present(column)
            .ok_or_else(|| self.failure_of(column, "should not be empty"))
    }

    /// The field as a finite number.
    ///
    /// # Errors
    /// Where it is none.
    pub fn number(&self, column: Column) -> Result<f64, Failure> {
        let number = f64::from_str(self.text(column))
            .ok()
            .filter(|number| number.is_finite());
        number.ok_or_else(|| self.failure_of(column, "should be a number"))
    }

    /// The field as a whole number of at most 63 bits.
    ///
    /// # Errors
    /// Where it is none.
    pub fn integer(&self, column: Column) -> Result<i64, Failure> {
        self.parse(column, "should be a whole number")
    }

    /// The field as anything that can be made of text.
    ///
    /// # Errors
    /// With the reason, after the column's name, where it cannot.
    pub fn parse<T: FromStr>(&self, column: Column, reason: &str) -> Result<T, Failure> {
        self.text(column)
            .parse()
            .map_err(|_| self.failure_of(column, reason))
    }

    /// A failure of one field: "`age` should be a number".
    pub fn failure_of(&self, column: Column, reason: &str) -> Failure {
        let name = self.names.get(column.0).map_or("?", String::as_str);
        self.failure(format!("`{name}` {reason}"))
    }

    /// A failure of this record.
    pub fn failure(&self, reason: impl Into<Cow<'static, str>>) -> Failure {
        self.origin.failure_in_line(self.line, reason)
    }
}

impl Fields {
    /// Takes a whole record apart and returns how many fields it has.
    fn parse(&mut self, parser: &mut Reader, record: &[u8]) -> usize {
        self.utf8 = str::from_utf8(record).is_ok();
        if !record.contains(&b'"') {
            return self.split(record);
        }
        // A record has no more bytes without its quotes.
        self.text.resize(record.len(), 0);
        if self.ends.is_empty() {
            self.ends.resize(16, 0);
        }
        parser.reset();
        let (mut read, mut written, mut count) = (0, 0, 0);
        loop {
            // The end of a record is the end of input: an empty slice, once all is read.
            let (result, bytes, output, ends) = parser.read_record(
                record.get(read..).unwrap_or_default(),
                self.text.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(count..).unwrap_or_default(),
            );
            read += bytes;
            written += output;
            count += ends;
            match result {
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() + 64, 0),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        self.text.truncate(written);
        count
    }

    /// As `parse`, of a record without quotes: most are, and this takes a fifth of the time.
    fn split(&mut self, record: &[u8]) -> usize {
        self.text.clear();
        self.ends.clear();
        for field in record.split(|byte| *byte == b',') {
            self.text.extend_from_slice(field);
            self.ends.push(self.text.len());
        }
        self.ends.len()
    }

    fn text(&self) -> Option<&str> {
        str::from_utf8(&self.text).ok().filter(|_| self.utf8)
    }
}

fn field<'text>(text: &'text str, ends: &[usize], index: usize) -> &'text str {
    let start = index
        .checked_sub(1)
        .and_then(|before| ends.get(before).copied())
        .unwrap_or(0);
    let end = ends.get(index).copied().unwrap_or(start);
    text.get(start..end).unwrap_or_default()
}

/// A field of an output, in double quotes where it needs them.
pub fn quoted(field: &str) -> impl fmt::Display + '_ {
    Quoted(field)
}

struct Quoted<'text>(&'text str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains([',', '"', '\n', '\r']) {
            write!(formatter, "\"{}\"", self.0.replace('"', "\"\""))
        } else {
            formatter.write_str(self.0)
        }
    }
}
