//! One client of the attester's socket. Whatever it sends costs at most one frame of memory and
//! its own connection.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::wire::{
    Exit, IsolateId, LENGTH, MAX_DESCRIPTORS, MAX_FRAME, Refusal, Reply, Request, decode, encode,
    receive, send,
};

/// How long a client may take for the rest of a request, or for taking its reply.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes read at once.
const CHUNK: usize = 64 << 10;

pub(super) struct Connection {
    stream: OwnedFd,
    state: State,
    /// When the client must have done its part; none while there is nothing for it to do.
    deadline: Option<Instant>,
    /// What was launched over it.
    launched: Vec<IsolateId>,
}

/// A complete frame from a client.
pub(super) struct Arrived {
    pub(super) request: Result<Request, Refusal>,
    pub(super) descriptors: Vec<OwnedFd>,
}

enum State {
    /// Reading a request.
    Reading {
        frame: Vec<u8>,
        descriptors: Vec<OwnedFd>,
    },
    /// The reply comes when this has happened.
    Waiting(Awaited),
    /// Writing a reply; the descriptors go with its first byte.
    Writing {
        frame: Vec<u8>,
        sent: usize,
        descriptors: Vec<OwnedFd>,
    },
    /// It is over.
    Over,
}

/// What a client waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// That this isolate runs.
    Start(IsolateId),
    /// That this isolate has ended.
    End(IsolateId),
}

impl State {
    fn fresh() -> Self {
        Self::Reading {
            frame: Vec::new(),
            descriptors: Vec::new(),
        }
    }
}

impl Connection {
    pub(super) fn new(stream: OwnedFd) -> Self {
        Self {
            stream,
            state: State::fresh(),
            deadline: None,
            launched: Vec::new(),
        }
    }

    /// This isolate was launched over it.
    pub(super) fn has_launched(&mut self, id: IsolateId) {
        self.launched.push(id);
    }

    /// What was launched over it.
    pub(super) fn launched(&self) -> &[IsolateId] {
        &self.launched
    }

