//! CBOR that others wrote: as strict as [`veracruz_evidence::cbor`] but for the order of keys.
//!
//! Nitro documents, CCA and PSA tokens of real machines do not sort the keys of their maps, and
//! their signatures are over the bytes as they stand, so the order carries no second meaning.
//! Everything else that would give bytes a second reading is refused all the same: indefinite
//! lengths, numbers longer than necessary, a key that occurs twice, bytes that follow, floating
//! point and other simple values; nesting is bounded by [`MAX_DEPTH`] and a map by [`MAX_PAIRS`].
//! The encoders of these machines (QCBOR, t_cose, serde_cbor) write no such thing.
//!
//! Nothing is copied: a [`Value`] is a piece of the input that was checked as a whole before.

use veracruz_evidence::cbor::{CborError, MAX_DEPTH};

/// Most pairs of a map: keys are compared each with each, and no format has half as many.
pub(crate) const MAX_PAIRS: u64 = 64;

/// The encoding of one item, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'b> {
    encoded: &'b [u8],
}

impl<'b> Value<'b> {
    /// Checks that `bytes` are exactly one item, in time linear in their length.
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self, CborError> {
        Self::parse_within(bytes, MAX_DEPTH)
    }

    /// As [`Value::parse`], for a format that nests `depth` deep: a small number, since checking
    /// takes stack for it.
    pub(crate) fn parse_within(bytes: &'b [u8], depth: usize) -> Result<Self, CborError> {
        let mut check = Check {
            bytes,
            offset: 0,
            depth,
        };
        check.item(0)?;
        match bytes.len().saturating_sub(check.offset) {
            0 => Ok(Self { encoded: bytes }),
            count => Err(CborError::TrailingBytes { count }),
        }
    }

    /// The encoding.
    pub(crate) const fn encoded(self) -> &'b [u8] {
        self.encoded
    }

    /// A number that is not negative.
    pub(crate) fn unsigned(self) -> Option<u64> {
        self.of_kind(UNSIGNED).map(|(argument, _)| argument)
    }

    /// A number from -2^63 to 2^63 - 1.
    pub(crate) fn integer(self) -> Option<i64> {
        let unsigned = self.unsigned().map(i64::try_from);
        let negative = || {
            let (argument, _) = self.of_kind(NEGATIVE)?;
            // -1 - n is the complement of n.
            Some(i64::try_from(argument).map(|number| !number))
        };
        unsigned.or_else(negative)?.ok()
    }

    /// A byte string.
    pub(crate) fn bytes(self) -> Option<&'b [u8]> {
        self.of_kind(BYTES).map(|(_, content)| content)
    }

    /// A text.
    pub(crate) fn text(self) -> Option<&'b str> {
        let (_, content) = self.of_kind(TEXT)?;
        core::str::from_utf8(content).ok()
    }

    /// Whether it is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.encoded == [0xf6]
    }

    /// The items of an array.
    pub(crate) fn array(self) -> Option<impl Iterator<Item = Self>> {
        self.of_kind(ARRAY).map(|(_, content)| Items(content))
    }

    /// The pairs of a map.
    pub(crate) fn map(self) -> Option<impl Iterator<Item = (Self, Self)>> {
        let (_, content) = self.of_kind(MAP)?;
        let mut items = Items(content);
        Some(core::iter::from_fn(move || {
            Some((items.next()?, items.next()?))
        }))
    }

    /// The value in a map under a number.
    pub(crate) fn get(self, key: i64) -> Option<Self> {
        let mut pairs = self.map()?;
        pairs
            .find(|(found, _)| found.integer() == Some(key))
            .map(|(_, value)| value)
    }

    /// The value in a map under a text.
    pub(crate) fn get_text(self, key: &str) -> Option<Self> {
        let mut pairs = self.map()?;
        pairs
            .find(|(found, _)| found.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// A tag, and the item that it marks.
    pub(crate) fn tag(self) -> Option<(u64, Self)> {
        let (tag, encoded) = self.of_kind(TAG)?;
        Some((tag, Self { encoded }))
    }

    /// The argument and the content, where the item is of this major type.
    fn of_kind(self, major: u8) -> Option<(u64, &'b [u8])> {
        let head = Head::read(self.encoded, 0).ok()?;
        let content = self.encoded.get(head.length..)?;
        (head.major == major).then_some((head.argument, content))
    }
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Items one after the other, checked before.
struct Items<'b>(&'b [u8]);

impl<'b> Iterator for Items<'b> {
    type Item = Value<'b>;

    fn next(&mut self) -> Option<Value<'b>> {
        if self.0.is_empty() {
            return None;
        }
        let (encoded, rest) = self.0.split_at_checked(length(self.0)?)?;
        self.0 = rest;
        Some(Value { encoded })
    }
}

