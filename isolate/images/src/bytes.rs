//! Checked access to bytes from outside.

use crate::ImageError;

/// Bytes that somebody else wrote, and what they are called in errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    part: &'static str,
    bytes: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) const fn new(part: &'static str, bytes: &'a [u8]) -> Self {
        Self { part, bytes }
    }

    /// `length` bytes from `at` on.
    pub(crate) fn range(&self, at: u64, length: u64) -> Result<&'a [u8], ImageError> {
        let end = at.checked_add(length);
        let range = end
            .and_then(|end| Some(usize::try_from(at).ok()?..usize::try_from(end).ok()?))
            .and_then(|range| self.bytes.get(range));
        range.ok_or_else(|| ImageError::Truncated {
            part: self.part,
            expected: end.unwrap_or(u64::MAX),
            found: self.length(),
        })
    }

    /// Everything from `at` on.
    pub(crate) fn from(&self, at: u64) -> Result<&'a [u8], ImageError> {
        self.range(at, self.length().saturating_sub(at))
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], ImageError> {
        let found = self.range(at, N as u64)?;
        found.try_into().map_err(|_| ImageError::Truncated {
            part: self.part,
            expected: N as u64,
            found: found.len() as u64,
        })
    }

    pub(crate) fn u8(&self, at: u64) -> Result<u8, ImageError> {
        self.array(at).map(u8::from_le_bytes)
    }

    pub(crate) fn u16_le(&self, at: u64) -> Result<u16, ImageError> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(crate) fn u32_le(&self, at: u64) -> Result<u32, ImageError> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub(crate) fn u64_le(&self, at: u64) -> Result<u64, ImageError> {
        self.array(at).map(u64::from_le_bytes)
    }

    pub(crate) fn u16_be(&self, at: u64) -> Result<u16, ImageError> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(crate) fn u32_be(&self, at: u64) -> Result<u32, ImageError> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub(crate) fn u64_be(&self, at: u64) -> Result<u64, ImageError> {
        self.array(at).map(u64::from_be_bytes)
    }

    /// Refuses anything but `expected` at `at`.
    pub(crate) fn expect(&self, at: u64, expected: &[u8]) -> Result<(), ImageError> {
        let found = self.range(at, expected.len() as u64)?;
        if found == expected {
            return Ok(());
        }
        Err(ImageError::differs(
            self.part,
            shown(expected),
            shown(found),
        ))
    }

    /// An error about a field of it.
    pub(crate) fn differs(&self, expected: impl ToString, found: impl ToString) -> ImageError {
        ImageError::differs(self.part, expected, found)
    }

    /// Refuses more than `limit` bytes.
    pub(crate) fn at_most(&self, limit: u64) -> Result<(), ImageError> {
        if self.length() <= limit {
            return Ok(());
        }
        Err(ImageError::TooLarge {
            part: self.part,
            limit,
            found: self.length(),
        })
    }
}

fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_reaches_over_the_end_or_around_it() {
        let bytes = Bytes::new("test", b"abcd");
        assert_eq!(bytes.range(1, 3).unwrap(), b"bcd");
        assert_eq!(bytes.from(4).unwrap(), b"");
        for (at, length) in [(1, 4), (5, 0), (u64::MAX, 1), (1, u64::MAX)] {
            assert!(
                matches!(
                    bytes.range(at, length),
                    Err(ImageError::Truncated {
                        part: "test",
                        found: 4,
                        ..
                    })
                ),
                "{at} {length}"
            );
        }
        assert!(bytes.from(5).is_err());
    }
}
