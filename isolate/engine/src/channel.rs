//! Messages with descriptors between two processes that need not trust each other.
//!
//! A message of any length goes as packets of at most [`PACKET_BYTES`] bytes and
//! [`PACKET_DESCRIPTORS`] descriptors over a `SOCK_SEQPACKET` pair. Each packet starts with one
//! byte: 0 where more follows, 1 for the last. Whoever receives states how much it is ready to
//! take; what goes beyond, and every descriptor that nobody waited for, is closed.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    cmsg_space,
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    },
};
use zeroize::Zeroizing;

use crate::wiped::Wiped;

const PACKET_BYTES: usize = 32 * 1024;
const PACKET_DESCRIPTORS: usize = 64;
const MORE: u8 = 0;
const LAST: u8 = 1;

/// Why a message did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChannelError {
    /// The other end is closed: that process is gone.
    #[error("the other end of the channel is closed")]
    Closed,
    /// The time that the caller set has passed.
    #[error("no message came in time")]
    TimedOut,
    /// The other side broke the rules above.
    #[error("a malformed message: {0}")]
    Malformed(&'static str),
    /// This machine's fault.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<Errno> for ChannelError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::PIPE | Errno::CONNRESET => Self::Closed,
            other => Self::System(other.into()),
        }
    }
}

/// The moment when waiting ends; `None` waits for ever.
pub(crate) type Deadline = Option<Instant>;

/// What a receiver is ready to take in one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) bytes: usize,
    pub(crate) descriptors: usize,
}

/// A message as received.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Wiped,
    pub(crate) descriptors: Vec<OwnedFd>,
}

/// One end of the pair.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

