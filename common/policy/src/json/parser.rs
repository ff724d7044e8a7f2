//! From bytes to a tree.

use alloc::{
    borrow::ToOwned as _,
    boxed::Box,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{
    MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_NAME_BYTES, MAX_VALUES, Member, Node, Value,
    number::integer, pointer::text_of,
};
use crate::{Cause, PolicyError, error::Position, text::shorten};

/// Reads a whole document.
///
/// # Errors
///
/// The first thing that is wrong.
pub(crate) fn parse(document: &[u8]) -> Result<Node, PolicyError> {
    let error = |failure: Failure, path: &[String]| PolicyError {
        position: Position::of(document, failure.offset),
        pointer: text_of(path),
        cause: *failure.cause,
    };
    let text = text_of_document(document).map_err(|failure| error(failure, &[]))?;
    let mut parser = Parser {
        text,
        offset: 0,
        values: 0,
        path: Vec::new(),
    };
    parser
        .document()
        .map_err(|failure| error(failure, &parser.path))
}

/// The document as text: bounded, UTF-8, without a byte order mark.
fn text_of_document(document: &[u8]) -> Result<&str, Failure> {
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(fail(
            0,
            Cause::DocumentTooLarge {
                limit: MAX_DOCUMENT_BYTES,
                found: document.len(),
            },
        ));
    }
    if document.starts_with(b"\xef\xbb\xbf") {
        return Err(fail(0, Cause::ByteOrderMark));
    }
    // UTF-16 without a mark is UTF-8 with a NUL beside every letter.
    if let [0, _, ..] | [_, 0, ..] = document {
        return Err(fail(0, Cause::NotUtf8));
    }
    core::str::from_utf8(document).map_err(|error| fail(error.valid_up_to(), Cause::NotUtf8))
}

/// What is wrong at which offset.
pub(super) struct Failure {
    offset: usize,
    // Boxed: this is in the result of every small step.
    cause: Box<Cause>,
}

pub(super) fn fail(offset: usize, cause: Cause) -> Failure {
    Failure {
        offset,
        cause: Box::new(cause),
    }
}

/// The document and how far it was read.
pub(super) struct Parser<'d> {
    text: &'d str,
    offset: usize,
    /// Values so far.
    values: usize,
    /// The way to the value being read; after a failure, to where it happened.
    path: Vec<String>,
}

impl<'d> Parser<'d> {
    fn document(&mut self) -> Result<Node, Failure> {
        let root = self.value()?;
        self.skip_white_space();
        match self.peek() {
            None => Ok(root),
            Some(_) => Err(self.unexpected("nothing after the document")),
        }
    }

    // Recursion is bounded by MAX_DEPTH: the path has a segment a level.
    fn value(&mut self) -> Result<Node, Failure> {
        self.skip_white_space();
        let offset = self.offset;
        if self.values >= MAX_VALUES {
            return Err(fail(offset, Cause::TooManyValues { limit: MAX_VALUES }));
        }
        self.values += 1;
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.object()?),
            Some(b'[') => Value::Array(self.array()?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Integer(self.number()?),
            _ => self.literal()?,
        };
        Ok(Node { offset, value })
    }

    fn object(&mut self) -> Result<Vec<Member>, Failure> {
        self.enter()?;
        let mut members = Vec::new();
        self.skip_white_space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.skip_white_space();
            let offset = self.offset;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a name in '\"'"));
            }
            let name = self.string()?;
            if name.len() > MAX_NAME_BYTES {
                return Err(fail(
                    offset,
                    Cause::WrongLength {
                        unit: "bytes in a name",
                        minimum: 0,
                        maximum: MAX_NAME_BYTES,
                        found: name.len(),
                    },
                ));
            }
            self.skip_white_space();
            if !self.take(b':') {
                return Err(self.unexpected("':' after a name"));
            }
            self.path.push(name.clone());
            let node = self.value()?;
            self.path.pop();
            members.push(Member { offset, name, node });
            self.skip_white_space();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.unexpected("',' or '}'"));
            }
        }
        self.refuse_duplicates(&members)?;
        Ok(members)
    }

    fn array(&mut self) -> Result<Vec<Node>, Failure> {
        self.enter()?;
        let mut elements = Vec::new();
        self.skip_white_space();
        if self.take(b']') {
            return Ok(elements);
        }
        loop {
            self.path.push(elements.len().to_string());
            elements.push(self.value()?);
            self.path.pop();
            self.skip_white_space();
            if self.take(b']') {
                return Ok(elements);
            }
            if !self.take(b',') {
                return Err(self.unexpected("',' or ']'"));
            }
        }
    }

    /// Steps over an opening bracket.
    fn enter(&mut self) -> Result<(), Failure> {
        if self.path.len() >= MAX_DEPTH {
            return Err(fail(self.offset, Cause::TooDeep { limit: MAX_DEPTH }));
        }
        self.advance(1);
        Ok(())
    }

    /// Sorting finds duplicates among a hundred thousand names too.
    fn refuse_duplicates(&mut self, members: &[Member]) -> Result<(), Failure> {
        let mut sorted: Vec<&Member> = members.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name).then(a.offset.cmp(&b.offset)));
        let second = sorted
            .iter()
            .zip(sorted.iter().skip(1))
            .filter(|(a, b)| a.name == b.name)
            .map(|(_, second)| second)
            .min_by_key(|second| second.offset);
        let Some(second) = second else {
            return Ok(());
        };
        self.path.push(second.name.clone());
        Err(fail(
            second.offset,
            Cause::DuplicateKey {
                name: shorten(&second.name, SHOWN),
            },
        ))
    }

    fn number(&mut self) -> Result<i64, Failure> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let token = rest.get(..length).unwrap_or_default();
        let value = integer(token).ok_or_else(|| {
            fail(
                self.offset,
                Cause::NotAnInteger {
                    found: shorten(token, SHOWN),
                },
            )
        })?;
        self.advance(length);
        Ok(value)
    }

    fn literal(&mut self) -> Result<Value, Failure> {
        let literals = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ];
        for (word, value) in literals {
            if self.rest().starts_with(word) {
                self.advance(word.len());
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    /// A failure here, because something else was expected.
    pub(super) fn unexpected(&self, expected: &'static str) -> Failure {
        let found = match self.rest().chars().next() {
            None => "the end of the document".to_owned(),
            Some(character) => format!("{character:?}"),
        };
        fail(self.offset, Cause::Syntax { expected, found })
    }

    /// JSON's white space (RFC 8259, section 2), which is not Unicode's.
    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.advance(1);
        }
    }

    /// Steps over `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.advance(1);
        }
        next
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    pub(super) fn rest(&self) -> &'d str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// Callers step over what they have seen, so the offset stays within the text.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.offset = self.offset.saturating_add(bytes).min(self.text.len());
    }
}

/// Most characters of the document that an error repeats.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests;
