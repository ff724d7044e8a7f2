//! The host's side of the attester's socket.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use veracruz_machine::{Description, Parts};
use veracruz_policy::{KeyDigest, Sha256};

use crate::Limits;
use crate::wire::{
    Exit, Hello, IsolateId, LENGTH, Landlock, Listed, MAX_FRAME, Refusal, Reply, Request, VERSION,
    decode, encode, receive, send,
};

/// How long one call may take, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes read at once.
const CHUNK: usize = 64 << 10;

/// A client of an attester.
///
/// Its calls block, each for at most the timeout, and one at a time: call them from several
/// threads as you like, and from tokio by `spawn_blocking`. It connects at the first call, and
/// anew after an error, so that it outlives a restart of the attester (whose isolates do not).
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    timeout: Duration,
    stream: Mutex<Option<UnixStream>>,
}

/// A running isolate and the host's ends of its channels.
#[derive(Debug)]
pub struct Launched {
    /// Its name.
    pub id: IsolateId,
    /// Its process, as the attester's machine numbers it.
    pub pid: u32,
    /// How much of the landlock layer is enforced.
    pub landlock: Landlock,
    /// What [`Client::remember`] left here; empty at first.
    pub note: Vec<u8>,
    /// The control channel, a stream. Blocking, as it comes.
    pub control: OwnedFd,
    /// Takes connections: one accepted socket beside one byte. Keeps message boundaries.
    pub connections: OwnedFd,
}

/// A virtual machine that runs; its guest may still be starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchedMachine {
    /// Its name.
    pub id: IsolateId,
    /// The process that is the machine's parent, as the attester's machine numbers it: it ends
    /// when nothing is left of the machine, and the machine ends with it.
    pub pid: u32,
    /// Whether KVM executes its instructions.
    pub kvm: bool,
    /// What [`Client::remember`] left here; empty at first.
    pub note: Vec<u8>,
    /// Its folder. The guest is dialled at the socket [`veracruz_machine::SOCKET`] in it.
    pub folder: PathBuf,
}

impl Client {
    /// A client of the attester that listens at `socket`. Does not connect yet.
    #[must_use]
    pub fn new(socket: impl AsRef<Path>) -> Self {
        let socket = socket.as_ref().to_path_buf();
        Self {
            socket,
            timeout: TIMEOUT,
            stream: Mutex::new(None),
        }
    }

    /// Sets how long one call may take.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Asks who the attester is.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]; so for all calls.
    pub fn hello(&self) -> Result<Hello, ClientError> {
        match self.call(&Request::Hello(VERSION), &[])? {
            (Reply::Hello { spki, limited_by }, _) => {
                let key = KeyDigest::of_spki(&spki);
                Ok(Hello {
                    spki,
                    key,
                    limited_by,
                })
            }
            _ => Err(ClientError::Protocol),
        }
    }

    /// Has the attester copy, measure and keep the regular file `image`. What happens to the file
    /// afterwards is without effect.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that the file is no program, is too large or cannot be read.
    pub fn register(&self, image: &impl AsFd) -> Result<Sha256, ClientError> {
        match self.call(&Request::Register, &[image.as_fd()])? {
            (Reply::Registered(digest), _) => Ok(Sha256::from_bytes(digest)),
            _ => Err(ClientError::Protocol),
        }
    }

    /// Starts an isolate from a registered image for a policy (the bytes of its document).
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that the image is not known, the policy has errors, a limit is out
    /// of bounds, too many isolates run, or the sandbox cannot be set up.
    pub fn launch(
        &self,
        image: &Sha256,
        policy: &[u8],
        limits: &Limits,
    ) -> Result<Launched, ClientError> {
        let (image, policy, limits) = (*image.as_bytes(), policy.to_vec(), limits.clone());
        Self::launched(self.call(
            &Request::Launch {
                image,
                policy,
                limits,
            },
            &[],
        )?)
    }

    /// Has the attester copy, measure and keep what a machine starts from. Of kernel, initramfs and
    /// command line alone the measurement that policies name is returned.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that there is no part or more than four, or that a file is too large
    /// or cannot be read.
    pub fn register_machine(&self, parts: &Parts<'_>) -> Result<Sha256, ClientError> {
        let files: Vec<_> = parts.files.iter().map(|file| file.file).collect();
        let request = Request::RegisterMachine {
            parts: parts.files.iter().map(|file| file.part).collect(),
            command_line: parts.command_line.clone(),
        };
        match self.call(&request, &files)? {
            (Reply::Registered(digest), _) => Ok(Sha256::from_bytes(digest)),
            _ => Err(ClientError::Protocol),
        }
    }

