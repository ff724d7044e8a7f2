//! Reads values out of a document that was checked as a whole.

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::{CborError, check};

/// A position in a checked document. Every method reads one item and steps over it.
///
/// After an error the position is unspecified: give the document up.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    /// Checks all of `bytes` against [the rules](super) and stands at the first item.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub fn new(bytes: &'b [u8]) -> Result<Self, CborError> {
        check(bytes)?;
        Ok(Self {
            decoder: Decoder::new(bytes),
        })
    }

    /// Where the reader stands, in bytes from the start.
    pub fn offset(&self) -> usize {
        self.decoder.position()
    }

    /// Begins an array of any length up to `max` items, and gives its length.
    ///
    /// # Errors
    /// `Unexpected` where there is no array, `TooLong` where it has more items.
    pub fn array(&mut self, max: usize) -> Result<usize, CborError> {
        let (offset, found) = self.read("an array", Decoder::array)?;
        bounded(offset, found.unwrap_or(u64::MAX), max)
    }

    /// Begins an array of exactly `expected` items.
    ///
    /// # Errors
    /// `Unexpected` where there is no array, `WrongLength` where it has another length.
    pub fn tuple(&mut self, expected: usize) -> Result<(), CborError> {
        let (offset, found) = self.read("an array", Decoder::array)?;
        exactly(offset, found.unwrap_or(u64::MAX), expected)
    }

    /// Begins a map of up to `max` pairs, and gives their number.
    ///
    /// # Errors
    /// `Unexpected` where there is no map, `TooLong` where it has more pairs.
    pub fn map(&mut self, max: usize) -> Result<usize, CborError> {
        let (offset, found) = self.read("a map", Decoder::map)?;
        bounded(offset, found.unwrap_or(u64::MAX), max)
    }

    /// Reads a map key and steps on if it is the integer `expected`.
    ///
    /// Keys are sorted, so a format with fixed keys is read by naming them in their order.
    ///
    /// # Errors
    /// `Unexpected` with `name` where another key stands there.
    pub fn key(&mut self, expected: i64, name: &'static str) -> Result<(), CborError> {
        let offset = self.offset();
        match self.integer() {
            Ok(found) if found == expected => Ok(()),
            _ => Err(CborError::Unexpected {
                offset,
                expected: name,
            }),
        }
    }

    /// Reads a byte string of up to `max` bytes.
    ///
    /// # Errors
    /// `Unexpected` where there is none, `TooLong` where it is longer.
    pub fn bytes(&mut self, max: usize) -> Result<&'b [u8], CborError> {
        let (offset, found) = self.read("a byte string", Decoder::bytes)?;
        bounded(offset, length(found), max)?;
        Ok(found)
    }

    /// Reads a byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// `Unexpected` where there is none, `WrongLength` where it is shorter or longer.
    pub fn byte_array<const N: usize>(&mut self) -> Result<[u8; N], CborError> {
        let (offset, found) = self.read("a byte string", Decoder::bytes)?;
        found.try_into().map_err(|_| CborError::WrongLength {
            offset,
            expected: N,
            found: length(found),
        })
    }

    /// Reads a text of up to `max` bytes.
    ///
    /// # Errors
    /// `Unexpected` where there is none, `TooLong` where it is longer.
    pub fn text(&mut self, max: usize) -> Result<&'b str, CborError> {
        let (offset, found) = self.read("a text", Decoder::str)?;
        bounded(offset, length(found.as_bytes()), max)?;
        Ok(found)
    }

    /// Reads an integer from 0 to 2^64 - 1.
    ///
    /// # Errors
    /// `Unexpected` where there is none.
    pub fn unsigned(&mut self) -> Result<u64, CborError> {
        self.read("a number that is not negative", Decoder::u64)
            .map(|(_, found)| found)
    }

    /// Reads an integer of at most 32 bits that is not negative.
    ///
    /// # Errors
    /// `Unexpected` where there is none or it is larger.
    pub fn unsigned32(&mut self) -> Result<u32, CborError> {
        self.read("a number below 2^32", Decoder::u32)
            .map(|(_, found)| found)
    }

    /// Reads an integer from -2^63 to 2^63 - 1.
    ///
    /// # Errors
    /// `Unexpected` where there is none or it is out of that range.
    pub fn integer(&mut self) -> Result<i64, CborError> {
        self.read("an integer", Decoder::i64)
            .map(|(_, found)| found)
    }

    /// Reads a truth value.
    ///
    /// # Errors
    /// `Unexpected` where there is none.
    pub fn boolean(&mut self) -> Result<bool, CborError> {
        self.read("true or false", Decoder::bool)
            .map(|(_, found)| found)
    }

    /// Reads the tag `expected`; the item that it marks comes next.
    ///
    /// # Errors
    /// `Unexpected` with `name` where there is no tag or another.
    pub fn tag(&mut self, expected: u64, name: &'static str) -> Result<(), CborError> {
        let (offset, found) = self.read(name, Decoder::tag)?;
        if found.as_u64() == expected {
            return Ok(());
        }
        Err(CborError::Unexpected {
            offset,
            expected: name,
        })
    }

    /// Steps over a `null` if one stands here, and says whether it did.
    pub fn null(&mut self) -> bool {
        matches!(self.decoder.datatype(), Ok(Type::Null)) && self.decoder.null().is_ok()
    }

    /// Steps over one item of any kind and gives its encoding, which is deterministic CBOR.
    ///
    /// # Errors
    /// `Truncated` at the end of the document.
    pub fn item(&mut self) -> Result<&'b [u8], CborError> {
        let (offset, ()) = self.read("an item", Decoder::skip)?;
        let item = self.decoder.input().get(offset..self.offset());
        item.ok_or(CborError::Truncated { offset })
    }

    fn read<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Error>,
    ) -> Result<(usize, T), CborError> {
        let offset = self.offset();
        match read(&mut self.decoder) {
            Ok(value) => Ok((offset, value)),
            // The document is complete, so its end here means that the format wants more items.
            Err(_) => Err(CborError::Unexpected { offset, expected }),
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn bounded(offset: usize, found: u64, max: usize) -> Result<usize, CborError> {
    match usize::try_from(found) {
        Ok(length) if length <= max => Ok(length),
        _ => Err(CborError::TooLong { offset, max, found }),
    }
}

fn exactly(offset: usize, found: u64, expected: usize) -> Result<(), CborError> {
    if usize::try_from(found) == Ok(expected) {
        return Ok(());
    }
    Err(CborError::WrongLength {
        offset,
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_value_of_another_kind_by_what_was_wanted() {
        let mut reader = Reader::new(b"\x01").unwrap();
        let expected = CborError::Unexpected {
            offset: 0,
            expected: "a text",
        };
        assert_eq!(reader.text(10), Err(expected));
    }

    #[test]
    fn refuses_strings_arrays_and_maps_beyond_their_bounds() {
        let too_long = |max, found| CborError::TooLong {
            offset: 0,
            max,
            found,
        };
        assert_eq!(
            Reader::new(b"\x43abc").unwrap().bytes(2),
            Err(too_long(2, 3))
        );
        assert_eq!(
            Reader::new(b"\x63abc").unwrap().text(2),
            Err(too_long(2, 3))
        );
        assert_eq!(
            Reader::new(b"\x82\x00\x00").unwrap().array(1),
            Err(too_long(1, 2))
        );
        assert_eq!(
            Reader::new(b"\xa1\x00\x00").unwrap().map(0),
            Err(too_long(0, 1))
        );
        let wrong = CborError::WrongLength {
            offset: 0,
            expected: 2,
            found: 3,
        };
        assert_eq!(
            Reader::new(b"\x43abc").unwrap().byte_array::<2>(),
            Err(wrong.clone())
        );
        assert_eq!(
            Reader::new(b"\x83\x00\x00\x00").unwrap().tuple(2),
            Err(wrong)
        );
    }

    #[test]
    fn reads_the_whole_range_of_numbers() {
        assert_eq!(
            Reader::new(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff")
                .unwrap()
                .unsigned(),
            Ok(u64::MAX)
        );
        assert_eq!(
            Reader::new(b"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff")
                .unwrap()
                .integer(),
            Ok(i64::MIN)
        );
        assert!(
            Reader::new(b"\x3b\x80\x00\x00\x00\x00\x00\x00\x00")
                .unwrap()
                .integer()
                .is_err()
        );
        assert!(
            Reader::new(b"\x1b\x00\x00\x00\x01\x00\x00\x00\x00")
                .unwrap()
                .unsigned32()
                .is_err()
        );
    }

    #[test]
    fn gives_an_item_as_it_stands() {
        let mut reader = Reader::new(b"\x82\xa1\x01\x82\x02\x03\xf6").unwrap();
        reader.tuple(2).unwrap();
        assert!(!reader.null());
        assert_eq!(reader.item().unwrap(), b"\xa1\x01\x82\x02\x03");
        assert!(reader.null());
        assert!(reader.item().is_err());
    }
}