/// The length of the first of some checked items.
fn length(bytes: &[u8]) -> Option<usize> {
    let mut offset = 0usize;
    let mut open = 1u64;
    while open > 0 {
        let head = Head::read(bytes.get(offset..)?, offset).ok()?;
        offset = offset
            .checked_add(head.length)?
            .checked_add(head.content()?)?;
        open = open.checked_sub(1)?.checked_add(head.items()?)?;
    }
    Some(offset)
}

/// The first byte of an item and the number that follows it (RFC 8949 section 3).
struct Head {
    major: u8,
    argument: u64,
    /// Bytes of the head itself.
    length: usize,
}

impl Head {
    /// Reads a head at the start of `bytes`, which stand at `offset` of the document.
    fn read(bytes: &[u8], offset: usize) -> Result<Self, CborError> {
        let truncated = CborError::Truncated { offset };
        let Some((&first, after)) = bytes.split_first() else {
            return Err(truncated);
        };
        let major = first >> 5;
        let (width, least) = match first & 0x1f {
            short @ 0..=23 => {
                return Ok(Self {
                    major,
                    argument: short.into(),
                    length: 1,
                });
            }
            24 => (1usize, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 if (BYTES..=MAP).contains(&major) => return Err(CborError::Indefinite { offset }),
            _ => {
                return Err(CborError::Forbidden {
                    offset,
                    found: first,
                });
            }
        };
        let number = after.get(..width).ok_or(truncated)?;
        let argument = number
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        if major == 7 {
            return Err(CborError::Forbidden {
                offset,
                found: first,
            });
        }
        if argument < least {
            return Err(CborError::NotShortest { offset });
        }
        Ok(Self {
            major,
            argument,
            length: width.saturating_add(1),
        })
    }

    /// Bytes of content that are no items.
    fn content(&self) -> Option<usize> {
        match self.major {
            BYTES | TEXT => usize::try_from(self.argument).ok(),
            _ => Some(0),
        }
    }

    /// How many items follow inside this one.
    fn items(&self) -> Option<u64> {
        match self.major {
            ARRAY => Some(self.argument),
            MAP => self.argument.checked_mul(2),
            TAG => Some(1),
            _ => Some(0),
        }
    }
}

/// The one pass over a document.
struct Check<'b> {
    bytes: &'b [u8],
    offset: usize,
    /// How deep items may nest.
    depth: usize,
}

