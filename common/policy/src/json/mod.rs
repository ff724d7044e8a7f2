//! Strict JSON that remembers where everything stands.
//!
//! Not a general JSON library: it reads exactly the documents that have one meaning for every
//! reader (RFC 8259 without duplicate names, lone surrogates and numbers beyond integers below
//! 2^53), of bounded size, depth and number of values, and writes their canonical form (RFC 8785).

mod canonical;
mod number;
mod parser;
mod pointer;
mod string;
#[cfg(test)]
mod tests;

use alloc::{string::String, vec::Vec};

pub(crate) use canonical::canonical;
pub(crate) use parser::parse;
#[cfg(feature = "explain")]
pub(crate) use pointer::text_of;
pub(crate) use pointer::{Place, Pointer};

/// Most bytes of a document.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// Most objects and arrays around a value.
pub(crate) const MAX_DEPTH: usize = 32;

/// Most values in a document.
pub(crate) const MAX_VALUES: usize = 100_000;

/// Most bytes of a member's name: the longest names in a policy are paths. Bounds the pointers in
/// errors too.
pub(crate) const MAX_NAME_BYTES: usize = crate::path::MAX_PATH_BYTES;

/// A value and where it starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Node {
    /// Bytes before it in the document.
    pub(crate) offset: usize,
    /// What it is.
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    String(String),
    Array(Vec<Node>),
    /// Members in the order of the document; no name stands twice.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Member {
    /// Bytes before its name (before the quotation mark) in the document.
    pub(crate) offset: usize,
    pub(crate) name: String,
    pub(crate) node: Node,
}

impl Node {
    /// What the value is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Integer(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}
