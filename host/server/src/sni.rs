//! Reads the one thing that the host needs out of a TLS ClientHello: the name that was dialled.
//!
//! Strict, and bounded by [`MAX_HELLO`]: what RFC 8446 does not allow is refused, since the isolate
//! would refuse it too. Nothing is decrypted, and nothing but the name leaves this file.

use thiserror::Error;

/// The most bytes of a connection that are looked at. A ClientHello with a post-quantum key share
/// has about 2 KiB.
pub const MAX_HELLO: usize = 16 * 1024;

/// RFC 8446, section 5.1.
const RECORD_HANDSHAKE: u8 = 22;
const MAX_RECORD: usize = 1 << 14;
/// RFC 8446, section 4.
const CLIENT_HELLO: u8 = 1;
/// RFC 6066, section 3.
const EXTENSION_SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
/// RFC 1035, section 2.3.4, as text without the root's dot.
const MAX_NAME: usize = 253;

/// Why the start of a connection is not a ClientHello with one name. Whoever connected is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SniError {
    /// The first bytes are not a TLS handshake record.
    #[error("not a TLS handshake")]
    NotTls,
    /// A length or a value that RFC 8446 or RFC 6066 does not allow.
    #[error("malformed ClientHello: {what}")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// Complete, but without a name: the host cannot know which isolate is meant.
    #[error("the ClientHello has no server name")]
    NoName,
    /// Not complete within [`MAX_HELLO`] bytes.
    #[error("the ClientHello is longer than {MAX_HELLO} bytes")]
    TooLong,
}

/// The server name in the ClientHello that `start`, the first bytes of a connection, begins with;
/// `None` where more bytes are needed to tell.
///
/// The name is letters, digits, hyphens, underscores and dots, as it was sent.
///
/// # Errors
/// See [`SniError`]. What is an error stays one, whatever bytes follow.
///
/// ```
/// # use veracruz_server::sni::{self, SniError};
/// assert_eq!(sni::server_name(b"GET / HTTP/1.1\r\n"), Err(SniError::NotTls));
/// assert_eq!(sni::server_name(&[22, 3, 1]), Ok(None));
/// ```
pub fn server_name(start: &[u8]) -> Result<Option<String>, SniError> {
    let Some(hello) = handshake_message(start)? else {
        return if start.len() < MAX_HELLO {
            Ok(None)
        } else {
            Err(SniError::TooLong)
        };
    };
    name_of(&mut Reader(&hello)).map(Some)
}

/// Puts the first handshake message together, which may be spread over several records.
fn handshake_message(start: &[u8]) -> Result<Option<Vec<u8>>, SniError> {
    let mut rest = Reader(start);
    let mut message = Vec::new();
    loop {
        // Each byte is judged as soon as it is there.
        match rest.0 {
            [kind, ..] if *kind != RECORD_HANDSHAKE => return Err(SniError::NotTls),
            [_, major, ..] if *major != 3 => return Err(SniError::NotTls),
            _ => {}
        }
        let (Some(_), Some(length)) = (rest.take(3), rest.u16()) else {
            return Ok(None);
        };
        let length = usize::from(length);
        if length == 0 || length > MAX_RECORD {
            return Err(SniError::Malformed {
                what: "length of a record",
            });
        }
        let fragment = rest.take(length.min(rest.0.len())).unwrap_or_default();
        message.extend_from_slice(fragment);

        if message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(SniError::Malformed {
                what: "the first message is not a ClientHello",
            });
        }
        let mut reader = Reader(&message);
        if let (Some(_), Some(length)) = (reader.take(1), reader.u24()) {
            if length > MAX_HELLO {
                return Err(SniError::TooLong);
            }
            if let Some(body) = reader.take(length) {
                return Ok(Some(body.to_vec()));
            }
        }
        if fragment.len() < length {
            return Ok(None);
        }
    }
}

/// RFC 8446, section 4.1.2.
fn name_of(hello: &mut Reader<'_>) -> Result<String, SniError> {
    let malformed = |what| SniError::Malformed { what };
    hello.take(2).ok_or(malformed("version"))?;
    hello.take(32).ok_or(malformed("random"))?;
    let session = hello.vector8().ok_or(malformed("session id"))?;
    if session.len() > 32 {
        return Err(malformed("session id"));
    }
    let suites = hello.vector16().ok_or(malformed("cipher suites"))?;
    if suites.is_empty() || !suites.len().is_multiple_of(2) {
        return Err(malformed("cipher suites"));
    }
    if hello
        .vector8()
        .ok_or(malformed("compression methods"))?
        .is_empty()
    {
        return Err(malformed("compression methods"));
    }
    if hello.0.is_empty() {
        // TLS 1.2 allows a hello without extensions; then it has no name.
        return Err(SniError::NoName);
    }
    let mut extensions = Reader(hello.vector16().ok_or(malformed("extensions"))?);
    if !hello.0.is_empty() {
        return Err(malformed("bytes after the extensions"));
    }
    let mut name = None;
    while !extensions.0.is_empty() {
        let kind = extensions.u16().ok_or(malformed("extension"))?;
        let content = extensions.vector16().ok_or(malformed("extension"))?;
        if kind == EXTENSION_SERVER_NAME && name.replace(host_name(content)?).is_some() {
            return Err(malformed("two server names"));
        }
    }
    name.ok_or(SniError::NoName)
}

/// RFC 6066, section 3: a list, of which RFC 8446 allows one host name.
fn host_name(extension: &[u8]) -> Result<String, SniError> {
    let malformed = SniError::Malformed {
        what: "server name",
    };
    let mut extension = Reader(extension);
    let mut list = Reader(extension.vector16().ok_or(malformed)?);
    let kind = list.take(1).ok_or(malformed)?;
    let name = list.vector16().ok_or(malformed)?;
    if kind != [HOST_NAME] || !list.0.is_empty() || !extension.0.is_empty() {
        return Err(malformed);
    }
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > MAX_NAME || !name.iter().all(allowed) {
        return Err(malformed);
    }
    String::from_utf8(name.to_vec()).map_err(|_| malformed)
}

/// The rest of some bytes. What is not there is `None`, never a panic.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u24(&mut self) -> Option<usize> {
        let (high, low) = (self.u8()?, self.u16()?);
        Some((usize::from(high) << 16) | usize::from(low))
    }

    /// Bytes with a length of one byte before them.
    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// Bytes with a length of two bytes before them.
    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }
}
