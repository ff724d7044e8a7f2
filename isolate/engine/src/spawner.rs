//! The process from which workers come.
//!
//! It is forked before the runtime has a key, a thread or a stricter filter, and so it can pass
//! none of that on. It holds nothing but a channel to the runtime, starts a process for each
//! program, and is the only one who can end that for certain: it is the parent of all, and
//! adopts what they leave behind.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, WaitOptions},
};

use crate::{
    cancel::Cancel,
    channel::{Channel, timespec},
    error::{Death, EngineError},
    memfd::Sealed,
    message::{SPAWNER_REPLY, SPAWNER_REQUEST, SpawnerReply, SpawnerRequest, decode, encode},
    process,
    program::Program,
    settings::ProgramSettings,
    worker,
};

/// How long the spawner, which never computes, may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The handle to the spawner. Clones are the same; it ends with the last of them and the last
/// program.
#[derive(Debug, Clone)]
pub struct Spawner(Arc<Handle>);

impl Spawner {
    /// Forks the spawner.
    ///
    /// To be called first thing in `main`: while the process has one thread (the child is a copy
    /// of that one alone, and locks that others held would stay locked in it) and no secret. The
    /// thread that calls it must live as long as the process, since workers die with it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn fork() -> io::Result<Self> {
        let (channel, theirs) = Channel::pair()?;
        let parent = rustix::process::getpid();
        let pid = process::fork(move || serve(theirs, parent))?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        let spawner = Handle {
            channel: Mutex::new(channel),
            pid,
            pidfd,
        };
        match spawner.receive() {
            Ok((SpawnerReply::Ready, _)) => Ok(Self(Arc::new(spawner))),
            Ok((SpawnerReply::Failed(errno), _)) => Err(io::Error::from_raw_os_error(errno)),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Starts a process for a program, in which it is validated and compiled. Blocks until that
    /// is done; several can be compiled at once.
    ///
    /// # Errors
    /// Says what is wrong with the program, or with the machine.
    pub fn compile(
        &self,
        program: &Sealed,
        settings: ProgramSettings,
    ) -> Result<Program, EngineError> {
        self.compile_unless(program, settings, &Cancel::new())
    }

    /// As [`Spawner::compile`], until another thread [cancels](Cancel::cancel) it.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`]; those of [`Spawner::compile`].
    pub fn compile_unless(
        &self,
        program: &Sealed,
        settings: ProgramSettings,
        cancel: &Cancel,
    ) -> Result<Program, EngineError> {
        Program::compile(self.clone(), program.clone(), settings, cancel)
    }

    /// A new process, confined for compiling, and the channel to it.
    pub(crate) fn start(&self) -> Result<Worker, EngineError> {
        match self.0.ask(&SpawnerRequest::Fork)? {
            (SpawnerReply::Forked(pid), Some(channel)) => Ok(Worker {
                channel: channel.into(),
                pid,
                spawner: Arc::clone(&self.0),
            }),
            (SpawnerReply::Failed(errno), _) => Err(EngineError::System {
                during: "starting a worker process",
                source: io::Error::from_raw_os_error(errno),
            }),
            _ => Err(lost("it gave a wrong answer")),
        }
    }
}

/// A program's process, killed with all that it started when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) channel: Channel,
    pid: i32,
    spawner: Arc<Handle>,
}

impl Worker {
    /// Kills it, waits until nothing of it is left, and says how it ended.
    pub(crate) fn kill(self) -> Result<Death, EngineError> {
        let death = self.end();
        // Done; `drop` would only ask for a process that is gone.
        drop_channel_only(self);
        death
    }

