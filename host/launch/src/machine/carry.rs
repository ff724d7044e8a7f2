//! Carries the bytes of a participant's connection into a guest and back.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpStream, UnixStream};

use super::dial::{CONNECTIONS, Guest};
use crate::BoxFuture;
use crate::local::Door;

/// Bytes under way in each direction: as many as the guest's socket takes at once.
const BUFFER: usize = 128 << 10;
/// How long a participant may take nothing of what is sent to it, or be unreachable.
const UNREAD: Duration = Duration::from_secs(120);
/// How often a quiet connection is asked whether it is still there.
const PROBE: Duration = Duration::from_secs(30);

impl Door for Guest {
    /// Dials the guest, and carries what comes until both sides are done. What one side does not
    /// take, the other cannot send; where one has ended, the other is told.
    fn pass(&self, accepted: std::net::TcpStream) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move { carry(accepted, self.dial(CONNECTIONS).await?) })
    }
}

/// Carries what comes between a participant's connection and one to a guest, until both are done.
pub(crate) fn carry(accepted: std::net::TcpStream, guest: UnixStream) -> io::Result<()> {
    accepted.set_nonblocking(true)?;
    // Without them a connection only takes longer to be given up.
    let _ = tune(&accepted);
    tokio::spawn(carry_on(TcpStream::from_std(accepted)?, guest));
    Ok(())
}

async fn carry_on(mut participant: TcpStream, mut guest: UnixStream) {
    let carried = copy_bidirectional_with_sizes(&mut participant, &mut guest, BUFFER, BUFFER).await;
    match carried {
        Ok((inwards, outwards)) => tracing::debug!(inwards, outwards, "connection ended"),
        Err(error) => tracing::debug!(%error, "connection broken"),
    }
}

fn tune(stream: &std::net::TcpStream) -> rustix::io::Result<()> {
    let unread = u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(stream, unread)?;
    sockopt::set_tcp_keepidle(stream, PROBE)?;
    sockopt::set_tcp_keepintvl(stream, PROBE)?;
    sockopt::set_socket_keepalive(stream, true)
}