    /// What to wait for. A closed connection always wakes the loop.
    pub(super) fn wanted(&self) -> PollFlags {
        match self.state {
            State::Reading { .. } => PollFlags::IN,
            State::Writing { .. } => PollFlags::OUT,
            State::Waiting(_) | State::Over => PollFlags::empty(),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        matches!(self.state, State::Over) || self.deadline.is_some_and(|deadline| deadline < now)
    }

    /// Does what can be done now without waiting. A complete frame is returned.
    pub(super) fn advance(&mut self) -> Option<Arrived> {
        match self.state {
            State::Reading { .. } => match self.read() {
                Ok(request) => request,
                Err(Errno::AGAIN | Errno::INTR) => None,
                Err(_) => {
                    self.state = State::Over;
                    None
                }
            },
            State::Writing { .. } => {
                self.write();
                None
            }
            // Nobody waits any more: only the end of the stream wakes a connection in this state.
            State::Waiting(_) | State::Over => {
                self.state = State::Over;
                None
            }
        }
    }

    /// Begins to write a reply.
    pub(super) fn reply(&mut self, reply: &Reply, descriptors: Vec<OwnedFd>) {
        let refused = || encode(&Reply::Refused(Refusal::internal(Errno::TOOBIG)));
        let frame = encode(reply).or_else(refused).unwrap_or_default();
        self.state = State::Writing {
            frame,
            sent: 0,
            descriptors,
        };
        self.deadline = Instant::now().checked_add(PATIENCE);
        self.write();
    }

    /// The reply will be given by `ended` or `happened`.
    pub(super) fn wait_for(&mut self, awaited: Awaited) {
        self.state = State::Waiting(awaited);
        self.deadline = None;
    }

    /// Answers a client that waits for this isolate's end; says whether it did.
    pub(super) fn ended(&mut self, id: IsolateId, exit: Exit) -> bool {
        self.happened(Awaited::End(id), &Reply::Stopped(exit))
    }

    /// Answers a client that waits for this; says whether it did.
    pub(super) fn happened(&mut self, event: Awaited, reply: &Reply) -> bool {
        let waits = matches!(self.state, State::Waiting(awaited) if awaited == event);
        if waits {
            self.reply(reply, Vec::new());
        }
        waits
    }

    fn read(&mut self) -> Result<Option<Arrived>, Errno> {
        let State::Reading { frame, descriptors } = &mut self.state else {
            return Ok(None);
        };
        let missing = missing(frame)?;
        let mut chunk = vec![0; missing.min(CHUNK)];
        let received = receive(&self.stream, &mut chunk, RecvFlags::DONTWAIT)?;
        descriptors.extend(received.descriptors);
        // The end of the stream, or a client that tries how many descriptors fit.
        if received.bytes == 0 || received.surplus || descriptors.len() > MAX_DESCRIPTORS {
            return Err(Errno::PIPE);
        }
        frame.extend_from_slice(chunk.get(..received.bytes).unwrap_or_default());
        if self.deadline.is_none() {
            self.deadline = Instant::now().checked_add(PATIENCE);
        }
        if self::missing(frame)? > 0 {
            return Ok(None);
        }
        self.deadline = None;
        let request = decode(frame.get(LENGTH..).unwrap_or_default()).ok_or(Refusal::Malformed);
        let descriptors = std::mem::take(descriptors);
        Ok(Some(Arrived {
            request,
            descriptors,
        }))
    }

    fn write(&mut self) {
        let State::Writing {
            frame,
            sent,
            descriptors,
        } = &mut self.state
        else {
            return;
        };
        let rest = frame.get(*sent..).unwrap_or_default();
        let rights: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        match send(&self.stream, rest, &rights, SendFlags::DONTWAIT) {
            Ok(taken) => {
                descriptors.clear();
                *sent = sent.saturating_add(taken);
                if *sent >= frame.len() {
                    self.state = State::fresh();
                    self.deadline = None;
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.state = State::Over,
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// How many bytes this frame lacks. Nothing beyond it is read, so that what a client sends too
/// early stays in its socket.
fn missing(frame: &[u8]) -> Result<usize, Errno> {
    let Some(length) = frame.first_chunk::<LENGTH>() else {
        return Ok(LENGTH.saturating_sub(frame.len()));
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_FRAME {
        return Err(Errno::MSGSIZE);
    }
    Ok(length.saturating_add(LENGTH).saturating_sub(frame.len()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn pair() -> (Connection, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::new(ours.into()), theirs)
    }

    #[test]
    fn waits_for_the_rest_of_a_request_only_so_long() {
        let (mut connection, mut client) = pair();
        let later = Instant::now() + PATIENCE + PATIENCE;
        assert!(
            !connection.is_over(later),
            "a client may be quiet between requests"
        );
        client.write_all(b"\0").unwrap();
        assert!(connection.advance().is_none());
        assert!(!connection.is_over(Instant::now()));
        assert!(connection.is_over(later));
    }

    #[test]
    fn waits_for_the_taking_of_a_reply_only_so_long() {
        let (mut connection, mut client) = pair();
        let reply = Reply::Hello {
            spki: vec![0; MAX_FRAME / 2],
            limited_by: crate::LimitedBy {
                memory: crate::Keeper::ResourceLimits,
                processes: crate::Keeper::ResourceLimits,
                cpu: crate::Keeper::Nobody,
            },
        };
        connection.reply(&reply, Vec::new());
        assert!(
            connection.wanted() == PollFlags::OUT,
            "it does not fit the socket"
        );
        assert!(connection.is_over(Instant::now() + PATIENCE + PATIENCE));
        let mut taken = vec![0; 1 << 16];
        while connection.wanted() == PollFlags::OUT {
            assert!(client.read(&mut taken).unwrap() > 0);
            assert!(connection.advance().is_none());
        }
        assert!(!connection.is_over(Instant::now() + PATIENCE + PATIENCE));
    }

    #[test]
    fn reads_no_further_than_one_request() {
        let (mut connection, mut client) = pair();
        let frames = [
            encode(&Request::List).unwrap(),
            encode(&Request::Hello(1)).unwrap(),
        ];
        client.write_all(&frames.concat()).unwrap();
        // The length, then the content.
        assert!(connection.advance().is_none());
        let arrived = connection.advance().unwrap();
        assert_eq!(arrived.request, Ok(Request::List));
        connection.reply(&Reply::Remembered, Vec::new());
        assert!(connection.advance().is_none());
        assert_eq!(connection.advance().unwrap().request, Ok(Request::Hello(1)));
    }
}