impl Channel {
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(one), Self(other)))
    }

    pub(crate) fn send(
        &self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
        deadline: Deadline,
    ) -> Result<(), ChannelError> {
        let mut bytes = bytes.chunks(PACKET_BYTES).peekable();
        let mut descriptors = descriptors.chunks(PACKET_DESCRIPTORS).peekable();
        loop {
            let data = bytes.next().unwrap_or_default();
            let fds = descriptors.next().unwrap_or_default();
            let last = bytes.peek().is_none() && descriptors.peek().is_none();
            self.send_packet(if last { LAST } else { MORE }, data, fds, deadline)?;
            if last {
                return Ok(());
            }
        }
    }

    pub(crate) fn receive(
        &self,
        bounds: Bounds,
        deadline: Deadline,
    ) -> Result<Message, ChannelError> {
        let mut packet = Zeroizing::new(vec![0; PACKET_BYTES + 1]);
        let mut message = Message {
            bytes: Wiped::default(),
            descriptors: Vec::new(),
        };
        loop {
            let before = message.descriptors.len();
            let received = self.receive_packet(&mut packet, &mut message.descriptors, deadline)?;
            let (kind, data) = packet
                .get(..received)
                .and_then(<[u8]>::split_first)
                .ok_or(ChannelError::Closed)?;
            if message.bytes.len().saturating_add(data.len()) > bounds.bytes {
                return Err(ChannelError::Malformed("too long"));
            }
            if message.descriptors.len() > bounds.descriptors {
                return Err(ChannelError::Malformed("too many descriptors"));
            }
            message.bytes.extend(data);
            match *kind {
                LAST => return Ok(message),
                // An endless row of empty packets would never reach a bound.
                MORE if data.is_empty() && message.descriptors.len() == before => {
                    return Err(ChannelError::Malformed("an empty packet"));
                }
                MORE => {}
                _ => return Err(ChannelError::Malformed("an unknown kind of packet")),
            }
        }
    }

    fn send_packet(
        &self,
        kind: u8,
        data: &[u8],
        descriptors: &[BorrowedFd<'_>],
        deadline: Deadline,
    ) -> Result<(), ChannelError> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(PACKET_DESCRIPTORS))];
        loop {
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !descriptors.is_empty()
                && !control.push(SendAncillaryMessage::ScmRights(descriptors))
            {
                return Err(ChannelError::Malformed("descriptors do not fit"));
            }
            let parts = [
                IoSlice::new(std::slice::from_ref(&kind)),
                IoSlice::new(data),
            ];
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match rustix::net::sendmsg(&self.0, &parts, &mut control, flags) {
                Ok(_) => return Ok(()),
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT, deadline)?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn receive_packet(
        &self,
        packet: &mut [u8],
        descriptors: &mut Vec<OwnedFd>,
        deadline: Deadline,
    ) -> Result<usize, ChannelError> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(PACKET_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let received = loop {
            let mut parts = [IoSliceMut::new(packet)];
            match rustix::net::recvmsg(&self.0, &mut parts, &mut control, flags) {
                Ok(received) => break received,
                Err(Errno::AGAIN) => self.wait(PollFlags::IN, deadline)?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = part {
                descriptors.extend(fds);
            }
        }
        if received
            .flags
            .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
        {
            return Err(ChannelError::Malformed("a packet that is too long"));
        }
        Ok(received.bytes)
    }

    fn wait(&self, events: PollFlags, deadline: Deadline) -> Result<(), ChannelError> {
        let left = match deadline {
            None => None,
            Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                None | Some(Duration::ZERO) => return Err(ChannelError::TimedOut),
                Some(left) => Some(timespec(left)),
            },
        };
        let mut polled = [PollFd::new(&self.0, events)];
        match rustix::event::poll(&mut polled, left.as_ref()) {
            Ok(0) => Err(ChannelError::TimedOut),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Channel {
    fn from(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.0
    }
}

/// A span of time as the kernel takes it, cut to what it can hold.
pub(crate) fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 100_000,
        descriptors: 200,
    };

    fn soon() -> Deadline {
        Some(Instant::now() + Duration::from_secs(5))
    }

    #[test]
    fn a_long_message_with_many_descriptors_arrives_whole() {
        let (one, other) = Channel::pair().unwrap();
        let bytes: Vec<u8> = (0..90_000u32).map(|i| i.to_le_bytes()[0]).collect();
        let fds = vec![one.as_fd(); 150];
        one.send(&bytes, &fds, soon()).unwrap();
        let message = other.receive(BOUNDS, soon()).unwrap();
        assert_eq!(*message.bytes, *bytes);
        assert_eq!(message.descriptors.len(), 150);
    }

    #[test]
    fn an_empty_message_is_a_message() {
        let (one, other) = Channel::pair().unwrap();
        one.send(&[], &[], soon()).unwrap();
        assert!(other.receive(BOUNDS, soon()).unwrap().bytes.is_empty());
    }

    #[test]
    fn refuses_more_than_the_bounds() {
        let bounds = Bounds {
            bytes: 10,
            descriptors: 1,
        };
        let (one, other) = Channel::pair().unwrap();
        one.send(&[0; 11], &[], soon()).unwrap();
        assert!(matches!(
            other.receive(bounds, soon()),
            Err(ChannelError::Malformed("too long"))
        ));
        one.send(&[0; 1], &[one.as_fd(), one.as_fd()], soon())
            .unwrap();
        assert!(matches!(
            other.receive(bounds, soon()),
            Err(ChannelError::Malformed("too many descriptors"))
        ));
    }

    #[test]
    fn refuses_packets_of_an_unknown_kind_and_endless_empty_ones() {
        let (one, other) = Channel::pair().unwrap();
        for packet in [&[2, 1, 1][..], &[MORE]] {
            rustix::net::send(&one.0, packet, SendFlags::empty()).unwrap();
            assert!(matches!(
                other.receive(BOUNDS, soon()),
                Err(ChannelError::Malformed(_))
            ));
        }
    }

    #[test]
    fn refuses_a_packet_longer_than_any() {
        let (one, other) = Channel::pair().unwrap();
        rustix::net::send(&one.0, &[LAST; PACKET_BYTES + 2], SendFlags::empty()).unwrap();
        assert!(matches!(
            other.receive(BOUNDS, soon()),
            Err(ChannelError::Malformed(_))
        ));
    }

    #[test]
    fn waiting_ends_at_the_deadline_and_when_the_other_end_closes() {
        let (one, other) = Channel::pair().unwrap();
        let deadline = Some(Instant::now() + Duration::from_millis(10));
        assert!(matches!(
            other.receive(BOUNDS, deadline),
            Err(ChannelError::TimedOut)
        ));
        drop(one);
        assert!(matches!(
            other.receive(BOUNDS, soon()),
            Err(ChannelError::Closed)
        ));
        assert!(matches!(
            other.send(b"x", &[], soon()),
            Err(ChannelError::Closed)
        ));
    }

    #[test]
    fn sending_to_someone_who_does_not_read_ends_at_the_deadline() {
        let (one, _other) = Channel::pair().unwrap();
        let deadline = Some(Instant::now() + Duration::from_millis(50));
        assert!(matches!(
            one.send(&vec![0; 10_000_000], &[], deadline),
            Err(ChannelError::TimedOut)
        ));
    }
}