    fn end(&self) -> Result<Death, EngineError> {
        match self.spawner.ask(&SpawnerRequest::Kill(self.pid))? {
            (SpawnerReply::Killed(death), _) => Ok(death),
            _ => Err(lost("it could not end a worker")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.pid != GONE {
            // Without its spawner a worker is dead already.
            let _ = self.end();
        }
    }
}

/// No process has this number.
const GONE: i32 = 0;

fn drop_channel_only(mut worker: Worker) {
    worker.pid = GONE;
}

#[derive(Debug)]
struct Handle {
    channel: Mutex<Channel>,
    pid: Pid,
    pidfd: OwnedFd,
}

impl Handle {
    fn ask(
        &self,
        request: &SpawnerRequest,
    ) -> Result<(SpawnerReply, Option<OwnedFd>), EngineError> {
        // Held for request and answer: they come in pairs.
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        channel
            .send(&encode(request), &[], deadline())
            .map_err(lost)?;
        Self::receive_from(&channel)
    }

    fn receive(&self) -> Result<(SpawnerReply, Option<OwnedFd>), EngineError> {
        Self::receive_from(&self.channel.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn receive_from(channel: &Channel) -> Result<(SpawnerReply, Option<OwnedFd>), EngineError> {
        let message = channel.receive(SPAWNER_REPLY, deadline()).map_err(lost)?;
        let reply = decode(&message.bytes).ok_or_else(|| lost("it gave no answer"))?;
        Ok((reply, message.descriptors.into_iter().next()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The spawner ends when its channel closes, after all workers. Whatever happens, it does
        // not stay.
        if let Ok((closed, _)) = Channel::pair() {
            *self
                .channel
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner) = closed;
        }
        let mut polled = [rustix::event::PollFd::new(
            &self.pidfd,
            rustix::event::PollFlags::IN,
        )];
        let _ = rustix::event::poll(&mut polled, Some(&timespec(PATIENCE)));
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
        let _ = process::reap(self.pid);
    }
}

fn deadline() -> Option<Instant> {
    Instant::now().checked_add(PATIENCE)
}

fn lost(reason: impl ToString) -> EngineError {
    EngineError::SpawnerLost {
        reason: reason.to_string(),
    }
}

/// The spawner's own `main`.
fn serve(channel: Channel, parent: Pid) -> i32 {
    let setup = || -> io::Result<Channel> {
        process::die_with(parent)?;
        // Stages whose program's process was killed come here to be reaped.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        process::keep_only(channel)
    };
    // Without a channel there is nobody to tell; the other end sees it closed.
    let Ok(channel) = setup() else { return 1 };
    if answer(&channel, &SpawnerReply::Ready, None).is_none() {
        return 1;
    }
    while let Ok(message) = channel.receive(SPAWNER_REQUEST, None) {
        let answered = match decode(&message.bytes) {
            Some(SpawnerRequest::Fork) => match fork_worker() {
                Ok((pid, theirs)) => answer(&channel, &SpawnerReply::Forked(pid), Some(theirs)),
                Err(error) => answer(&channel, &failed(&error), None),
            },
            Some(SpawnerRequest::Kill(pid)) => match Pid::from_raw(pid).map(end_group) {
                Some(Ok(death)) => answer(&channel, &SpawnerReply::Killed(death), None),
                Some(Err(error)) => answer(&channel, &failed(&error), None),
                None => None,
            },
            None => None,
        };
        if answered.is_none() {
            break;
        }
    }
    // The workers die with this process, by their parent-death signal.
    0
}

fn answer(channel: &Channel, reply: &SpawnerReply, descriptor: Option<Channel>) -> Option<()> {
    let descriptors: Vec<_> = descriptor.iter().map(AsFd::as_fd).collect();
    channel.send(&encode(reply), &descriptors, None).ok()
}

fn failed(error: &io::Error) -> SpawnerReply {
    SpawnerReply::Failed(error.raw_os_error().unwrap_or(libc::EIO))
}

fn fork_worker() -> io::Result<(i32, Channel)> {
    let (theirs, its) = Channel::pair()?;
    let parent = rustix::process::getpid();
    let pid = process::fork(move || worker::main(its, parent))?;
    // The worker does the same; whoever comes first. From here on the group can be killed.
    let _ = rustix::process::setpgid(Some(pid), Some(pid));
    Ok((pid.as_raw_nonzero().get(), theirs))
}

/// Kills a program's process with its stage, and returns when both are reaped.
///
/// The number cannot mean anyone else: it stays taken until it is reaped, which happens here
/// alone.
fn end_group(leader: Pid) -> io::Result<Death> {
    match rustix::process::kill_process_group(leader, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let mut death = None;
    loop {
        match rustix::process::waitpgid(leader, WaitOptions::empty()) {
            Ok(Some((pid, status))) => {
                if pid == leader {
                    death = Some(process::death(status.as_raw()));
                }
            }
            Ok(None) | Err(Errno::INTR) => {}
            // Nobody of that group is left.
            Err(Errno::CHILD) => return death.ok_or_else(|| Errno::SRCH.into()),
            Err(error) => return Err(error.into()),
        }
    }
}
