//! Names and exact forms of the headers that carry meaning.
//!
//! Byte sequences (digests, salts, shares, openings) have the form of RFC 8941 section 3.3.5:
//! standard base64 with padding between colons. Numbers are decimal without sign or leading zero.

use alloc::{format, string::String};
use core::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use veracruz_policy::Sha256;

use crate::limits;

/// Digest of a file's whole contents (RFC 9530): `sha-256=:…:`. Asked for in every `PUT` of a
/// file; given with every `GET` and `HEAD`, also where only a range is sent.
pub const REPR_DIGEST: &str = "repr-digest";
/// With `PUT` of a file: 32 secret random bytes, fresh for each file, that blind the
/// commitment to it in the receipt.
pub const SALT: &str = "veracruz-salt";
/// With `PUT` of a file: 32 secret random bytes that go into the seed of programs' randomness.
pub const SHARE: &str = "veracruz-share";
/// With `GET` of an output: the 32 bytes that open the receipt's commitment to it.
pub const OPENING: &str = "veracruz-opening";
/// With answers about an unfinished upload: the bytes that the isolate holds, which is where
/// the next `PUT` goes on. Its absence in the answer to `HEAD` means that there is none.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// With answers about an unfinished upload: the length that was announced.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// With `PUT` of a file: where in the whole the body belongs (RFC 9110 sections 14.4, 14.5).
pub const CONTENT_RANGE: &str = "content-range";
/// With `GET` of a file: which part is wanted (RFC 9110 section 14.2), a single one.
pub const RANGE: &str = "range";
/// The state's name, with `GET /v1/status`.
pub const ETAG: &str = "etag";
/// The state that the caller saw, with `POST /v1/runs`.
pub const IF_MATCH: &str = "if-match";

/// With every answer: the versions of the protocol that this isolate speaks, as
/// [`Versions`](crate::Versions) writes them. Its absence means that it speaks the first alone.
pub const VERSIONS: &str = "veracruz-versions";

/// The value of `Repr-Digest` for a digest.
#[must_use]
pub fn repr_digest(digest: &Sha256) -> String {
    format!("sha-256={}", bytes(digest.as_bytes()))
}

/// Reads `Repr-Digest`: one dictionary member `sha-256`. Members for other algorithms, which
/// RFC 9530 lets a sender add, are refused: nobody here would check them.
#[must_use]
pub fn parse_repr_digest(value: &str) -> Option<Sha256> {
    byte_sequence(value.trim_matches(' ').strip_prefix("sha-256=")?).map(Sha256::from_bytes)
}

/// A byte sequence: base64 between colons.
#[must_use]
pub fn bytes(value: &[u8; limits::SECRET_BYTES]) -> String {
    format!(":{}:", BASE64.encode(value))
}

/// Reads a byte sequence of exactly 32 bytes.
#[must_use]
pub fn parse_bytes(value: &str) -> Option<[u8; limits::SECRET_BYTES]> {
    byte_sequence(value.trim_matches(' '))
}

fn byte_sequence(text: &str) -> Option<[u8; limits::SECRET_BYTES]> {
    let text = text.strip_prefix(':')?.strip_suffix("=:")?;
    // 43 characters without padding are 32 bytes. The decoder with padding would take it inside
    // the text too.
    let mut bytes = [0; limits::SECRET_BYTES];
    if text.len() != 43 {
        return None;
    }
    BASE64_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

/// Reads a decimal number: digits alone, no leading zero, at most `u64::MAX`.
#[must_use]
pub fn decimal(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0')))
        .then(|| text.parse().ok())
        .flatten()
}

/// The part of a file that a request's body holds: `Content-Range: bytes first-last/length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    first: u64,
    last: u64,
    length: u64,
}

impl ContentRange {
    /// Bytes `first..=last` of `length`; `None` unless `first <= last < length`.
    #[must_use]
    pub fn new(first: u64, last: u64, length: u64) -> Option<Self> {
        (first <= last && last < length).then_some(Self {
            first,
            last,
            length,
        })
    }

    /// From an offset to the end; `None` where nothing is left.
    #[must_use]
    pub fn from_offset(offset: u64, length: u64) -> Option<Self> {
        Self::new(offset, length.checked_sub(1)?, length)
    }

    /// Reads the header. An unknown length (`*`) is refused.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (range, length) = value
            .trim_matches(' ')
            .strip_prefix("bytes ")?
            .split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Self::new(decimal(first)?, decimal(last)?, decimal(length)?)
    }

    /// Offset of the body's first byte.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Length of the whole file.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// How long the body is. `Content-Length` must say the same.
    #[must_use]
    pub const fn body_length(&self) -> u64 {
        // In range by the constructor: first <= last < u64::MAX.
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "bytes {}-{}/{}",
            self.first, self.last, self.length
        )
    }
}

