//! Forking, and what a child does before anything else.
#![allow(unsafe_code)]

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{DumpableBehavior, Pid, Signal},
};

use crate::{channel::Channel, error::Death, memfd::Sealed};

/// Where a child finds its channel.
const CHANNEL: RawFd = 3;

/// The exit code of a child that panicked, as Rust's own.
const PANICKED: i32 = 101;

/// Starts a child that runs `main` and ends with what that returns.
///
/// The caller must be single-threaded, or the child could wait for ever for a lock that a thread
/// held which does not exist in it. Nothing of the caller's stack is dropped in the child.
pub(crate) fn fork(main: impl FnOnce() -> i32) -> io::Result<Pid> {
    // SAFETY: `fork` itself has no preconditions. The child may do anything, since it is a copy
    // of a process with this one thread.
    let forked = unsafe { libc::fork() };
    match forked {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // Unwinding must not reach the caller's frames, which belong to the parent.
            let code = catch_unwind(AssertUnwindSafe(main)).unwrap_or(PANICKED);
            // SAFETY: ends the process without running the parent's exit handlers.
            unsafe { libc::_exit(code) }
        }
        child => Pid::from_raw(child).ok_or_else(|| Errno::CHILD.into()),
    }
}

/// Ties this process to its parent: it dies with it, and nobody may trace it or read its memory.
pub(crate) fn die_with(parent: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before that took effect.
    if rustix::process::getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    Ok(rustix::process::set_dumpable_behavior(
        DumpableBehavior::NotDumpable,
    )?)
}

/// Sends what libraries complain about from here on into this file, which the parent reads when
/// this process is gone: Rust says there why it aborts.
pub(crate) fn complain_to(file: BorrowedFd<'_>) -> io::Result<()> {
    replace_stderr(file.as_raw_fd())
}

/// Ends that: into the file that is empty for ever, as [`keep_only`] left it.
pub(crate) fn complain_no_more() -> io::Result<()> {
    replace_stderr(libc::STDIN_FILENO)
}

fn replace_stderr(with: RawFd) -> io::Result<()> {
    // SAFETY: nothing in this process owns descriptor 2, which is its own since `keep_only`.
    if unsafe { libc::dup3(with, libc::STDERR_FILENO, libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Closes every descriptor but the channel, and puts a file that is empty for ever in the place
/// of the standard streams: what a library prints there must not end up in a file that happens
/// to be opened as number 2.
pub(crate) fn keep_only(channel: Channel) -> io::Result<Channel> {
    // Both out of the way of the numbers they shall have. They are closed below with all others.
    let raw = |descriptor: BorrowedFd<'_>| -> io::Result<RawFd> {
        let moved = rustix::io::fcntl_dupfd_cloexec(descriptor, CHANNEL + 1)?;
        Ok(moved.into_raw_fd())
    };
    let empty = raw(Sealed::copy_of("empty", &[])?.as_fd())?;
    let channel = raw(OwnedFd::from(channel).as_fd())?;
    for (from, to) in [(empty, 0), (empty, 1), (empty, 2), (channel, CHANNEL)] {
        // SAFETY: whoever owned descriptor `to` in the parent does not exist in this child,
        // whose remaining code uses the standard streams and the channel alone.
        if unsafe { libc::dup3(from, to, libc::O_CLOEXEC) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: as above: all owners of these descriptors stayed in the parent.
    if unsafe { libc::syscall(libc::SYS_close_range, CHANNEL + 1, libc::c_uint::MAX, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: made above, and nothing else owns it.
    Ok(Channel::from(unsafe { OwnedFd::from_raw_fd(CHANNEL) }))
}

/// Waits for a child, and says how it ended and how much processor time it took.
pub(crate) fn reap(child: Pid) -> io::Result<(Death, Duration)> {
    let mut status = 0;
    // SAFETY: all zeros is a valid `rusage`.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        let pid = child.as_raw_nonzero().get();
        // SAFETY: both pointers are to local variables of the right type.
        if unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) } == pid {
            return Ok((death(status), time(usage.ru_utime) + time(usage.ru_stime)));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Processor time of a child so far.
pub(crate) fn cpu_time(child: Pid) -> io::Result<Duration> {
    // How Linux numbers the clock of a process (include/linux/posix-timers_types.h), as
    // `clock_getcpuclockid` computes it: ~pid << 3 | CPUCLOCK_SCHED.
    let clock = (!child.as_raw_nonzero().get() << 3) | 2;
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a local variable of the right type.
    if unsafe { libc::clock_gettime(clock, &raw mut now) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(span(now.tv_sec, now.tv_nsec))
}

/// Reads a wait status.
pub(crate) fn death(status: i32) -> Death {
    if libc::WIFSIGNALED(status) {
        Death::Signal(libc::WTERMSIG(status))
    } else {
        Death::Exit(libc::WEXITSTATUS(status))
    }
}

fn time(value: libc::timeval) -> Duration {
    span(value.tv_sec, value.tv_usec.saturating_mul(1000))
}

fn span(seconds: i64, nanoseconds: i64) -> Duration {
    Duration::new(
        u64::try_from(seconds).unwrap_or(0),
        u32::try_from(nanoseconds).unwrap_or(0),
    )
}

/// Closes a descriptor that the parent goes on using.
pub(crate) fn close_in_child(descriptor: BorrowedFd<'_>) {
    // SAFETY: its owner is the parent's; nothing in this child uses or drops it.
    unsafe { libc::close(descriptor.as_raw_fd()) };
}
