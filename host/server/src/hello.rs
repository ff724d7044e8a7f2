//! Waits for a connection's ClientHello without taking a byte of it away.
//!
//! The bytes stay in the socket (`MSG_PEEK`), so that the isolate that is handed the descriptor
//! reads the handshake from its start, and the host holds nothing of it.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::sni::{self, MAX_HELLO, SniError};

/// Between two looks at a hello that has begun: a socket with unread bytes is always readable, so
/// waiting for it would spin.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// Why no name was had from a connection.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum HelloError {
    /// The peer sent something else.
    #[error(transparent)]
    Sni(#[from] SniError),
    /// The peer is gone.
    #[error("closed before the ClientHello was complete")]
    Closed,
    /// The peer is too slow, or holds the connection open for its own sake.
    #[error("the ClientHello was not complete in time")]
    TooSlow,
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
}

/// The name in the ClientHello, which is still unread afterwards.
pub(crate) async fn peek_name(
    connection: &TcpStream,
    deadline: Instant,
) -> Result<String, HelloError> {
    timeout_at(deadline, peek_until_complete(connection))
        .await
        .map_err(|_| HelloError::TooSlow)?
}

async fn peek_until_complete(connection: &TcpStream) -> Result<String, HelloError> {
    let mut buffer = vec![0; MAX_HELLO];
    let (mut seen, mut wait) = (0, FIRST_WAIT);
    loop {
        let length = connection.peek(&mut buffer).await?;
        if length == 0 {
            return Err(HelloError::Closed);
        }
        if length > seen {
            (seen, wait) = (length, FIRST_WAIT);
            if let Some(name) = sni::server_name(buffer.get(..length).unwrap_or_default())? {
                return Ok(name);
            }
        } else {
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        sleep(wait).await;
    }
}
