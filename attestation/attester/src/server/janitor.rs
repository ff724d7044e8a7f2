//! A process that outlives the attester, however that one ends, and removes what no kernel removes by
//! itself: control groups, the socket, and the folders of machines.
//!
//! It knows no key, and nobody can talk to it: it waits for the end of a pipe that the attester never
//! writes to. Where it is killed too, the next attester of this machine does its work.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::{Config, ServeError, listen};
use crate::sandbox::ControlGroups;

/// How long isolates may take to die with their attester.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// Starts it. It goes to work when the returned descriptor is closed, here and in every copy.
pub(super) fn start(groups: &ControlGroups, config: &Config) -> Result<OwnedFd, ServeError> {
    let failed = |error: Errno| ServeError::Janitor(error.into());
    let (attester_ends, alive) = pipe_with(PipeFlags::CLOEXEC).map_err(failed)?;
    // SAFETY: this process has no other threads (`serve` has seen to that), so that no lock is held
    // in the copy by a thread that is not there.
    match unsafe { libc::fork() } {
        -1 => Err(ServeError::Janitor(io::Error::last_os_error())),
        0 => {
            // Not even a panic leads back into the attester.
            let _end = End;
            drop(alive);
            work(attester_ends.as_fd(), groups, config);
            end()
        }
        _ => Ok(alive),
    }
}

fn work(attester_ends: BorrowedFd<'_>, groups: &ControlGroups, config: &Config) {
    ignore_signals();
    // Not the terminal's, nor a pipe that somebody reads to its end.
    let _ = rustix::process::setsid();
    if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        for number in 0..3 {
            // SAFETY: `dup2` touches no memory; what it closes are the standard streams.
            unsafe { libc::dup2(null.as_raw_fd(), number) };
        }
    }
    let _ = rustix::thread::set_name(c"janitor");
    while matches!(
        rustix::io::read(attester_ends, &mut [0; 1]),
        Err(Errno::INTR)
    ) {}
    let begin = Instant::now();
    while !groups.remove_all() && begin.elapsed() < PATIENCE {
        std::thread::sleep(PAUSE);
    }
    listen::remove_orphan(config);
}

/// What ends an attester comes to its whole group or service; this process ends by itself.
fn ignore_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Ends this process wherever the scope is left.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        end()
    }
}

fn end() -> ! {
    // SAFETY: `_exit` never returns and runs no handlers.
    unsafe { libc::_exit(0) }
}
