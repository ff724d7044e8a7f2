//! The first sign of life of a machine: one byte on vsock, which its parent answers. It proves nothing,
//! and the guest does not depend on it.
//!
//! `nitro-cli` takes an enclave that does not send it for one that failed (AWS Nitro Enclaves SDK,
//! `bootstrap/init.c`). Other machines send the same, because they must not be dialled before their
//! driver of vsock has started: the daemon of our launchers (`vhost-device-vsock` 0.3) would stop.
#![allow(
    unsafe_code,
    reason = "dials a family that no library has, and asks the device"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// Where the parent listens.
const PORT: u32 = 9000;
/// The byte, and its answer.
const BEAT: u8 = 0xb7;
/// The parent instance of an enclave, on AWS.
const PARENT_ON_AWS: u32 = 3;
/// How long the parent may take. It waits for this before it does anything else.
const PATIENCE: Duration = Duration::from_secs(5);
/// `IOCTL_VM_SOCKETS_GET_LOCAL_CID` of the kernel's `include/uapi/linux/vm_sockets.h`: `_IO(7, 0xb9)`.
const GET_LOCAL_CID: libc::Ioctl = 0x07b9;

/// Sends the byte to the parent of this machine. Whether somebody answered.
pub(super) fn send(is_enclave: bool) -> bool {
    let parent = parent(is_enclave, local_cid());
    dial(parent, PORT).is_some_and(|parent| greet(parent) == Some(()))
}

/// The parent's number: the machine that hosts this one. For enclaves on AWS that is 3, so that an
/// enclave that is 3 itself runs elsewhere, in an emulator.
const fn parent(is_enclave: bool, own: Option<u32>) -> u32 {
    match own {
        Some(PARENT_ON_AWS) => libc::VMADDR_CID_HOST,
        _ if is_enclave => PARENT_ON_AWS,
        _ => libc::VMADDR_CID_HOST,
    }
}

fn greet(mut parent: UnixStream) -> Option<()> {
    parent.write_all(&[BEAT]).ok()?;
    let mut answer = [0];
    parent.read_exact(&mut answer).ok()?;
    (answer == [BEAT]).then_some(())
}

/// The number of this machine among those that share its host.
fn local_cid() -> Option<u32> {
    let device = File::open("/dev/vsock").ok()?;
    let mut cid: libc::c_uint = 0;
    // SAFETY: this request writes one unsigned int to the place that it is given, which lives until
    // the call returns.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), GET_LOCAL_CID, &raw mut cid) };
    (result == 0).then_some(cid)
}

fn dial(cid: u32, port: u32) -> Option<UnixStream> {
    let socket: OwnedFd = socket_with(
        AddressFamily::VSOCK,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .ok()?;
    for direction in [Timeout::Recv, Timeout::Send] {
        set_socket_timeout(&socket, direction, Some(PATIENCE)).ok()?;
    }
    // SAFETY: `sockaddr_vm` is numbers alone, for which zero is a value.
    let mut address: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
    address.svm_family = libc::sa_family_t::try_from(libc::AF_VSOCK).ok()?;
    address.svm_cid = cid;
    address.svm_port = port;
    let length = libc::socklen_t::try_from(size_of_val(&address)).ok()?;
    // SAFETY: the address is of the socket's family and of the length that is given with it.
    let dialled = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), length) };
    // A stream socket, whatever its family: only its read and write are used.
    (dialled == 0).then(|| UnixStream::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_of_an_enclave_is_3_except_for_whoever_is_3_itself() {
        assert_eq!(parent(true, Some(16)), 3);
        assert_eq!(parent(true, None), 3);
        assert_eq!(parent(true, Some(3)), 2);
    }

    #[test]
    fn the_parent_of_any_other_machine_is_its_host() {
        for own in [None, Some(3), Some(16)] {
            assert_eq!(parent(false, own), libc::VMADDR_CID_HOST);
        }
    }

    #[test]
    fn only_the_same_byte_is_an_answer() {
        for (answer, heard) in [(vec![BEAT], true), (vec![0], false), (vec![], false)] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(&answer).unwrap();
            theirs.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(greet(ours).is_some(), heard);
            let mut sent = Vec::new();
            theirs.read_to_end(&mut sent).unwrap();
            assert_eq!(sent, [BEAT]);
        }
    }
}
