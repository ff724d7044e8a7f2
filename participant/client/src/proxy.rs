//! Reaching a host through an HTTP proxy: by CONNECT (RFC 9110, section 9.3.6) and no other way.
//!
//! The proxy carries the same bytes as any other part of the network does: TLS ends in the isolate
//! as before. It learns the host's address, how much is sent and when.

use std::fmt;
use std::io;

use data_encoding::BASE64;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use veracruz_protocol::ErrorCode;
use zeroize::Zeroizing;

mod bypass;
mod url;

use crate::error::ErrorClass;

pub(crate) use bypass::bypassed;

/// A proxy, and as whom to speak to it.
#[derive(Clone)]
pub struct Proxy {
    /// `name:port`.
    address: String,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Zeroizing<String>>,
}

/// Why there is no way through a proxy. No variant holds a name or a password.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// What names the proxy is no address of one. Whoever wrote it is at fault.
    #[error("{origin} does not name a proxy: {reason}")]
    Address {
        /// The option or the environment variable.
        origin: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It does not answer: it or the network is at fault.
    #[error("the proxy {proxy} does not answer: {source}")]
    Unreachable {
        /// `name:port`.
        proxy: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// It asks who is calling (407), or does not know the name and password it was given.
    #[error("the proxy {proxy} {}", if *given { "does not accept the name and password it was given" } else { "asks for a name and a password" })]
    Authentication {
        /// `name:port`.
        proxy: String,
        /// Whether it was given any.
        given: bool,
    },
    /// It does not lead there.
    #[error("the proxy {proxy} does not lead to {to}: {status} {reason}")]
    Refused {
        /// `name:port`.
        proxy: String,
        /// Where it should have led.
        to: String,
        /// The status of its answer.
        status: u16,
        /// What it says about it.
        reason: String,
    },
    /// What answers is no HTTP proxy.
    #[error("what answers at {proxy} is no HTTP proxy: expected {expected}, found {found}")]
    Garbage {
        /// `name:port`.
        proxy: String,
        /// What would have been right.
        expected: &'static str,
        /// What came.
        found: String,
    },
}

/// The most bytes of an answer's head.
const MAX_ANSWER: usize = 16 << 10;

/// The most lines of it.
const MAX_LINES: usize = 100;

impl Proxy {
    /// Reads `[http://][name[:password]@]host[:port]`, name and password percent-encoded where
    /// they have to be; the port is 80 where it is not said. `origin` is for the error alone.
    ///
    /// # Errors
    /// [`ProxyError::Address`]. Proxies that are spoken to by TLS or SOCKS are not supported.
    pub fn parse(text: &str, origin: &'static str) -> Result<Self, ProxyError> {
        let parts = url::parse(text).map_err(|reason| ProxyError::Address { origin, reason })?;
        let authorization = parts.credentials.map(|credentials| {
            let mut value = Zeroizing::new(String::from("Basic "));
            value.push_str(&Zeroizing::new(BASE64.encode(&credentials)));
            value
        });
        Ok(Self {
            address: parts.address,
            authorization,
        })
    }

    /// `name:port`, without who calls.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Has the proxy at the other end of `stream` lead it to `to` (`name:port`).
    pub(crate) async fn tunnel(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        to: &str,
    ) -> Result<(), ProxyError> {
        // In a request line a blank or the end of a line would be something else than a name.
        if to.is_empty() || !to.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProxyError::Address {
                origin: "the host's address",
                reason: "a proxy can only be told a name in ASCII",
            });
        }
        let unreachable = |source| ProxyError::Unreachable {
            proxy: self.address.clone(),
            source,
        };
        let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(authorization);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(unreachable)?;
        stream.flush().await.map_err(unreachable)?;
        let head = self.read_head(stream).await?;
        let (status, reason) =
            parse_head(&head).map_err(|expected| self.garbage(expected, &head))?;
        match status {
            200..=299 => Ok(()),
            407 => Err(ProxyError::Authentication {
                proxy: self.address.clone(),
                given: self.authorization.is_some(),
            }),
            _ => Err(ProxyError::Refused {
                proxy: self.address.clone(),
                to: to.to_owned(),
                status,
                reason,
            }),
        }
    }

    /// Reads until the blank line.
    async fn read_head(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Result<Vec<u8>, ProxyError> {
        let mut head = Vec::new();
        let mut piece = [0; 1024];
        loop {
            let read = stream
                .read(&mut piece)
                .await
                .and_then(|read| match read {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => Ok(read),
                })
                .map_err(|source| ProxyError::Unreachable {
                    proxy: self.address.clone(),
                    source,
                })?;
            head.extend_from_slice(piece.get(..read).unwrap_or_default());
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                // A refusal has a body, which says nothing that we would repeat. After consent the
                // isolate has the word, and in TLS it does not speak first.
                let whole = end.saturating_add(4);
                if whole < head.len() && is_consent(&head) {
                    return Err(self.garbage("nothing after its consent", &head));
                }
                head.truncate(whole);
                return Ok(head);
            }
            if head.len() > MAX_ANSWER {
                return Err(self.garbage("an answer of at most 16 KiB", &head));
            }
            if !b"HTTP/1.".starts_with(head.get(..7).unwrap_or(&head)) {
                return Err(self.garbage("HTTP/1.1", &head));
            }
        }
    }

    fn garbage(&self, expected: &'static str, found: &[u8]) -> ProxyError {
        ProxyError::Garbage {
            proxy: self.address.clone(),
            expected,
            found: printable(found),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ProxyError {
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Address { .. } => ErrorCode::ProxyAddress,
            Self::Unreachable { .. } => ErrorCode::ProxyUnreachable,
            Self::Authentication { .. } => ErrorCode::ProxyAuthentication,
            Self::Refused { .. } => ErrorCode::ProxyRefused,
            Self::Garbage { .. } => ErrorCode::ProxyGarbage,
        }
    }

    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            Self::Address { .. } | Self::Authentication { .. } => ErrorClass::Local,
            Self::Unreachable { .. } | Self::Garbage { .. } => ErrorClass::Unavailable,
            Self::Refused { .. } => ErrorClass::Refused,
        }
    }

    /// Whether the same may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // It could not reach the host, or has too much to do.
            Self::Refused { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }
}

