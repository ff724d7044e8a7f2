//! A place in a document.

use core::fmt;

/// A place in a document.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// The line, from 1. A line ends with a line feed.
    pub line: usize,
    /// The column, from 1, in characters (Unicode scalar values).
    pub column: usize,
}

impl Position {
    /// The place `offset` bytes into `document`, or its end where it is shorter. What is not UTF-8
    /// counts a character for each sequence that is not.
    pub(crate) fn of(document: &[u8], offset: usize) -> Self {
        let before = document.get(..offset).unwrap_or(document);
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |line_feed| line_feed + 1);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let in_line = before.get(line_start..).unwrap_or_default();
        let characters = alloc::string::String::from_utf8_lossy(in_line)
            .chars()
            .count();
        Self {
            offset: before.len(),
            line: lines + 1,
            column: characters + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_with_a_line_feed() {
        let text = "{\r\n  \"é文\": 1\n}".as_bytes();
        let place = |offset| {
            let position = Position::of(text, offset);
            (position.line, position.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(3), (2, 1));
        assert_eq!(place(12), (2, 7));
        assert_eq!(place(1000), (3, 2));
    }
}