/// The part of a file that is asked for: `Range: bytes=…`, a single range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// `first-last`, or `first-` to the end.
    From {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte, inclusive.
        last: Option<u64>,
    },
    /// `-n`: the last `n` bytes.
    Last(u64),
}

impl Range {
    /// Reads the header; `None` where it is malformed or asks for several ranges.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (first, last) = value
            .trim_matches(' ')
            .strip_prefix("bytes=")?
            .split_once('-')?;
        let last = if last.is_empty() {
            None
        } else {
            Some(decimal(last)?)
        };
        if first.is_empty() {
            return last.map(Self::Last);
        }
        let first = decimal(first)?;
        (last.is_none_or(|last| first <= last)).then_some(Self::From { first, last })
    }

    /// The part that it means in a file of this length; `None` where that is empty (416).
    #[must_use]
    pub fn resolve(&self, length: u64) -> Option<ContentRange> {
        let end = length.checked_sub(1)?;
        match *self {
            Self::From { first, last } => {
                ContentRange::new(first, last.unwrap_or(end).min(end), length)
            }
            Self::Last(0) => None,
            Self::Last(count) => ContentRange::new(length.saturating_sub(count), end, length),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From {
                first,
                last: Some(last),
            } => write!(formatter, "bytes={first}-{last}"),
            Self::From { first, last: None } => write!(formatter, "bytes={first}-"),
            Self::Last(count) => write!(formatter, "bytes=-{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_a_digest_as_rfc_9530_does() {
        // python3: base64.b64encode(hashlib.sha256(b"abc").digest())
        let digest = Sha256::of(b"abc");
        let header = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
        assert_eq!(repr_digest(&digest), header);
        assert_eq!(parse_repr_digest(header), Some(digest));
    }

    #[test]
    fn refuses_digests_that_are_not_one_sha_256() {
        for value in [
            "",
            "sha-256=",
            "sha-256=::",
            "sha-256= :ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
            "sha-512=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
            "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0:",
            "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:, sha-512=:AA==:",
            "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=:",
            "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa00:",
        ] {
            assert_eq!(parse_repr_digest(value), None, "{value}");
        }
    }

    #[test]
    fn refuses_padding_inside_a_byte_sequence() {
        // 32 bytes for a decoder that takes pieces with padding each. Found by fuzzing.
        for text in [
            ":ungWv48Bz+OWF3qctBD/YfIAFa0=F3qctBD/YfIAFa0I:",
            ":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFQ==:",
        ] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn reads_content_ranges_and_refuses_impossible_ones() {
        let range = ContentRange::parse("bytes 5-9/10").unwrap();
        assert_eq!(
            (range.first(), range.body_length(), range.length()),
            (5, 5, 10)
        );
        assert_eq!(range.to_string(), "bytes 5-9/10");
        for value in [
            "bytes 5-9/*",
            "bytes */10",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes=5-9/10",
            "bytes 05-9/10",
            "bytes -5-9/10",
            "bytes 5-9/99999999999999999999",
            "octets 5-9/10",
        ] {
            assert_eq!(ContentRange::parse(value), None, "{value}");
        }
    }

    #[test]
    fn resolves_ranges_as_rfc_9110_says() {
        let part = |value: &str, length| {
            let range = Range::parse(value)?.resolve(length)?;
            Some((range.first(), range.body_length()))
        };
        assert_eq!(part("bytes=0-", 10), Some((0, 10)));
        assert_eq!(part("bytes=3-5", 10), Some((3, 3)));
        assert_eq!(part("bytes=3-500", 10), Some((3, 7)));
        assert_eq!(part("bytes=-4", 10), Some((6, 4)));
        assert_eq!(part("bytes=-40", 10), Some((0, 10)));
        assert_eq!(part("bytes=10-", 10), None);
        assert_eq!(part("bytes=-0", 10), None);
        assert_eq!(part("bytes=0-", 0), None);
        assert_eq!(part("bytes=0-1,4-5", 10), None);
        assert_eq!(part("bytes=5-3", 10), None);
    }

    proptest! {
        #[test]
        fn no_header_value_panics(value in ".{0,80}", length: u64) {
            let _ = (parse_bytes(&value), parse_repr_digest(&value), ContentRange::parse(&value));
            let _ = Range::parse(&value).map(|range| range.resolve(length));
        }

        #[test]
        fn secrets_come_back(secret: [u8; 32]) {
            prop_assert_eq!(parse_bytes(&bytes(&secret)), Some(secret));
        }

        #[test]
        fn ranges_come_back(first: u64, last: u64, length: u64) {
            if let Some(range) = ContentRange::new(first, last, length) {
                prop_assert_eq!(ContentRange::parse(&range.to_string()), Some(range));
            }
        }
    }
}
