//! Reads the columns it was asked for out of a CSV file, a line at a time.
//!
//! Fields may be in double quotes, with `""` for a quote inside; a line break inside a field is
//! refused, as are lines over 64 KiB. What an input can do wrong is an error with its line.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use crate::error::{Error, Owner, Reason};

const MAX_LINE: u64 = 64 * 1024;

/// A CSV file of which `COLUMNS` columns are read.
pub(crate) struct Table<Reader, const COLUMNS: usize> {
    owner: Owner,
    reader: Reader,
    line: u64,
    text: String,
    /// Where each wanted column stands in a line.
    positions: [usize; COLUMNS],
    width: usize,
}

/// The wanted fields of one line.
pub(crate) struct Row<'table, const COLUMNS: usize> {
    owner: Owner,
    line: u64,
    fields: [Cow<'table, str>; COLUMNS],
}

impl<const COLUMNS: usize> Row<'_, COLUMNS> {
    pub(crate) fn fields(&self) -> [&str; COLUMNS] {
        self.fields.each_ref().map(AsRef::as_ref)
    }

    /// Its line, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    pub(crate) fn error(&self, reason: Reason) -> Error {
        Error {
            owner: self.owner,
            line: self.line,
            reason,
        }
    }
}

impl<Reader: BufRead, const COLUMNS: usize> Table<Reader, COLUMNS> {
    /// Reads the header, and finds the columns in it by name.
    pub(crate) fn open(
        owner: Owner,
        reader: Reader,
        columns: [&'static str; COLUMNS],
    ) -> Result<Self, Error> {
        let mut table = Self {
            owner,
            reader,
            line: 0,
            text: String::new(),
            positions: [0; COLUMNS],
            width: 0,
        };
        if !table.read_line()? {
            return Err(table.error(Reason::Empty));
        }
        // Spreadsheets write a byte order mark.
        let header = split(table.text.trim_start_matches('\u{feff}'))
            .map_err(|reason| table.error(reason))?;
        let mut positions = [0; COLUMNS];
        for (position, column) in positions.iter_mut().zip(columns) {
            let mut found = header
                .iter()
                .enumerate()
                .filter(|(_, name)| *name == column);
            *position = match (found.next(), found.next()) {
                (Some((position, _)), None) => position,
                (None, _) => return Err(table.error(Reason::NoColumn { column })),
                (Some(_), Some(_)) => return Err(table.error(Reason::Duplicate { column })),
            };
        }
        let width = header.len();
        Ok(Self {
            positions,
            width,
            ..table
        })
    }

    /// The next line's fields, or none at the end. Empty lines are passed over.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_, COLUMNS>>, Error> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            if !self.text.is_empty() {
                break;
            }
        }
        let (owner, line) = (self.owner, self.line);
        let error = |reason| Error {
            owner,
            line,
            reason,
        };
        let (fields, found) = if self.text.contains('"') {
            let mut all = split(&self.text).map_err(error)?;
            let take = |field| all.get_mut(field).map(std::mem::take);
            (
                self.positions.map(take).map(Option::unwrap_or_default),
                all.len(),
            )
        } else {
            plain(&self.text, self.positions)
        };
        if found != self.width {
            return Err(error(Reason::Width {
                expected: self.width,
                found,
            }));
        }
        Ok(Some(Row {
            owner,
            line,
            fields,
        }))
    }

    /// False at the end. The line break is not part of `text`.
    fn read_line(&mut self) -> Result<bool, Error> {
        self.text.clear();
        self.line += 1;
        let read = self
            .reader
            .by_ref()
            .take(MAX_LINE)
            .read_line(&mut self.text);
        let length = read.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => self.error(Reason::NotUtf8),
            kind => self.error(Reason::Unreadable(kind)),
        })?;
        if self.text.ends_with('\n') {
            self.text.pop();
            if self.text.ends_with('\r') {
                self.text.pop();
            }
        } else if length as u64 == MAX_LINE {
            return Err(self.error(Reason::LineTooLong { limit: MAX_LINE }));
        }
        Ok(length > 0)
    }

    fn error(&self, reason: Reason) -> Error {
        Error {
            owner: self.owner,
            line: self.line,
            reason,
        }
    }
}

/// The wanted fields of a line without quotes, and how many it has.
fn plain<const COLUMNS: usize>(
    line: &str,
    positions: [usize; COLUMNS],
) -> ([Cow<'_, str>; COLUMNS], usize) {
    let mut wanted = [const { Cow::Borrowed("") }; COLUMNS];
    let mut found = 0;
    let mut rest = Some(line.as_bytes());
    while let Some(bytes) = rest {
        let end = bytes.iter().position(|byte| *byte == b',');
        let start = line.len() - bytes.len();
        let length = end.unwrap_or(bytes.len());
        for (field, position) in wanted.iter_mut().zip(positions) {
            if position == found {
                *field = line.get(start..start + length).unwrap_or_default().into();
            }
        }
        found += 1;
        rest = end.and_then(|end| bytes.get(end + 1..));
    }
    (wanted, found)
}

/// The fields of one line, borrowed where no quote had to be undone.
fn split(line: &str) -> Result<Vec<Cow<'_, str>>, Reason> {
    let mut fields = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (field, after) = match text.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => match text.split_once(',') {
                Some((field, after)) => (field.into(), Some(after)),
                None => (text.into(), None),
            },
        };
        if matches!(&field, Cow::Borrowed(plain) if plain.contains('"')) {
            return Err(Reason::Quotes);
        }
        fields.push(field);
        rest = after;
    }
    Ok(fields)
}

/// What stands between the opening quote, which is gone already, and the closing one; and what
/// comes after the comma, if there is one.
fn quoted_field(text: &str) -> Result<(Cow<'_, str>, Option<&str>), Reason> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(Reason::Quotes)?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None if after.is_empty() => return Ok((field.into(), None)),
            None => {
                let after = after.strip_prefix(',').ok_or(Reason::Quotes)?;
                return Ok((field.into(), Some(after)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_undone() {
        assert_eq!(
            split(r#"a,"b,c","d""e",,"#).unwrap(),
            ["a", "b,c", "d\"e", "", ""]
        );
        assert_eq!(split("").unwrap(), [""]);
    }

    #[test]
    fn refuses_quotes_that_do_not_pair() {
        for line in ["\"a", "a\"b", "\"a\"b", "\"a\" ,b", "a,\"", "\"\"\""] {
            assert_eq!(split(line), Err(Reason::Quotes), "{line}");
        }
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let text = "\u{feff}x,\"b\",a\r\n1,2,3\r\n\r\n4,5,6";
        let mut table = Table::open(Owner::Acme, text.as_bytes(), ["a", "b"]).unwrap();
        assert_eq!(table.next_row().unwrap().unwrap().fields(), ["3", "2"]);
        assert_eq!(table.next_row().unwrap().unwrap().fields(), ["6", "5"]);
        assert!(table.next_row().unwrap().is_none());
    }

    #[test]
    fn refuses_a_line_that_is_too_long() {
        let text = format!("a\n{}", "x".repeat(70_000));
        let mut table = Table::open(Owner::Acme, text.as_bytes(), ["a"]).unwrap();
        let error = table.next_row().err().unwrap();
        assert_eq!(
            error,
            Error {
                owner: Owner::Acme,
                line: 2,
                reason: Reason::LineTooLong { limit: 65_536 }
            }
        );
    }
}
