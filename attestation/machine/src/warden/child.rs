//! A program that the warden started, and what it said last.
#![allow(unsafe_code, reason = "what is done between fork and exec")]

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child as Process, Command, ExitStatus, Stdio};

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{Exit, MAX_SAID, Stage};
use crate::User;

/// A running program.
pub(super) struct Child {
    pub(super) stage: Stage,
    process: Process,
    /// Readable when it has ended.
    pidfd: OwnedFd,
    output: Vec<Pipe>,
    said: VecDeque<u8>,
}

/// One of its outputs.
struct Pipe {
    stream: Box<dyn Stream>,
}

trait Stream: Read + AsFd {}

impl<T: Read + AsFd> Stream for T {}

impl Child {
    /// Starts a program with an empty environment, no input, and the descriptors `inherited` under
    /// the numbers that they have.
    pub(super) fn start(
        stage: Stage,
        mut command: Command,
        inherited: &[BorrowedFd<'_>],
        user: Option<User>,
    ) -> io::Result<Self> {
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(User { uid, gid }) = user {
            // The superuser's other groups are dropped along.
            command.uid(uid).gid(gid);
        }
        let numbers: Vec<RawFd> = inherited.iter().map(AsRawFd::as_raw_fd).collect();
        let before_exec = move || numbers.iter().try_for_each(|number| keep(*number));
        // SAFETY: the closure makes system calls alone, on descriptors of the copy of this process;
        // it allocates nothing and takes no lock. This process has no other threads in any case.
        unsafe { command.pre_exec(before_exec) };
        let mut process = command.spawn()?;
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidData)?;
        // It is not waited for yet, so that the number is still its own.
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let mut output: Vec<Pipe> = Vec::new();
        if let Some(stream) = process.stdout.take() {
            output.push(Pipe {
                stream: Box::new(stream),
            });
        }
        if let Some(stream) = process.stderr.take() {
            output.push(Pipe {
                stream: Box::new(stream),
            });
        }
        for pipe in &output {
            rustix::io::ioctl_fionbio(pipe.stream.as_fd(), true)?;
        }
        Ok(Self {
            stage,
            process,
            pidfd,
            output,
            said: VecDeque::new(),
        })
    }

    /// All of its descriptors to wait for: its end, and what it says.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let output = self.output.iter().map(|pipe| pipe.stream.as_fd());
        std::iter::once(self.pidfd.as_fd()).chain(output)
    }

    /// Takes what it has said, so that it never waits for a reader, and keeps the last of it.
    pub(super) fn listen(&mut self) {
        let said = &mut self.said;
        self.output.retain_mut(|pipe| {
            let mut chunk = [0; 4096];
            match pipe.stream.read(&mut chunk) {
                Ok(length @ 1..) => {
                    said.extend(chunk.get(..length).unwrap_or_default());
                    let surplus = said.len().saturating_sub(MAX_SAID);
                    said.drain(..surplus);
                    true
                }
                Ok(0) => false,
                Err(error) => matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ),
            }
        });
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Option<Exit> {
        match self.process.try_wait() {
            Ok(status) => status.map(exit),
            Err(_) => Some(Exit::Unknown),
        }
    }

    /// Kills it, and waits until it is gone.
    pub(super) fn end(&mut self) -> Exit {
        // It may have ended by itself: then it is only reaped.
        let _ = self.process.kill();
        self.process.wait().map_or(Exit::Unknown, exit)
    }

    /// The last that it said, as text.
    pub(super) fn said(&mut self) -> String {
        self.listen();
        String::from_utf8_lossy(self.said.make_contiguous())
            .trim()
            .to_owned()
    }
}

/// Has a descriptor outlive the execution of a program.
fn keep(number: RawFd) -> io::Result<()> {
    // SAFETY: takes numbers and touches no memory; the descriptor is open, for its owner lives until
    // the program is started.
    match unsafe { libc::fcntl(number, libc::F_SETFD, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn exit(status: ExitStatus) -> Exit {
    let code = status.code().map(Exit::Code);
    let signal = || status.signal().map(Exit::Signal);
    code.or_else(signal).unwrap_or(Exit::Unknown)
}
