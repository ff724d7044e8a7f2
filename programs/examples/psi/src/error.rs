//! What can be wrong with an input.

use std::fmt;

/// Whose file is malformed, in which line, and why. It has no value of the file in it, since
/// whoever may read this message may not be who may read the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Whose file it is.
    pub owner: Owner,
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// A party that provides a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Has airports with their elevations.
    Acme,
    /// Has airports with their departures.
    Globex,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no header, because there is nothing.
    Empty,
    /// The header lacks a column.
    NoColumn {
        /// The column's name.
        column: &'static str,
    },
    /// A header with one name twice, or a key that was there before.
    Duplicate {
        /// The column's name.
        column: &'static str,
    },
    /// More or fewer fields than the header has.
    Width {
        /// Fields of the header.
        expected: usize,
        /// Fields of this line.
        found: usize,
    },
    /// A quote that is not closed, or stands inside a field.
    Quotes,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A line without end.
    LineTooLong {
        /// The longest line in bytes.
        limit: u64,
    },
    /// A key that is empty, or has other characters than letters and digits.
    NotACode {
        /// The column's name.
        column: &'static str,
    },
    /// A field that should be a number whose whole part has at most 63 bits.
    NotANumber {
        /// The column's name.
        column: &'static str,
    },
    /// A sum that does not fit 63 bits.
    SumTooLarge,
    /// The file could not be read on.
    Unreadable(std::io::ErrorKind),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = match self.owner {
            Owner::Acme => "acme",
            Owner::Globex => "globex",
        };
        write!(
            formatter,
            "{owner}'s file, line {}: {}",
            self.line, self.reason
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the file is empty; expected a header"),
            Self::NoColumn { column } => write!(formatter, "the header has no column `{column}`"),
            Self::Duplicate { column } => write!(formatter, "`{column}` was there before"),
            Self::Width { expected, found } => {
                write!(
                    formatter,
                    "expected {expected} fields, as in the header, found {found}"
                )
            }
            Self::Quotes => formatter.write_str("the double quotes do not pair"),
            Self::NotUtf8 => formatter.write_str("expected UTF-8"),
            Self::LineTooLong { limit } => write!(formatter, "longer than {limit} bytes"),
            Self::NotACode { column } => {
                write!(formatter, "`{column}` should be letters and digits")
            }
            Self::NotANumber { column } => {
                write!(formatter, "`{column}` should be a number")
            }
            Self::SumTooLarge => formatter.write_str("a sum does not fit 63 bits"),
            Self::Unreadable(kind) => write!(formatter, "could not be read: {kind}"),
        }
    }
}

impl std::error::Error for Error {}