    /// Starts a machine from registered parts for a policy (the bytes of its document), and waits
    /// until its emulator runs. Control groups bound what runs it: `limits.memory` and what the
    /// emulator itself takes, its processes and threads, and its processor time; the rest of the
    /// limits is of processes.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that the parts are not known, the policy has errors, the description
    /// does not fit the parts, the attester's machine lacks a program, too many isolates run, or
    /// the machine does not start.
    pub fn launch_machine(
        &self,
        image: &Sha256,
        policy: &[u8],
        description: &Description,
        limits: &Limits,
    ) -> Result<LaunchedMachine, ClientError> {
        let (image, policy) = (*image.as_bytes(), policy.to_vec());
        let (description, limits) = (description.clone(), limits.clone());
        Self::launched_machine(self.call(
            &Request::LaunchMachine {
                image,
                policy,
                description,
                limits,
            },
            &[],
        )?)
    }

    /// Gets what is needed to talk to a running machine again.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that there is no such machine, or that it has ended.
    pub fn attach_machine(&self, id: IsolateId) -> Result<LaunchedMachine, ClientError> {
        Self::launched_machine(self.call(&Request::Attach(id), &[])?)
    }

    /// Gets the channels of a running isolate again.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that there is no such isolate, or that it has ended.
    pub fn attach(&self, id: IsolateId) -> Result<Launched, ClientError> {
        Self::launched(self.call(&Request::Attach(id), &[])?)
    }

    /// Leaves a note (at most 256 bytes) about a running isolate, for a host that attaches to it
    /// after a restart. It has no meaning to the attester.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that there is no such isolate running, or that the note is too long.
    pub fn remember(&self, id: IsolateId, note: &[u8]) -> Result<(), ClientError> {
        let note = note.to_vec();
        match self.call(&Request::Remember { id, note }, &[])? {
            (Reply::Remembered, _) => Ok(()),
            _ => Err(ClientError::Protocol),
        }
    }

    /// Lists the isolates that run, and those that ended without being stopped.
    ///
    /// # Errors
    ///
    /// The usual ones.
    pub fn list(&self) -> Result<Vec<Listed>, ClientError> {
        match self.call(&Request::List, &[])? {
            (Reply::Listed(listed), _) => Ok(listed),
            _ => Err(ClientError::Protocol),
        }
    }

    /// Ends an isolate, waits until its process is gone, and has it forgotten. Returns how it
    /// ended, also if it did so earlier.
    ///
    /// # Errors
    ///
    /// Beside the usual ones, that there is no such isolate.
    pub fn stop(&self, id: IsolateId) -> Result<Exit, ClientError> {
        match self.call(&Request::Stop(id), &[])? {
            (Reply::Stopped(exit), _) => Ok(exit),
            _ => Err(ClientError::Protocol),
        }
    }

    fn launched_machine(answer: (Reply, Vec<OwnedFd>)) -> Result<LaunchedMachine, ClientError> {
        match answer {
            (
                Reply::Machine {
                    id,
                    pid,
                    kvm,
                    note,
                    folder,
                },
                _,
            ) => Ok(LaunchedMachine {
                id,
                pid,
                kvm,
                note,
                folder: OsString::from_vec(folder).into(),
            }),
            _ => Err(ClientError::Protocol),
        }
    }

    fn launched(answer: (Reply, Vec<OwnedFd>)) -> Result<Launched, ClientError> {
        let (reply, descriptors) = answer;
        let Reply::Running {
            id,
            pid,
            landlock,
            note,
        } = reply
        else {
            return Err(ClientError::Protocol);
        };
        let descriptors = <[OwnedFd; 2]>::try_from(descriptors);
        let [control, connections] = descriptors.map_err(|_| ClientError::Protocol)?;
        Ok(Launched {
            id,
            pid,
            landlock,
            note,
            control,
            connections,
        })
    }

