//! The attester's process: one thread, one loop, nothing that waits for anybody.

mod connection;
mod desk;
mod evidence;
mod isolates;
mod janitor;
mod listen;
mod machines;

use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::sandbox::Sandbox;
use crate::wire::{IsolateId, Refusal, Reply};
use crate::{AttesterKey, KeyError};
use connection::{Awaited, Connection};
use desk::{Answer, Desk};
use isolates::Body;
use listen::Listener;
use machines::{Machines, News};

pub use machines::TPM_AUTHORITY;

/// Connections served at once. More wait in the socket's queue.
const MAX_CONNECTIONS: usize = 32;

/// How long the kernel has to let go of the control group of a process that is gone.
const SWEEP: Duration = Duration::from_millis(5);

/// Where the attester keeps its state, and where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The directory of the key; made with mode 0700.
    pub state_dir: PathBuf,
    /// The unix socket; made with mode 0600.
    pub socket: PathBuf,
}

impl Config {
    /// All in one directory; the socket is `attester.sock` there.
    #[must_use]
    pub fn in_dir(state_dir: impl AsRef<Path>) -> Self {
        let state_dir = state_dir.as_ref().to_path_buf();
        Self {
            socket: state_dir.join("attester.sock"),
            state_dir,
        }
    }

    /// The directory with a directory for each machine that runs.
    fn machines(&self) -> PathBuf {
        let machines = self.state_dir.join("machines");
        std::path::absolute(&machines).unwrap_or(machines)
    }
}

/// Serves for ever, and calls `ready` once it can be reached. The isolates die with this process,
/// however it ends.
///
/// # Errors
///
/// What keeps it from starting, or an error of the kernel's `poll`. Nothing that a client or an
/// isolate does ends it.
pub fn serve(config: &Config, ready: impl FnOnce(&AttesterKey)) -> Result<Infallible, ServeError> {
    refuse_threads()?;
    // A core file would hold the key.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|error| ServeError::CoreLimit(error.into()))?;
    let sandbox = Sandbox::prepare()?;
    // Before there is a key that it would have a copy of, and a lock that it would hold.
    let _alive = janitor::start(sandbox.groups(), config)?;
    let key = AttesterKey::open(&config.state_dir)?;
    let listener = Listener::open(config)?;
    let machines = config.machines();
    veracruz_machine::clear(&machines).map_err(ServeError::Machines)?;
    tracing::info!(key = %key.digest(), socket = %config.socket.display(), "attester is ready");
    ready(&key);
    let mut server = Server {
        listener,
        connections: Vec::new(),
        desk: Desk::new(key, sandbox, Machines::new(machines)),
        swept: false,
    };
    loop {
        server.turn()?;
    }
}

/// A fork copies only the calling thread: locks of others would stay locked in the copy.
fn refuse_threads() -> Result<(), ServeError> {
    let tasks = std::fs::read_dir("/proc/self/task").map_err(ServeError::NoProc)?;
    match tasks.count() {
        1 => Ok(()),
        found => Err(ServeError::Threads { found }),
    }
}

struct Server {
    listener: Listener,
    connections: Vec<Connection>,
    desk: Desk,
    /// Nothing is left that the kernel did not let go of at once.
    swept: bool,
}

/// What a descriptor of the loop belongs to.
#[derive(Clone, Copy)]
enum Source {
    Listener,
    /// The index of a connection.
    Connection(usize),
    Evidence(IsolateId),
    Process(IsolateId),
    /// The warden of a machine.
    Warden(IsolateId),
}

impl Server {
    /// Waits for something to happen, and serves each that is ready once.
    fn turn(&mut self) -> Result<(), ServeError> {
        for source in self.wait()? {
            match source {
                Source::Listener => self.accept(),
                Source::Connection(index) => self.serve_connection(index),
                Source::Evidence(id) => self.desk.answer_isolate(id),
                Source::Process(id) => self.bury(id),
                Source::Warden(id) => self.hear(id),
            }
        }
        let now = Instant::now();
        self.connections.retain(|connection| {
            let over = connection.is_over(now);
            if over {
                for id in connection.launched() {
                    self.desk.abandon(*id);
                }
            }
            !over
        });
        self.swept = self.desk.sweep();
        Ok(())
    }

