//! One pass over a document that refuses whatever is not deterministic CBOR.

use super::{CborError, MAX_DEPTH};

/// Checks that `bytes` are exactly one item of deterministic CBOR.
///
/// Takes time linear in the length and allocates nothing.
///
/// # Errors
/// The first thing found that [the rules](super) forbid.
pub fn check(bytes: &[u8]) -> Result<(), CborError> {
    let mut cursor = Cursor { bytes, offset: 0 };
    cursor.item(0)?;
    match cursor.rest().len() {
        0 => Ok(()),
        count => Err(CborError::TrailingBytes { count }),
    }
}

struct Cursor<'b> {
    bytes: &'b [u8],
    offset: usize,
}

/// The first byte of an item and the number that follows it (RFC 8949 section 3).
struct Head {
    first: u8,
    argument: u64,
    start: usize,
}

impl<'b> Cursor<'b> {
    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    /// Steps over one item. Recursion ends at `MAX_DEPTH`.
    fn item(&mut self, depth: usize) -> Result<(), CborError> {
        let head = self.head()?;
        let nested = matches!(head.first >> 5, 4..=6);
        if nested && depth >= MAX_DEPTH {
            return Err(CborError::TooDeep { offset: head.start });
        }
        match head.first >> 5 {
            0 | 1 => Ok(()),
            2 => self.string(&head).map(drop),
            3 => {
                let text = self.string(&head)?;
                core::str::from_utf8(text)
                    .map(drop)
                    .map_err(|_| CborError::NotUtf8 { offset: head.start })
            }
            // The count may be a lie, but each item takes a byte, so the loop ends with the input.
            4 => (0..head.argument).try_for_each(|_| self.item(depth + 1)),
            5 => self.pairs(head.argument, depth + 1),
            6 => self.item(depth + 1),
            // false, true, null; the rest of major type 7 is floating point and unassigned.
            _ if matches!(head.first, 0xf4..=0xf6) => Ok(()),
            _ => Err(CborError::Forbidden {
                offset: head.start,
                found: head.first,
            }),
        }
    }

    fn pairs(&mut self, count: u64, depth: usize) -> Result<(), CborError> {
        let mut previous: Option<&[u8]> = None;
        for _ in 0..count {
            let start = self.offset;
            self.item(depth)?;
            let key = self.bytes.get(start..self.offset).unwrap_or_default();
            if let Some(previous) = previous {
                match previous.cmp(key) {
                    core::cmp::Ordering::Less => {}
                    core::cmp::Ordering::Equal => {
                        return Err(CborError::DuplicateKey { offset: start });
                    }
                    core::cmp::Ordering::Greater => {
                        return Err(CborError::UnsortedKey { offset: start });
                    }
                }
            }
            previous = Some(key);
            self.item(depth)?;
        }
        Ok(())
    }