    fn call(
        &self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(Reply, Vec<OwnedFd>), ClientError> {
        let frame = encode(request).ok_or(ClientError::TooLong { most: MAX_FRAME })?;
        let deadline = Deadline {
            end: Instant::now().checked_add(self.timeout),
        };
        // A panic elsewhere leaves at worst a stream in the middle of a frame: begin with a new one.
        let mut kept = self.stream.lock().unwrap_or_else(|poisoned| {
            let mut kept = PoisonError::into_inner(poisoned);
            *kept = None;
            kept
        });
        // A stream is kept only after a complete reply: it cannot be used in the middle of one.
        let answer = match kept.take() {
            Some(stream) if is_open(&stream) => {
                Self::exchange(stream, &frame, descriptors, &deadline)
            }
            _ => Self::exchange(self.connect()?, &frame, descriptors, &deadline),
        };
        let (stream, reply, descriptors) = answer?;
        *kept = Some(stream);
        match reply {
            Reply::Refused(refusal) => Err(ClientError::Refused(refusal)),
            reply => Ok((reply, descriptors)),
        }
    }

    fn connect(&self) -> Result<UnixStream, ClientError> {
        UnixStream::connect(&self.socket).map_err(|source| ClientError::Unreachable {
            socket: self.socket.clone(),
            source,
        })
    }

    fn exchange(
        stream: UnixStream,
        frame: &[u8],
        mut rights: &[BorrowedFd<'_>],
        deadline: &Deadline,
    ) -> Result<(UnixStream, Reply, Vec<OwnedFd>), ClientError> {
        let mut rest = frame;
        while !rest.is_empty() {
            stream.set_write_timeout(Some(deadline.left()?))?;
            let taken = retry(|| send(&stream, rest, rights, SendFlags::empty()))?;
            rights = &[];
            rest = rest.get(taken..).unwrap_or_default();
        }
        let mut descriptors = Vec::new();
        let length = read(&stream, LENGTH, &mut descriptors, deadline)?;
        let length = length
            .first_chunk()
            .map(|length| u32::from_be_bytes(*length));
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length
            .filter(|length| *length <= MAX_FRAME)
            .ok_or(ClientError::Protocol)?;
        let content = read(&stream, length, &mut descriptors, deadline)?;
        let reply = decode(&content).ok_or(ClientError::Protocol)?;
        Ok((stream, reply, descriptors))
    }
}

/// Whether the attester still has its end, and said nothing unasked.
fn is_open(stream: &UnixStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    matches!(
        rustix::net::recv(stream, &mut [0; 1], flags),
        Err(Errno::AGAIN)
    )
}

fn read(
    stream: &UnixStream,
    length: usize,
    descriptors: &mut Vec<OwnedFd>,
    deadline: &Deadline,
) -> Result<Vec<u8>, ClientError> {
    let mut content = Vec::new();
    while content.len() < length {
        stream.set_read_timeout(Some(deadline.left()?))?;
        let mut chunk = vec![0; length.saturating_sub(content.len()).min(CHUNK)];
        let received = retry(|| receive(stream, &mut chunk, RecvFlags::empty()))?;
        if received.bytes == 0 {
            return Err(ClientError::Closed);
        }
        descriptors.extend(received.descriptors);
        content.extend_from_slice(chunk.get(..received.bytes).unwrap_or_default());
    }
    Ok(content)
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, ClientError> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            // The socket's own timeout.
            Err(Errno::AGAIN) => return Err(ClientError::Timeout),
            Err(Errno::PIPE | Errno::CONNRESET) => return Err(ClientError::Closed),
            other => return other.map_err(|error| ClientError::Io(error.into())),
        }
    }
}

struct Deadline {
    /// None is for ever.
    end: Option<Instant>,
}

impl Deadline {
    fn left(&self) -> Result<Duration, ClientError> {
        let Some(end) = self.end else {
            return Ok(Duration::MAX);
        };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(ClientError::Timeout)
        } else {
            Ok(left)
        }
    }
}

/// Why a call to the attester failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens at the socket, or this user may not use it.
    #[error("no attester at {path}: {source}", path = socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The attester closed the connection: it ended, or did not like what it got.
    #[error("the attester closed the connection")]
    Closed,
    /// It did not answer in time.
    #[error("the attester did not answer in time")]
    Timeout,
    /// It answered something else than was asked.
    #[error("the attester's answer is not one of this protocol")]
    Protocol,
    /// The request is too long: a policy has at most 1 MiB.
    #[error("the request is longer than {most} bytes")]
    TooLong {
        /// The longest request, in bytes.
        most: usize,
    },
    /// The attester refused.
    #[error("the attester refused: {0}")]
    Refused(#[from] Refusal),
    /// An error of the socket.
    #[error("talking to the attester: {0}")]
    Io(#[from] io::Error),
}
