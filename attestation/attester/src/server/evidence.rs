//! The evidence channel of one isolate. What comes over it is hostile, and costs at most one request
//! and one reply of memory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use veracruz_evidence::channel::{self, LENGTH_BYTES, REQUEST_BYTES};

/// The attester's end.
pub(super) enum EvidenceLine {
    /// It keeps the boundaries of messages.
    Messages(OwnedFd),
    /// It is a stream, through a device of a virtual machine.
    Stream(Stream),
}

/// A stream of frames.
pub(super) struct Stream {
    socket: OwnedFd,
    /// What has arrived of the next request.
    arrived: Vec<u8>,
    /// What is left of the reply to the one before. Until that is gone no other request is read.
    reply: Vec<u8>,
}

/// The isolate wants no evidence any more, or breaks the protocol.
pub(super) struct Over;

impl EvidenceLine {
    pub(super) fn stream(socket: OwnedFd) -> Self {
        Self::Stream(Stream {
            socket,
            arrived: Vec::new(),
            reply: Vec::new(),
        })
    }

    /// What to wait for.
    pub(super) fn wanted(&self) -> PollFlags {
        match self {
            Self::Stream(stream) if !stream.reply.is_empty() => PollFlags::OUT,
            _ => PollFlags::IN,
        }
    }

    /// Does what can be done now without waiting. A complete request is returned; a message that is
    /// none has another length.
    pub(super) fn advance(&mut self) -> Result<Option<Vec<u8>>, Over> {
        match self {
            Self::Messages(socket) => receive(socket),
            Self::Stream(stream) if !stream.reply.is_empty() => stream.write().map(|()| None),
            Self::Stream(stream) => stream.read(),
        }
    }

    /// Sends a reply. An isolate that does not read its replies loses them, or gets no others.
    pub(super) fn reply(&mut self, reply: &[u8]) -> Result<(), Over> {
        match self {
            Self::Messages(socket) => {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                let _ = rustix::net::send(socket, reply, flags);
                Ok(())
            }
            Self::Stream(stream) => {
                stream.reply = channel::frame(reply).ok_or(Over)?;
                stream.write()
            }
        }
    }
}

impl AsFd for EvidenceLine {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Messages(socket) | Self::Stream(Stream { socket, .. }) => socket.as_fd(),
        }
    }
}

fn receive(socket: &OwnedFd) -> Result<Option<Vec<u8>>, Over> {
    // One byte more than a request has, so that a longer one is seen to be longer.
    let mut request = [0; REQUEST_BYTES + 1];
    match rustix::net::recv(socket, &mut request, RecvFlags::DONTWAIT) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        // An empty message cannot be told from the end.
        Err(_) | Ok((_, 0)) => Err(Over),
        Ok((_, length)) => Ok(Some(request.get(..length).unwrap_or_default().to_vec())),
    }
}

impl Stream {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Over> {
        let mut chunk = [0; LENGTH_BYTES + REQUEST_BYTES];
        let missing = self.missing()?;
        let part = chunk.get_mut(..missing).unwrap_or_default();
        match rustix::net::recv(&self.socket, part, RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(_) | Ok((_, 0)) => return Err(Over),
            Ok((_, length)) => {
                let arrived = chunk.get(..length).unwrap_or_default();
                self.arrived.extend_from_slice(arrived);
            }
        }
        if self.missing()? > 0 {
            return Ok(None);
        }
        let frame = std::mem::take(&mut self.arrived);
        Ok(frame.get(LENGTH_BYTES..).map(<[u8]>::to_vec))
    }

    /// How many bytes the request lacks; first of all, its length. Nothing beyond it is read.
    fn missing(&self) -> Result<usize, Over> {
        let Some(length) = self.arrived.first_chunk() else {
            return Ok(LENGTH_BYTES.saturating_sub(self.arrived.len()));
        };
        let length = channel::parse_length(*length, REQUEST_BYTES).map_err(|_| Over)?;
        // An empty one would be no request, and would never be answered.
        if length == 0 {
            return Err(Over);
        }
        let whole = LENGTH_BYTES.saturating_add(length);
        Ok(whole.saturating_sub(self.arrived.len()))
    }

    fn write(&mut self) -> Result<(), Over> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        match rustix::net::send(&self.socket, &self.reply, flags) {
            Ok(taken) => {
                self.reply.drain(..taken.min(self.reply.len()));
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn line() -> (EvidenceLine, UnixStream) {
        let (ours, guest) = UnixStream::pair().unwrap();
        (EvidenceLine::stream(ours.into()), guest)
    }

    /// All that the line makes of what has arrived.
    fn requests(line: &mut EvidenceLine) -> Result<Vec<Vec<u8>>, Over> {
        let mut requests = Vec::new();
        // Lengths and contents are read one by one.
        for _ in 0..8 {
            requests.extend(line.advance()?);
        }
        Ok(requests)
    }

    #[test]
    fn requests_are_told_apart_however_they_arrive() {
        let (mut line, mut guest) = line();
        let frame = channel::frame(&[7; REQUEST_BYTES]).unwrap();
        let (first, second) = frame.split_at(10);
        guest.write_all(first).unwrap();
        assert!(matches!(requests(&mut line), Ok(found) if found.is_empty()));
        guest
            .write_all(&[second, frame.as_slice()].concat())
            .unwrap();
        let found = requests(&mut line).ok().unwrap();
        assert_eq!(found, [[7; REQUEST_BYTES], [7; REQUEST_BYTES]]);
    }

    #[test]
    fn whoever_says_an_impossible_length_is_not_listened_to_any_longer() {
        for length in [0_u32, 65, u32::MAX] {
            let (mut line, mut guest) = line();
            guest.write_all(&length.to_be_bytes()).unwrap();
            assert!(requests(&mut line).is_err(), "{length}");
        }
    }

    #[test]
    fn who_does_not_read_replies_gets_no_others_and_keeps_nobody_waiting() {
        let (mut line, mut guest) = line();
        let reply = vec![1; channel::MAX_REPLY_BYTES];
        let frame = channel::frame(&[7; REQUEST_BYTES]).unwrap();
        let mut answered = 0;
        for _ in 0..64 {
            guest.write_all(&frame).unwrap();
            for _ in requests(&mut line).ok().unwrap() {
                answered += 1;
                assert!(line.reply(&reply).is_ok());
            }
        }
        assert!(line.wanted() == PollFlags::OUT && answered < 64);
        // What was said is whole, and comes in order.
        let mut length = [0; 4];
        guest.read_exact(&mut length).unwrap();
        assert_eq!(
            u32::from_be_bytes(length),
            u32::try_from(reply.len()).unwrap()
        );
    }

    #[test]
    fn a_guest_that_closes_its_port_is_done() {
        let (mut line, guest) = line();
        drop(guest);
        assert!(requests(&mut line).is_err());
    }
}