    fn string(&mut self, head: &Head) -> Result<&'b [u8], CborError> {
        let truncated = CborError::Truncated { offset: head.start };
        let Ok(length) = usize::try_from(head.argument) else {
            return Err(truncated);
        };
        let Some(content) = self.rest().get(..length) else {
            return Err(truncated);
        };
        // No overflow: the slice above shows that so many bytes exist.
        self.offset += length;
        Ok(content)
    }

    fn head(&mut self) -> Result<Head, CborError> {
        let start = self.offset;
        let truncated = CborError::Truncated { offset: start };
        let Some((&first, after)) = self.rest().split_first() else {
            return Err(truncated);
        };
        let (width, smallest) = match first & 0x1f {
            0..=23 => (0, 0),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 if matches!(first >> 5, 2..=5) => {
                return Err(CborError::Indefinite { offset: start });
            }
            _ => {
                return Err(CborError::Forbidden {
                    offset: start,
                    found: first,
                });
            }
        };
        let Some(number) = after.get(..width) else {
            return Err(truncated);
        };
        self.offset += 1 + width;
        if width == 0 {
            return Ok(Head {
                first,
                argument: u64::from(first & 0x1f),
                start,
            });
        }
        let argument = number
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        // Major type 7 has no numbers but floats and simple values, which `item` refuses.
        if argument < smallest && first >> 5 != 7 {
            return Err(CborError::NotShortest { offset: start });
        }
        Ok(Head {
            first,
            argument,
            start,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn takes_the_examples_of_rfc_8949_that_have_one_encoding() {
        // RFC 8949 appendix A, without floats, indefinite lengths, and simple values.
        let examples: &[&[u8]] = &[
            b"\x00",
            b"\x17",
            b"\x18\x18",
            b"\x18\x64",
            b"\x19\x03\xe8",
            b"\x1a\x00\x0f\x42\x40",
            b"\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00",
            b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x20",
            b"\x38\x63",
            b"\x39\x03\xe7",
            b"\xf4",
            b"\xf5",
            b"\xf6",
            b"\xc1\x1a\x51\x4b\x67\xb0",
            b"\xd7\x44\x01\x02\x03\x04",
            b"\xd8\x18\x45\x64\x49\x45\x54\x46",
            b"\x40",
            b"\x60",
            b"\x64\xf0\x90\x85\x91",
            b"\x80",
            b"\x83\x01\x82\x02\x03\x82\x04\x05",
            b"\xa0",
            b"\xa2\x01\x02\x03\x04",
            b"\xa2\x61\x61\x01\x61\x62\x82\x02\x03",
        ];
        for example in examples {
            assert_eq!(check(example), Ok(()), "{example:02x?}");
        }
    }

    #[test]
    fn refuses_indefinite_lengths() {
        for bytes in [
            &b"\x5f\x41\x00\xff"[..],
            b"\x7f\x61a\xff",
            b"\x9f\x01\xff",
            b"\xbf\x01\x02\xff",
        ] {
            assert_eq!(check(bytes), Err(CborError::Indefinite { offset: 0 }));
        }
    }

    #[test]
    fn refuses_numbers_and_lengths_that_are_too_long() {
        for bytes in [
            &b"\x18\x17"[..],
            b"\x19\x00\xff",
            b"\x1a\x00\x00\xff\xff",
            b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff",
            b"\x38\x00",
            b"\x58\x01a",
            b"\x78\x01a",
            b"\x98\x01\x00",
            b"\xb8\x01\x00\x00",
            b"\xd8\x12\x00",
        ] {
            assert_eq!(
                check(bytes),
                Err(CborError::NotShortest { offset: 0 }),
                "{bytes:02x?}"
            );
        }
    }

    #[test]
    fn refuses_keys_out_of_order_and_twice() {
        assert_eq!(
            check(b"\xa2\x03\x04\x01\x02"),
            Err(CborError::UnsortedKey { offset: 3 })
        );
        assert_eq!(
            check(b"\xa2\x01\x04\x01\x02"),
            Err(CborError::DuplicateKey { offset: 3 })
        );
        // By bytes (RFC 8949 section 4.2.1), not by length first (section 4.2.3): 10, 100, -1, "z".
        assert_eq!(
            check(b"\xa4\x0a\x00\x18\x64\x00\x20\x00\x61\x7a\x00"),
            Ok(())
        );
        assert_eq!(
            check(b"\xa2\x20\x00\x18\x64\x00"),
            Err(CborError::UnsortedKey { offset: 3 })
        );
    }

    #[test]
    fn refuses_what_has_no_use() {
        for bytes in [
            &b"\xf7"[..],                            // undefined
            b"\xf9\x00\x00",                         // half float
            b"\xfa\x00\x00\x00\x00",                 // float
            b"\xfb\x00\x00\x00\x00\x00\x00\x00\x00", // double
            b"\xe0",                                 // unassigned simple value
            b"\xf8\xff",
            b"\xff", // break without a beginning
            b"\x1c", // reserved
            b"\x1f",
            b"\xdf",
        ] {
            let expected = CborError::Forbidden {
                offset: 0,
                found: bytes[0],
            };
            assert_eq!(check(bytes), Err(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn refuses_nesting_beyond_the_bound_without_using_stack() {
        let mut bytes = Vec::from([0x81; MAX_DEPTH]);
        bytes.push(0);
        assert_eq!(check(&bytes), Ok(()));
        for opening in [0x81, 0xa1, 0xc1] {
            let bytes = Vec::from_iter(core::iter::repeat_n(opening, 1_000_000));
            assert_eq!(check(&bytes), Err(CborError::TooDeep { offset: MAX_DEPTH }));
        }
    }

    #[test]
    fn refuses_lengths_beyond_the_input_in_bounded_steps() {
        for first in [0x5b, 0x7b, 0x9b, 0xbb] {
            let bytes = [first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
            assert!(matches!(check(&bytes), Err(CborError::Truncated { .. })));
        }
    }

    #[test]
    fn refuses_trailing_bytes_and_bad_text() {
        assert_eq!(
            check(b"\x00\x00\x00"),
            Err(CborError::TrailingBytes { count: 2 })
        );
        assert_eq!(check(b""), Err(CborError::Truncated { offset: 0 }));
        assert_eq!(
            check(b"\x62\xc3\x28"),
            Err(CborError::NotUtf8 { offset: 0 })
        );
    }
}
