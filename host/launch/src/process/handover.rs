//! Hands accepted connections to an isolate.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use crate::BoxFuture;
use crate::local::Door;

/// How long to wait where this user has too many descriptors under way.
const PAUSE: Duration = Duration::from_millis(10);

/// The channel that takes one accepted socket a message.
pub(super) struct Handover {
    /// It is of type `SOCK_SEQPACKET`, which tokio has no type for; a datagram socket's is used for
    /// its readiness alone.
    channel: UnixDatagram,
}

impl Handover {
    /// Takes over the channel's descriptor. Call it in a tokio runtime.
    pub(super) fn new(channel: OwnedFd) -> io::Result<Self> {
        let channel = std::os::unix::net::UnixDatagram::from(channel);
        channel.set_nonblocking(true)?;
        let channel = UnixDatagram::from_std(channel)?;
        Ok(Self { channel })
    }

    async fn pass(&self, accepted: TcpStream) -> io::Result<()> {
        accepted.set_nonblocking(true)?;
        loop {
            let attempt = || Ok(send(&self.channel, accepted.as_fd())?);
            match self.channel.async_io(Interest::WRITABLE, attempt).await {
                Err(error) if Errno::from_io_error(&error) == Some(Errno::TOOMANYREFS) => {
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

impl Door for Handover {
    /// Passes the accepted socket itself on. Afterwards this process has no part in it.
    fn pass(&self, accepted: TcpStream) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(self.pass(accepted))
    }
}

fn send(channel: &UnixDatagram, accepted: BorrowedFd<'_>) -> Result<(), Errno> {
    let rights = [accepted];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&rights)) {
        return Err(Errno::NOMEM);
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(channel, &[IoSlice::new(&[0])], &mut ancillary, flags).map(drop)
}
