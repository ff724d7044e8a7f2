//! A sandboxed process: three descriptors that the attester opened before it started us.
#![allow(unsafe_code, reason = "adopts inherited descriptors by number")]

use super::{Connections, Line, Platform, evidence::Attester};
use crate::fault::Fault;
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Frames to and from the host.
const CONTROL: i32 = 3;
/// Accepted connections from the host.
const CONNECTIONS: i32 = 4;
/// Report data to the attester, evidence back.
const EVIDENCE: i32 = 5;

/// The platform behind descriptors 3, 4 and 5. The first call takes them; another finds nothing.
pub(super) fn platform() -> Result<Platform, Fault> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::AcqRel) {
        return Err(Fault::Platform);
    }
    Ok(Platform {
        control: Line::once(UnixStream::from(inherited(CONTROL, SocketType::STREAM)?)),
        connections: Connections::Passed(inherited(CONNECTIONS, SocketType::SEQPACKET)?),
        evidence: Box::new(Attester::new(inherited(EVIDENCE, SocketType::SEQPACKET)?)),
    })
}

/// Takes over descriptor `number`, which must be a socket of this kind, and is not passed on to a
/// program that this process might execute.
fn inherited(number: i32, kind: SocketType) -> Result<OwnedFd, Fault> {
    // SAFETY: asks about a number and has no preconditions: one that is not open is an error.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(Fault::Platform);
    }
    // SAFETY: the number is open, as was just seen, and nobody else owns it: `platform` gets here
    // once for each number, and the runtime has opened no descriptor before.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    if !socket_type(&fd).is_ok_and(|found| found == kind) {
        return Err(Fault::Platform);
    }
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC).map_err(|_| Fault::Platform)?;
    Ok(fd)
}
