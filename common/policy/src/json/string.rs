//! Strings: escapes and surrogate pairs.

use alloc::string::String;

use super::parser::{Failure, Parser, fail};
use crate::Cause;

impl Parser<'_> {
    /// Reads a string whose opening quotation mark is next.
    pub(super) fn string(&mut self) -> Result<String, Failure> {
        self.advance(1);
        let mut string = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .find(|c: char| matches!(c, '"' | '\\') || c < ' ')
                .unwrap_or(rest.len());
            string.push_str(rest.get(..plain).unwrap_or_default());
            self.advance(plain);
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.unexpected("the rest of a text and '\"'")),
            }
        }
    }

    /// Reads an escape whose backslash is next.
    fn escape(&mut self) -> Result<char, Failure> {
        let start = self.offset();
        self.advance(1);
        let simple = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{08}',
            Some(b'f') => '\u{0c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.advance(1);
                return self.unicode_escape(start);
            }
            _ => return Err(self.unexpected("one of \" \\ / b f n r t u after '\\'")),
        };
        self.advance(1);
        Ok(simple)
    }

    /// Reads what follows `\u`, and the other half where it is half of a pair.
    fn unicode_escape(&mut self, start: usize) -> Result<char, Failure> {
        let first = self.code_unit()?;
        let lone = |found| fail(start, Cause::LoneSurrogate { found });
        let scalar = if (0xd800..0xdc00).contains(&first) {
            if !self.rest().starts_with("\\u") {
                return Err(lone(first));
            }
            self.advance(2);
            let second = self.code_unit()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(lone(first));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        // What is left that is no character is a second half without a first.
        char::from_u32(scalar).ok_or_else(|| lone(scalar))
    }

    /// Reads four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u32, Failure> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.unexpected("four hexadecimal digits after '\\u'"))?;
            unit = unit * 16 + digit;
            self.advance(1);
        }
        Ok(unit)
    }
}
