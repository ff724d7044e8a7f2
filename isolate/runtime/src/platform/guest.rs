//! A virtual machine or an enclave of its own: this process is its first, and nothing else runs
//! there. What the host says comes over vsock.
#![allow(unsafe_code, reason = "binds a socket of a family that no library has")]

use super::evidence::{EvidenceSource, Nsm, Port, Tpm, Tsm};
use super::{Connections, Line, Platform, heartbeat};
use crate::fault::Fault;
use rustix::mount::{MountFlags, mount};
use rustix::net::{AddressFamily, SocketFlags, SocketType, listen, socket_with};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::system::{RebootCommand, reboot};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where the host dials for the control channel.
const CONTROL_PORT: u32 = 7471;
/// Where it dials for every connection of a participant.
const CONNECTIONS_PORT: u32 = 7470;
/// Connections that may wait to be taken.
const BACKLOG: i32 = 128;
/// Open descriptors.
const DESCRIPTORS: u64 = 65_536;
/// How long devices may take to appear, and between two looks.
const DEVICES: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

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
    mount_file_systems();
    let evidence = wait_for_evidence().ok_or(Fault::Evidence)?;
    // Every connection and every file of a participant is one.
    let descriptors = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: Some(DESCRIPTORS),
    };
    setrlimit(Resource::Nofile, descriptors).map_err(|_| Fault::Platform)?;
    let connections = listener(CONNECTIONS_PORT).ok_or(Fault::Platform)?;
    let control = listener(CONTROL_PORT).ok_or(Fault::Platform)?;
    // Now that it can be dialled. A machine whose parent does not answer is none the less one.
    let _ = heartbeat::send(Nsm::here().is_some());
    give_up_privileges().map_err(|_| Fault::Confinement)?;
    Ok(Platform {
        control: Line::dialled(control),
        connections: Connections::Accepted(connections),
        evidence,
    })
}

/// Makes visible what the kernel offers.
pub(super) fn mount_file_systems() {
    for (kind, place) in FILE_SYSTEMS {
        // A kernel without one of them has no evidence of that kind: who asks for it finds nothing.
        let _ = mount(kind, place, kind, MountFlags::empty(), None);
    }
}

/// Ends the machine. It was told to take a restart for its end, as every kind of machine can be, and
/// not every kind has a switch; should it restart, it begins anew, with another key.
pub(super) fn switch_off() {
    if rustix::process::getpid() == rustix::process::Pid::INIT {
        // Without this the kernel ends it as well, when its first process ends.
        let _ = reboot(RebootCommand::Restart);
    }
}

/// What the superuser of a machine may do and this process needs not. Workers inherit it.
pub(super) fn give_up_privileges() -> rustix::io::Result<()> {
    let kept = CapabilitySet::SYS_BOOT;
    for capability in (CapabilitySet::all() - kept).iter() {
        match remove_capability_from_bounding_set(capability) {
            // Newer than this kernel.
            Err(rustix::io::Errno::INVAL) => {}
            other => other?,
        }
    }
    clear_ambient_capability_set()?;
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets)
}

/// Devices appear while the kernel starts, and the names of ports a moment after that.
fn wait_for_evidence() -> Option<Box<dyn EvidenceSource>> {
    let start = Instant::now();
    loop {
        let found = evidence();
        if found.is_some() || start.elapsed() > DEVICES {
            return found;
        }
        sleep(PAUSE);
    }
}

/// Who vouches for this machine: its hardware before its firmware, and these before who started it.
fn evidence() -> Option<Box<dyn EvidenceSource>> {
    if let Some(module) = Nsm::here() {
        return Some(Box::new(module));
    }
    if let Some(reports) = Tsm::here() {
        return Some(Box::new(reports));
    }
    if let Some(tpm) = Tpm::here() {
        return Some(Box::new(tpm));
    }
    Port::here().map(|port| Box::new(port) as Box<dyn EvidenceSource>)
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
