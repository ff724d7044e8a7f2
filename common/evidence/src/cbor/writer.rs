//! Writes the one encoding that a [`Reader`](super::Reader) takes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::encode::{Encoder, Error};

/// Appends items to a growing byte string.
#[derive(Debug)]
pub struct Writer {
    encoder: Encoder<Vec<u8>>,
}

impl Writer {
    /// Encodes what `write` writes: exactly one item, which the caller sees to.
    pub fn encode(write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut writer = Self {
            encoder: Encoder::new(Vec::new()),
        };
        write(&mut writer);
        writer.encoder.into_writer()
    }

    /// Begins an array; the caller writes `length` items next.
    pub fn array(&mut self, length: usize) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        done(self.encoder.array(length));
    }

    /// Writes a map with the pairs that `fill` adds, in the order that the rules want.
    pub fn map(&mut self, fill: impl FnOnce(&mut MapWriter)) {
        let mut map = MapWriter {
            pairs: BTreeMap::new(),
        };
        fill(&mut map);
        done(
            self.encoder
                .map(u64::try_from(map.pairs.len()).unwrap_or(u64::MAX)),
        );
        let out = self.encoder.writer_mut();
        for (key, value) in map.pairs {
            out.extend_from_slice(&key);
            out.extend_from_slice(&value);
        }
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, bytes: &[u8]) {
        done(self.encoder.bytes(bytes));
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        done(self.encoder.str(text));
    }

    /// Writes an integer that is not negative.
    pub fn unsigned(&mut self, number: u64) {
        done(self.encoder.u64(number));
    }

    /// Writes an integer.
    pub fn integer(&mut self, number: i64) {
        done(self.encoder.i64(number));
    }

    /// Writes a truth value.
    pub fn boolean(&mut self, value: bool) {
        done(self.encoder.bool(value));
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        done(self.encoder.null());
    }

    /// Writes a tag; the caller writes the item that it marks next.
    pub fn tag(&mut self, tag: u64) {
        done(self.encoder.tag(minicbor::data::Tag::new(tag)));
    }

    /// Writes an item that is deterministic CBOR already.
    pub fn item(&mut self, encoded: &[u8]) {
        self.encoder.writer_mut().extend_from_slice(encoded);
    }
}

/// Collects the pairs of a map. The same key a second time replaces the first value.
#[derive(Debug)]
pub struct MapWriter {
    /// By encoded key: the order of the bytes is the order on the wire.
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MapWriter {
    /// Adds a pair with an integer as its key; `write` writes exactly one item.
    pub fn int(&mut self, key: i64, write: impl FnOnce(&mut Writer)) {
        self.pairs
            .insert(Writer::encode(|w| w.integer(key)), Writer::encode(write));
    }

    /// Adds a pair with a text as its key; `write` writes exactly one item.
    pub fn text(&mut self, key: &str, write: impl FnOnce(&mut Writer)) {
        self.pairs
            .insert(Writer::encode(|w| w.text(key)), Writer::encode(write));
    }
}

/// Writing into memory cannot fail, and the type says so.
fn done(result: Result<&mut Encoder<Vec<u8>>, Error<Infallible>>) {
    debug_assert!(result.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::check;

    #[test]
    fn sorts_the_keys_of_a_map_by_their_bytes() {
        let bytes = Writer::encode(|w| {
            w.map(|m| {
                m.text("z", Writer::null);
                m.int(-1, Writer::null);
                m.int(100, Writer::null);
                m.int(10, Writer::null);
            });
        });
        assert_eq!(bytes, b"\xa4\x0a\xf6\x18\x64\xf6\x20\xf6\x61\x7a\xf6");
        assert_eq!(check(&bytes), Ok(()));
    }

    #[test]
    fn writes_numbers_in_their_shortest_form() {
        for number in [
            0,
            23,
            24,
            255,
            256,
            65535,
            65536,
            u64::from(u32::MAX),
            1 << 32,
            u64::MAX,
        ] {
            assert_eq!(
                check(&Writer::encode(|w| w.unsigned(number))),
                Ok(()),
                "{number}"
            );
        }
        for number in [
            -1,
            -24,
            -25,
            -256,
            -257,
            -65536,
            -65537,
            -(1 << 32),
            i64::MIN,
        ] {
            assert_eq!(
                check(&Writer::encode(|w| w.integer(number))),
                Ok(()),
                "{number}"
            );
        }
    }
}
