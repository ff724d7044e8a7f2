//! Lines of text, with their numbers.

use std::io::{BufRead, Read};

use crate::failure::Failure;
use crate::input::unreadable;
use crate::origin::Origin;

/// The longest line in bytes: enough for the genotypes of millions of people.
pub const MAX_LINE: u64 = 64 << 20;

/// Lines of a file, one at a time, in UTF-8.
#[derive(Debug)]
pub struct Lines<R> {
    origin: Origin,
    reader: R,
    /// The number of the line that was read last.
    number: u64,
    buffer: Vec<u8>,
}

/// A line without its end (a line feed, or carriage return and line feed).
#[derive(Debug, Clone, Copy)]
pub struct Line<'lines> {
    /// Counted from 1.
    pub number: u64,
    /// What stands in it.
    pub text: &'lines str,
    origin: &'lines Origin,
}

impl Line<'_> {
    /// A failure of this line.
    pub fn failure(&self, reason: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
        self.origin.failure_in_line(self.number, reason)
    }
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(origin: Origin, reader: R) -> Self {
        Self {
            origin,
            reader,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The file, and whose it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The next line, or none at the end.
    ///
    /// # Errors
    /// Where it is no UTF-8, is longer than [`MAX_LINE`], or cannot be read.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Failure> {
        self.buffer.clear();
        if !self.append()? {
            return Ok(None);
        }
        let text = str::from_utf8(&self.buffer)
            .map_err(|_| self.origin.failure_in_line(self.number, "expected UTF-8"))?;
        Ok(Some(Line {
            number: self.number,
            text: text.strip_suffix('\r').unwrap_or(text),
            origin: &self.origin,
        }))
    }

    /// Appends the next line to what is in the buffer, without its line feed. False at the end.
    fn append(&mut self) -> Result<bool, Failure> {
        let before = self.buffer.len();
        let mut limited = self.reader.by_ref().take(MAX_LINE);
        let read = limited
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| unreadable(&self.origin, &error))?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if (self.buffer.len() - before) as u64 == MAX_LINE {
            return Err(self
                .origin
                .failure_in_line(self.number, format!("longer than {} MiB", MAX_LINE >> 20)));
        }
        Ok(true)
    }

    /// The next record of comma-separated values: a line, or several where a line break stands
    /// between double quotes. Empty lines are passed over. Gives the number of its first line.
    #[cfg(feature = "csv")]
    pub(crate) fn next_record(&mut self) -> Result<Option<(u64, &[u8])>, Failure> {
        self.buffer.clear();
        while matches!(self.buffer.as_slice(), [] | [b'\r']) {
            self.buffer.clear();
            if !self.append()? {
                return Ok(None);
            }
        }
        let first = self.number;
        let mut quotes = count_quotes(&self.buffer);
        while quotes % 2 == 1 {
            self.buffer.push(b'\n');
            let start = self.buffer.len();
            let more = self.append()?;
            if !more || self.buffer.len() as u64 > MAX_LINE {
                return Err(self
                    .origin
                    .failure_in_line(first, "the double quotes do not pair"));
            }
            quotes += count_quotes(self.buffer.get(start..).unwrap_or_default());
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(Some((first, &self.buffer)))
    }
}

#[cfg(feature = "csv")]
fn count_quotes(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'"').count()
}
