//! Strict deterministic CBOR: RFC 8949 with the core deterministic encoding of its section 4.2.1.
//!
//! Signed bytes must have one reading. So everything that gives a meaning a second encoding, or
//! an encoding a second meaning, is refused: indefinite lengths, numbers longer than necessary,
//! map keys that are not in ascending order of their bytes or occur twice, trailing bytes.
//! Floating point, `undefined` and unassigned simple values have no use here and are refused as
//! well. Nesting is bounded by [`MAX_DEPTH`], so that checking needs a fixed amount of stack, and
//! the steps are bounded by the length of the input.
//!
//! [`Reader::new`] checks the whole document before the first value is read, so no reader of a
//! part can forget it. [`Writer`] produces the only encoding that a reader takes.
//!
//! ```
//! use veracruz_evidence::cbor::{Reader, Writer};
//!
//! let bytes = Writer::encode(|w| {
//!     w.map(|m| {
//!         m.int(2, |w| w.text("two"));
//!         m.int(1, |w| w.bytes(&[1, 2, 3])); // sorted by the writer
//!     });
//! });
//! let mut reader = Reader::new(&bytes)?;
//! assert_eq!(reader.map(2)?, 2);
//! assert_eq!(reader.integer()?, 1);
//! assert_eq!(reader.bytes(16)?, [1, 2, 3]);
//! # Ok::<(), veracruz_evidence::cbor::CborError>(())
//! ```

mod check;
mod reader;
mod writer;

pub use check::check;
pub use reader::Reader;
pub use writer::{MapWriter, Writer};

/// How deep arrays, maps and tags may be nested. A bare number has depth 0.
pub const MAX_DEPTH: usize = 8;

/// Bytes that are not what this module calls CBOR, or not the value that was expected there.
/// Whoever made the bytes is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The input ends inside an item.
    #[error("the data ends at byte {offset}, inside an item")]
    Truncated {
        /// Where the item that is cut off starts.
        offset: usize,
    },
    /// Bytes follow after the one item that was expected.
    #[error("{count} bytes follow after the end of the data")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A string, array or map of indefinite length.
    #[error("an item of indefinite length at byte {offset}")]
    Indefinite {
        /// Where it starts.
        offset: usize,
    },
    /// A number or length that is written longer than necessary.
    #[error("a number at byte {offset} is not in its shortest form")]
    NotShortest {
        /// Where it starts.
        offset: usize,
    },
    /// A map's keys are not in ascending order of their bytes.
    #[error("a map key at byte {offset} is out of order")]
    UnsortedKey {
        /// Where the key starts.
        offset: usize,
    },
    /// A map has the same key twice.
    #[error("a map key at byte {offset} occurs twice")]
    DuplicateKey {
        /// Where the second one starts.
        offset: usize,
    },
    /// Arrays, maps or tags nested deeper than [`MAX_DEPTH`].
    #[error("items nested deeper than {MAX_DEPTH} at byte {offset}")]
    TooDeep {
        /// Where the first one that is too deep starts.
        offset: usize,
    },
    /// A kind of item that has no use here: floating point, `undefined`, other simple values,
    /// reserved encodings.
    #[error("an item at byte {offset} is of a kind that is not allowed (first byte 0x{found:02x})")]
    Forbidden {
        /// Where it starts.
        offset: usize,
        /// Its first byte.
        found: u8,
    },
    /// A text string that is not UTF-8.
    #[error("a text at byte {offset} is not UTF-8")]
    NotUtf8 {
        /// Where it starts.
        offset: usize,
    },
    /// An item of another kind than the format wants in this place.
    #[error("expected {expected} at byte {offset}")]
    Unexpected {
        /// Where the item starts.
        offset: usize,
        /// What the format wants.
        expected: &'static str,
    },
    /// A string, array or map that is longer than the format allows.
    #[error("an item at byte {offset} has length {found}, at most {max} is allowed")]
    TooLong {
        /// Where it starts.
        offset: usize,
        /// The most that is allowed: bytes of a string, items of an array, pairs of a map.
        max: usize,
        /// The length found.
        found: u64,
    },
    /// A string or array whose length is not the one that the format fixes.
    #[error("an item at byte {offset} has length {found}, expected {expected}")]
    WrongLength {
        /// Where it starts.
        offset: usize,
        /// The length wanted.
        expected: usize,
        /// The length found.
        found: u64,
    },
}
