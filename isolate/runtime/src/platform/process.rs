//! A sandboxed process: three descriptors that the attester opened before it started us.
#![allow(unsafe_code, reason = "adopts inherited descriptors by number")]

use super::{EvidenceSource, Platform};
use crate::fault::Fault;
use rustix::fs::FileType;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Frames to and from the host.
const CONTROL: i32 = 3;
/// Accepted connections from the host.
const CONNECTIONS: i32 = 4;
/// Report data to the attester, evidence back.
const EVIDENCE: i32 = 5;

/// The platform behind descriptors 3, 4 and 5.
pub(super) fn platform() -> Result<Platform, Fault> {
    Ok(Platform {
        control: UnixStream::from(inherited(CONTROL)?),
        connections: inherited(CONNECTIONS)?,
        evidence: EvidenceSource::attester(inherited(EVIDENCE)?),
    })
}

/// Takes over descriptor `number`, which must be a socket and is not passed on to a program that
/// this process might execute.
fn inherited(number: i32) -> Result<OwnedFd, Fault> {
    // SAFETY: called once for each number, from `platform`, before anything else opens
    // descriptors; the check below closes a number that is not what the attester promised.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    let is_socket = rustix::fs::fstat(fd.as_fd())
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
    if !is_socket {
        // The number may be closed, and closing it again would abort: forget it.
        std::mem::forget(fd);
        return Err(Fault::Platform);
    }
    rustix::io::fcntl_setfd(fd.as_fd(), rustix::io::FdFlags::CLOEXEC)
        .map_err(|_| Fault::Platform)?;
    Ok(fd)
}
