//! Bytes and descriptors over a unix socket.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Room for descriptors of one message: as many as a machine has parts. The kernel closes what does
/// not fit.
pub(crate) const MAX_DESCRIPTORS: usize = 4;

/// What one call received.
pub(crate) struct Received {
    /// Bytes received; zero at the end of the stream.
    pub(crate) bytes: usize,
    /// Descriptors received, all close-on-exec.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// More descriptors came than anybody asked for; the surplus is closed.
    pub(crate) surplus: bool,
}

/// Receives at most `buffer.len()` bytes and the descriptors that came with them.
pub(crate) fn receive(
    socket: impl AsFd,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Received, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(
        socket,
        &mut [IoSliceMut::new(buffer)],
        &mut ancillary,
        flags,
    )?;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let surplus = message.flags.contains(ReturnFlags::CTRUNC);
    Ok(Received {
        bytes: message.bytes,
        descriptors,
        surplus,
    })
}

/// Sends bytes, and descriptors with the first of them; returns how many bytes were taken.
pub(crate) fn send(
    socket: impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> Result<usize, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::TOOBIG);
    }
    sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut ancillary,
        flags | SendFlags::NOSIGNAL,
    )
}