    fn wait(&self) -> Result<Vec<Source>, ServeError> {
        let mut sources = Vec::new();
        let mut descriptors = Vec::new();
        if self.connections.len() < MAX_CONNECTIONS {
            sources.push(Source::Listener);
            descriptors.push(PollFd::from_borrowed_fd(
                self.listener.as_fd(),
                PollFlags::IN,
            ));
        }
        for (index, connection) in self.connections.iter().enumerate() {
            sources.push(Source::Connection(index));
            let wanted = connection.wanted();
            descriptors.push(PollFd::from_borrowed_fd(connection.as_fd(), wanted));
        }
        for (id, isolate) in self.desk.running() {
            sources.push(Source::Process(id));
            let process = isolate.process.as_fd();
            descriptors.push(PollFd::from_borrowed_fd(process, PollFlags::IN));
            if let Some(evidence) = &isolate.evidence {
                sources.push(Source::Evidence(id));
                let wanted = evidence.wanted();
                descriptors.push(PollFd::from_borrowed_fd(evidence.as_fd(), wanted));
            }
            if let Body::Machine(machine) = &isolate.body
                && let Some(warden) = machine.words()
            {
                sources.push(Source::Warden(id));
                descriptors.push(PollFd::from_borrowed_fd(warden.as_fd(), PollFlags::IN));
            }
        }
        let patience = self.patience();
        match poll(&mut descriptors, patience.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(ServeError::Poll(error.into())),
        }
        let ready = sources.into_iter().zip(&descriptors);
        Ok(ready
            .filter(|(_, found)| !found.revents().is_empty())
            .map(|(source, _)| source)
            .collect())
    }

    /// Time until the next connection must have made progress, or until the next sweep.
    fn patience(&self) -> Option<Timespec> {
        let now = Instant::now();
        let deadlines = self.connections.iter().filter_map(Connection::deadline);
        let left = deadlines.min().map(|next| {
            next.saturating_duration_since(now)
                .saturating_add(Duration::from_millis(1))
        });
        let sweep = (!self.swept).then_some(SWEEP);
        let left = left.into_iter().chain(sweep).min()?;
        left.try_into().ok()
    }

    fn accept(&mut self) {
        if let Some(stream) = self.listener.accept() {
            self.connections.push(Connection::new(stream));
        }
    }

    fn serve_connection(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        let Some(arrived) = connection.advance() else {
            return;
        };
        match self.desk.answer(arrived.request, arrived.descriptors) {
            Answer::Now(reply, descriptors) => connection.reply(&reply, descriptors),
            Answer::Launched(id, reply, descriptors) => {
                connection.has_launched(id);
                connection.reply(&reply, descriptors);
            }
            Answer::WhenStarted(id) => {
                connection.has_launched(id);
                connection.wait_for(Awaited::Start(id));
            }
            Answer::WhenEnded(id) => connection.wait_for(Awaited::End(id)),
        }
    }

    /// A machine runs, or will not: whoever waited for that is told.
    fn hear(&mut self, id: IsolateId) {
        let reply = match self.desk.hear(id) {
            Some(News::Runs(reply)) => reply,
            Some(News::Failed(refusal)) => Reply::Refused(refusal),
            None => return,
        };
        for connection in &mut self.connections {
            connection.happened(Awaited::Start(id), &reply);
        }
    }

    /// An isolate's process ended: whoever waited for that is told.
    fn bury(&mut self, id: IsolateId) {
        // Its last words first.
        self.hear(id);
        let Some(exit) = self.desk.bury(id) else {
            return;
        };
        let mut awaited = false;
        for connection in &mut self.connections {
            awaited |= connection.ended(id, exit);
            // It had no time to say anything.
            let gone = Reply::Refused(Refusal::IsolateEnded { id });
            awaited |= connection.happened(Awaited::Start(id), &gone);
        }
        if awaited {
            self.desk.forget(id);
        }
    }
}

/// Why the attester does not serve. All of them are for its administrator to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// This process has other threads, and so cannot be forked safely.
    #[error("this process has {found} threads; the attester must be alone in its process")]
    Threads {
        /// How many it has.
        found: usize,
    },
    /// The machine has no `/proc`.
    #[error("/proc cannot be read: {0}")]
    NoProc(io::Error),
    /// Core files could not be forbidden.
    #[error("core files cannot be forbidden: {0}")]
    CoreLimit(io::Error),
    /// Another attester uses this directory.
    #[error("another attester is running in {path}", path = state_dir.display())]
    AlreadyRunning {
        /// The directory.
        state_dir: PathBuf,
    },
    /// The socket could not be made.
    #[error("cannot listen at {path}: {source}", path = socket.display())]
    Listen {
        /// Where.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that is no socket is where the socket should be.
    #[error("{path} exists and is no socket", path = socket.display())]
    NotASocket {
        /// Where.
        socket: PathBuf,
    },
    /// The process that cleans up after this one could not be started.
    #[error("the janitor cannot be started: {0}")]
    Janitor(io::Error),
    /// The filter of system calls does not compile for this architecture.
    #[error("the filter of system calls: {0}")]
    Filter(String),
    /// There is no `/dev/null` for the isolates.
    #[error("/dev/null cannot be opened: {0}")]
    Null(io::Error),
    /// What machines of an earlier attester left could not be removed.
    #[error("the folder of the machines cannot be cleared: {0}")]
    Machines(io::Error),
    /// The kernel does not wait for descriptors any more.
    #[error("waiting for requests: {0}")]
    Poll(io::Error),
}
