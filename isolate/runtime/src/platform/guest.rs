//! A virtual machine or an enclave of its own: this process is its first, and nothing else runs
//! there. What the host says comes over vsock.
#![allow(unsafe_code, reason = "binds a socket of a family that no library has")]

use super::evidence::{EvidenceSource, Nsm, Tpm, Tsm};
use super::{Connections, Platform};
use crate::fault::Fault;
use rustix::mount::{MountFlags, mount};
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with, listen, socket_with};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Where the host dials for the control channel, once.
const CONTROL_PORT: u32 = 7471;
/// Where it dials for every connection of a participant.
const CONNECTIONS_PORT: u32 = 7470;
/// Connections that may wait to be taken.
const BACKLOG: i32 = 128;

/// What the kernel offers as files: its devices, and what it knows of hardware and firmware.
const FILE_SYSTEMS: [(&str, &str); 4] = [
    ("devtmpfs", "/dev"),
    ("sysfs", "/sys"),
    ("configfs", "/sys/kernel/config"),
    ("securityfs", "/sys/kernel/security"),
];

/// The platform of a machine whose first process this is.
pub(super) fn platform() -> Result<Platform, Fault> {
    if rustix::process::getpid() != rustix::process::Pid::INIT {
        return Err(Fault::Platform);
    }
    for (kind, place) in FILE_SYSTEMS {
        // A kernel without one of them has no evidence of that kind; what is missing shows below.
        let _ = mount(kind, place, kind, MountFlags::empty(), None);
    }
    let evidence = evidence().ok_or(Fault::Evidence)?;
    let connections = listener(CONNECTIONS_PORT).ok_or(Fault::Platform)?;
    let control = listener(CONTROL_PORT).ok_or(Fault::Platform)?;
    let control = accept_with(&control, SocketFlags::CLOEXEC).map_err(|_| Fault::Platform)?;
    Ok(Platform {
        control: UnixStream::from(control),
        connections: Connections::Accepted(connections),
        evidence,
    })
}

/// Who vouches for this machine: its hardware before its firmware.
fn evidence() -> Option<Box<dyn EvidenceSource>> {
    if let Some(module) = Nsm::here() {
        return Some(Box::new(module));
    }
    if let Some(reports) = Tsm::here() {
        return Some(Box::new(reports));
    }
    Tpm::here().map(|tpm| Box::new(tpm) as Box<dyn EvidenceSource>)
}

/// A socket that listens on a port of vsock. Whoever can dial is no more trusted than the host,
/// which can dial in any case.
fn listener(port: u32) -> Option<OwnedFd> {
    let socket = socket_with(
        AddressFamily::VSOCK,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .ok()?;
    // SAFETY: `sockaddr_vm` is numbers alone, for which zero is a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::sa_family_t::try_from(libc::AF_VSOCK).ok()?;
    address.svm_cid = libc::VMADDR_CID_ANY;
    address.svm_port = port;
    let length = libc::socklen_t::try_from(size_of_val(&address)).ok()?;
    // SAFETY: the address is of the socket's family and of the length that is given with it.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    (bound == 0).then_some(())?;
    listen(&socket, BACKLOG).ok()?;
    Some(socket)
}
