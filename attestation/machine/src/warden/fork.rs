//! A process in namespaces of its own.
#![allow(unsafe_code, reason = "clone3, which no library has")]

use std::fs;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use rustix::net::SendFlags;

/// Like fork, into new namespaces: of processes, so that all in it end with the new process, and of
/// the network, host name and System V memory, of which machines need nothing. Whoever is not the
/// superuser gets one of users too, without which there are no others. In the new process `None`.
pub(super) fn into_namespaces() -> io::Result<Option<(OwnedFd, u32)>> {
    let mut flags =
        libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if needs_users() {
        flags |= libc::CLONE_NEWUSER;
    }
    fork_into(flags)
}

/// Like fork, into new namespaces (`CLONE_NEW…`): a descriptor of the new process and its number; in
/// the new process `None`. Call it in a process without other threads.
///
/// # Errors
///
/// Those of the system.
pub fn fork_into(namespaces: libc::c_int) -> io::Result<Option<(OwnedFd, u32)>> {
    let mut process: RawFd = -1;
    // SAFETY: all zeros is a valid `clone_args`: no stack, no thread-local storage, no ids.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = u64::from((namespaces | libc::CLONE_PIDFD).unsigned_abs());
    arguments.pidfd = (&raw mut process).expose_provenance() as u64;
    arguments.exit_signal = u64::from(libc::SIGCHLD.unsigned_abs());
    // SAFETY: without CLONE_VM this is a fork: the child has a copy of all memory and goes on on a
    // copy of this stack. The caller's process has no other threads, so that no lock is held in the
    // copy by a thread that is not there. `arguments` and `process` outlive the call.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw mut arguments,
            size_of::<libc::clone_args>(),
        )
    };
    match u32::try_from(pid) {
        Ok(0) => Ok(None),
        // SAFETY: the kernel wrote a fresh descriptor, which nothing else owns.
        Ok(pid) => Ok(Some((unsafe { OwnedFd::from_raw_fd(process) }, pid))),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Maps this user to itself where there is a namespace of users, and lets the new process go on.
pub(super) fn let_go(channel: &OwnedFd, pid: u32) -> io::Result<()> {
    if needs_users() {
        let file = |name: &str| format!("/proc/{pid}/{name}");
        let (uid, gid) = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        fs::write(file("setgroups"), "deny")?;
        fs::write(file("gid_map"), format!("{gid} {gid} 1"))?;
        fs::write(file("uid_map"), format!("{uid} {uid} 1"))?;
    }
    rustix::net::send(channel.as_fd(), &[1], SendFlags::NOSIGNAL)?;
    Ok(())
}

fn needs_users() -> bool {
    !rustix::process::geteuid().is_root()
}