impl Check<'_> {
    /// Steps over one item. Recursion ends at the given depth, loops with the input.
    fn item(&mut self, depth: usize) -> Result<(), CborError> {
        let start = self.offset;
        let head = Head::read(self.bytes.get(start..).unwrap_or_default(), start)?;
        if head.major >= ARRAY && head.major <= TAG && depth >= self.depth {
            return Err(CborError::TooDeep { offset: start });
        }
        let truncated = CborError::Truncated { offset: start };
        let content = start.saturating_add(head.length);
        let end = head
            .content()
            .and_then(|length| content.checked_add(length));
        let end = end.ok_or(truncated.clone())?;
        let text = self.bytes.get(content..end).ok_or(truncated)?;
        self.offset = end;
        let inside = depth.saturating_add(1);
        match head.major {
            TEXT if core::str::from_utf8(text).is_err() => {
                Err(CborError::NotUtf8 { offset: start })
            }
            ARRAY => (0..head.argument).try_for_each(|_| self.item(inside)),
            MAP => self.pairs(head.argument, start, inside),
            TAG => self.item(inside),
            // false, true and null alone are values of major type 7.
            7 if !(20..=22).contains(&head.argument) => {
                let found = self.bytes.get(start).copied().unwrap_or_default();
                Err(CborError::Forbidden {
                    offset: start,
                    found,
                })
            }
            _ => Ok(()),
        }
    }

    fn pairs(&mut self, count: u64, start: usize, depth: usize) -> Result<(), CborError> {
        if count > MAX_PAIRS {
            let max = usize::try_from(MAX_PAIRS).unwrap_or(usize::MAX);
            return Err(CborError::TooLong {
                offset: start,
                max,
                found: count,
            });
        }
        let mut keys: Vec<&[u8]> = Vec::new();
        for _ in 0..count {
            let offset = self.offset;
            self.item(depth)?;
            let key = self.bytes.get(offset..self.offset).unwrap_or_default();
            if keys.contains(&key) {
                return Err(CborError::DuplicateKey { offset });
            }
            keys.push(key);
            self.item(depth)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use veracruz_evidence::cbor::check;

    use super::*;

    #[test]
    fn reads_maps_in_any_order() {
        let value = Value::parse(b"\xa3\x19\x01\x09\x61a\x0a\x42\x01\x02\x61b\x83\x20\xf6\xd2\xf5")
            .unwrap();
        assert_eq!(value.get(265).and_then(Value::text), Some("a"));
        assert_eq!(value.get(10).and_then(Value::bytes), Some(&[1, 2][..]));
        let items: Vec<Value<'_>> = value.get_text("b").unwrap().array().unwrap().collect();
        assert_eq!(items[0].integer(), Some(-1));
        assert!(items[1].is_null());
        assert_eq!(
            items[2].tag().map(|(tag, item)| (tag, item.encoded())),
            Some((18, &[0xf5][..]))
        );
        assert_eq!(value.get(11), None);
        assert_eq!(value.get(265).and_then(Value::bytes), None);
    }

    #[test]
    fn refuses_what_has_a_second_reading() {
        let long = [&[0xb8, 65][..], &[0; 130]].concat();
        let deep = vec![0x81; 20_000];
        for (bytes, expected) in [
            (
                &b"\xa2\x02\x01\x02\x01"[..],
                CborError::DuplicateKey { offset: 3 },
            ),
            (
                b"\xa3\x02\x01\x01\x01\x02\x01",
                CborError::DuplicateKey { offset: 5 },
            ),
            (b"\x5f\x41\x00\xff", CborError::Indefinite { offset: 0 }),
            (b"\xbf\x01\x02\xff", CborError::Indefinite { offset: 0 }),
            (b"\x81\x18\x17", CborError::NotShortest { offset: 1 }),
            (b"\x58\x01a", CborError::NotShortest { offset: 0 }),
            (b"\x00\x00", CborError::TrailingBytes { count: 1 }),
            (
                b"\xf9\x00\x00",
                CborError::Forbidden {
                    offset: 0,
                    found: 0xf9,
                },
            ),
            (
                b"\xf7",
                CborError::Forbidden {
                    offset: 0,
                    found: 0xf7,
                },
            ),
            (
                b"\xf8\x20",
                CborError::Forbidden {
                    offset: 0,
                    found: 0xf8,
                },
            ),
            (
                b"\x1c",
                CborError::Forbidden {
                    offset: 0,
                    found: 0x1c,
                },
            ),
            (
                b"\xff",
                CborError::Forbidden {
                    offset: 0,
                    found: 0xff,
                },
            ),
            (b"\x61\xff", CborError::NotUtf8 { offset: 0 }),
            (b"", CborError::Truncated { offset: 0 }),
            (
                b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
                CborError::Truncated { offset: 9 },
            ),
            (
                b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
                CborError::Truncated { offset: 0 },
            ),
            (&deep, CborError::TooDeep { offset: MAX_DEPTH }),
            (
                &long,
                CborError::TooLong {
                    offset: 0,
                    max: 64,
                    found: 65,
                },
            ),
        ] {
            assert_eq!(
                Value::parse(bytes),
                Err(expected),
                "{:02x?}",
                &bytes[..bytes.len().min(9)]
            );
        }
    }

    proptest! {
        /// The one difference to the strict reader of our own formats is the order of keys.
        #[test]
        fn takes_all_deterministic_cbor_and_little_else(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            match (check(&bytes), Value::parse(&bytes)) {
                (Ok(()), Ok(_)) => {}
                (Err(CborError::UnsortedKey { .. }), _) | (Err(_), Err(CborError::TooLong { .. })) => {}
                (Err(expected), Err(found)) => prop_assert_eq!(expected, found),
                (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
            }
        }

        #[test]
        fn reads_every_integer(number in any::<i64>()) {
            let bytes = veracruz_evidence::cbor::Writer::encode(|w| w.integer(number));
            prop_assert_eq!(Value::parse(&bytes).unwrap().integer(), Some(number));
        }
    }
}
