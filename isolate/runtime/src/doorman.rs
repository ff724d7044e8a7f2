//! Takes accepted connections from the host, and nothing but those.
//!
//! What the host passes is hostile: one descriptor a message, it must be a connected stream socket,
//! surplus ones are closed, and it is only ever read without blocking. Where this process listens
//! itself, whoever dials is held to the same.

use crate::platform::Connections;
use rustix::io::{IoSliceMut, retry_on_intr};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SocketFlags,
    SocketType, accept_with, getpeername, recvmsg,
};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// A connection that someone outside opened, not yet known to be anyone.
#[derive(Debug)]
pub(crate) enum Visitor {
    /// A connection over TCP, from the host's listening socket.
    Tcp(TcpStream),
    /// A local stream: tests.
    Unix(UnixStream),
    /// A stream of vsock, from the host of this machine.
    Vsock(UnixStream),
}

/// Why a message of the host brought no visitor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// None, or several descriptors, or more than fit.
    NotOneDescriptor,
    /// Not a connected stream socket.
    NotAConnection,
}

/// Waits for the next connection. `None` when the host has closed the channel for good.
pub(crate) fn next(
    connections: &Connections,
) -> rustix::io::Result<Option<Result<Visitor, Refusal>>> {
    match connections {
        Connections::Passed(channel) => passed(channel),
        Connections::Accepted(listener) => {
            let connection = retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC))?;
            Ok(Some(admit(connection)))
        }
    }
}

/// The connection in the next message of the host.
fn passed(channel: &OwnedFd) -> rustix::io::Result<Option<Result<Visitor, Refusal>>> {
    // Room for more than the one that is allowed, so that surplus descriptors are seen and closed
    // here; those beyond are closed by the kernel, which says so by CTRUNC.
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let message = retry_on_intr(|| {
        recvmsg(
            channel,
            &mut [IoSliceMut::new(&mut byte)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        )
    })?;
    let mut descriptors: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    if message.bytes == 0 && descriptors.is_empty() {
        return Ok(None);
    }
    let one = match (descriptors.pop(), descriptors.is_empty()) {
        (Some(one), true) if !message.flags.contains(ReturnFlags::CTRUNC) => one,
        _ => return Ok(Some(Err(Refusal::NotOneDescriptor))),
    };
    Ok(Some(admit(one)))
}

/// Checks that `descriptor` is a connected stream socket, and makes it non-blocking.
fn admit(descriptor: OwnedFd) -> Result<Visitor, Refusal> {
    let family = connected_stream(&descriptor).ok_or(Refusal::NotAConnection)?;
    rustix::io::ioctl_fionbio(&descriptor, true).map_err(|_| Refusal::NotAConnection)?;
    match family {
        AddressFamily::INET | AddressFamily::INET6 => Ok(Visitor::Tcp(TcpStream::from(descriptor))),
        AddressFamily::UNIX => Ok(Visitor::Unix(UnixStream::from(descriptor))),
        // It is read and written like a local one, and nothing else is done with it.
        AddressFamily::VSOCK => Ok(Visitor::Vsock(UnixStream::from(descriptor))),
        _ => Err(Refusal::NotAConnection),
    }
}

/// The family of a connected stream socket; `None` for anything else: files, pipes, datagrams,
/// listening and unconnected sockets.
fn connected_stream(descriptor: impl AsFd) -> Option<AddressFamily> {
    let descriptor = descriptor.as_fd();
    // Fails on everything that is not a socket.
    let stream = socket_type(descriptor).ok()? == SocketType::STREAM;
    let listening = socket_acceptconn(descriptor).ok()?;
    getpeername(descriptor).ok()?;
    (stream && !listening)
        .then(|| socket_domain(descriptor).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, socketpair};
    use std::io::IoSlice;
    use std::net::{Ipv4Addr, TcpListener, UdpSocket};
    use std::os::fd::BorrowedFd;

    fn channel() -> (OwnedFd, OwnedFd) {
        socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap()
    }

    fn pass(channel: &OwnedFd, descriptors: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        }
        rustix::net::sendmsg(
            channel,
            &[IoSlice::new(&[1])],
            &mut control,
            SendFlags::empty(),
        )
        .unwrap();
    }

    fn verdict(descriptors: &[BorrowedFd<'_>]) -> Result<Visitor, Refusal> {
        let (host, isolate) = channel();
        pass(&host, descriptors);
        next(&Connections::Passed(isolate)).unwrap().unwrap()
    }

    #[test]
    fn admits_a_connected_stream_and_makes_it_non_blocking() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let Ok(Visitor::Tcp(stream)) = verdict(&[accepted.as_fd()]) else {
            panic!("refused")
        };
        let mut byte = [0];
        let error = std::io::Read::read(&mut &stream, &mut byte).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        drop(client);
    }

    #[test]
    fn refuses_what_is_no_connected_stream() {
        let file = tempfile();
        let (pipe, _writer) = std::io::pipe().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let datagram = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (packets, _other) = channel();
        let unconnected =
            rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let crafted = [
            file.as_fd(),
            pipe.as_fd(),
            listener.as_fd(),
            datagram.as_fd(),
            packets.as_fd(),
            unconnected.as_fd(),
        ];
        for descriptor in crafted {
            assert_eq!(verdict(&[descriptor]).unwrap_err(), Refusal::NotAConnection);
        }
    }

    #[test]
    fn refuses_none_several_and_too_many_descriptors() {
        let (stream, _other) = UnixStream::pair().unwrap();
        for count in [0, 2, 4, 12] {
            let descriptors = vec![stream.as_fd(); count];
            assert_eq!(
                verdict(&descriptors).unwrap_err(),
                Refusal::NotOneDescriptor,
                "{count}"
            );
        }
    }

    #[test]
    fn ends_when_the_host_closes_the_channel() {
        let (host, isolate) = channel();
        drop(host);
        assert!(next(&Connections::Passed(isolate)).unwrap().is_none());
    }

    #[test]
    fn admits_who_dials_where_it_listens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let listening = Connections::Accepted(listener.into());
        let visitor = next(&listening).unwrap().unwrap();
        assert!(matches!(visitor, Ok(Visitor::Tcp(_))));
        drop(client);
    }

    fn tempfile() -> OwnedFd {
        rustix::fs::memfd_create("crafted", rustix::fs::MemfdFlags::CLOEXEC).unwrap()
    }
}