/// Status and reason of an answer; or what would have been right.
fn parse_head(head: &[u8]) -> Result<(u16, String), &'static str> {
    let text = std::str::from_utf8(head).map_err(|_| "text")?;
    let text = text.strip_suffix("\r\n\r\n").ok_or("a blank line")?;
    let mut lines = text.split("\r\n");
    let status = status_line(lines.next().unwrap_or_default()).ok_or("a status line")?;
    let mut count: usize = 0;
    for line in lines {
        count = count.saturating_add(1);
        let (name, value) = line.split_once(':').ok_or("header fields")?;
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) || has_controls(value) {
            return Err("header fields");
        }
        if count > MAX_LINES {
            return Err("at most 100 header fields");
        }
    }
    Ok(status)
}

/// `HTTP/1.1 200 reason`; the reason may be left out.
fn status_line(line: &str) -> Option<(u16, String)> {
    let rest = line
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    let (digits, reason) = match rest.split_once(' ') {
        Some((digits, reason)) => (digits, reason),
        None => (rest, ""),
    };
    let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let status: u16 = three.then(|| digits.parse().ok()).flatten()?;
    ((100..=599).contains(&status) && !has_controls(reason))
        .then(|| (status, printable(reason.as_bytes())))
}

fn is_consent(head: &[u8]) -> bool {
    matches!(head.get(8..10), Some(b" 2"))
}

fn has_controls(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}

/// The first of these bytes, for an error message: nothing that steers a terminal.
fn printable(bytes: &[u8]) -> String {
    let shown = bytes.get(..60).unwrap_or(bytes);
    let plain = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    shown.iter().map(plain).collect()
}

#[cfg(test)]
mod tests;
