//! An attester and a host in one, for one isolate: the real runtime in a process, of which the test
//! says what kind it is.
//!
//! It lets tests have a runtime of another kind than `process` where this machine has nothing that
//! runs one. What vouches for it is a key of the test, so nothing but a test's policy believes it.
#![allow(unsafe_code, reason = "prepares descriptors between fork and exec")]

use p256::ecdsa::SigningKey;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, socketpair,
};
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use veracruz_evidence::{channel, spki, sw_rot};
use veracruz_policy::{KeyDigest, Policy, PolicyHash};
use veracruz_protocol::control::{Decoder, ToHost, ToIsolate, encode};

/// One isolate, which ends when this is dropped.
pub struct StandIn {
    child: Child,
    /// Where participants connect.
    pub address: SocketAddr,
    /// The host's end of the control channel: closing it ends the isolate.
    _control: UnixStream,
}

impl StandIn {
    /// The key that vouches, as policies name it.
    #[must_use]
    pub fn attester() -> String {
        KeyDigest::of_spki(&spki::of_p256(key().verifying_key())).to_string()
    }

    /// Starts `runtime` with a policy, as the kind that `measured` makes it.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(runtime: &Path, policy: &Path, measured: sw_rot::Measured) -> Self {
        let document = std::fs::read(policy).expect("a policy");
        let hash = Policy::parse(&document).expect("a valid policy").hash();
        let (mut control, its_control) = UnixStream::pair().expect("a pair");
        let (connections, its_connections) = packets();
        let (attester, its_attester) = packets();
        vouch(attester, measured, hash);
        let channels = [its_control.into(), its_connections, its_attester];
        let child = spawn(runtime, &channels);
        drop(channels);
        install(&mut control, document);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for accepted in listener.incoming().flatten() {
                if pass(&connections, &accepted.into()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            address,
            _control: control,
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).expect("a key")
}

fn packets() -> (OwnedFd, OwnedFd) {
    let kind = SocketType::SEQPACKET;
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).expect("a pair")
}

fn install(control: &mut UnixStream, policy: Vec<u8>) {
    let frame = encode(&ToIsolate::Install { policy }).expect("a frame");
    control.write_all(&frame).expect("an isolate that reads");
    let mut decoder = Decoder::new();
    let mut byte = [0];
    loop {
        control
            .read_exact(&mut byte)
            .expect("an isolate that answers");
        decoder.push(&byte).expect("a frame");
        match decoder.next().expect("a message") {
            None => {}
            Some(ToHost::Installed { .. }) => return,
            Some(other) => panic!("{other:?}"),
        }
    }
}

/// Signs whatever is asked for, as an attester does for an isolate that it started.
fn vouch(channel: OwnedFd, measured: sw_rot::Measured, launch_policy: PolicyHash) {
    thread::spawn(move || {
        let mut request = [0; 65];
        while let Ok((_, length)) =
            rustix::net::recv(&channel, request.as_mut_slice(), RecvFlags::empty())
        {
            let Ok(report_data) = channel::parse_request(&request[..length]) else {
                return;
            };
            let claims = sw_rot::SwRotClaims {
                report_data,
                measured,
                launch_policy,
            };
            let reply = channel::Reply::Evidence(sw_rot::sign(&claims, &key())).encode();
            if rustix::net::send(&channel, &reply, SendFlags::NOSIGNAL).is_err() {
                return;
            }
        }
    });
}

fn pass(connections: &OwnedFd, accepted: &OwnedFd) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [accepted.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let byte = [IoSlice::new(&[0])];
    rustix::net::sendmsg(connections, &byte, &mut control, SendFlags::NOSIGNAL).map(drop)
}

/// Executes the runtime with these as descriptors 3, 4 and 5.
fn spawn(runtime: &Path, channels: &[OwnedFd; 3]) -> Child {
    // Out of the way of the numbers that they shall have.
    let moved = channels
        .each_ref()
        .map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 100).expect("a descriptor"));
    let mut command = Command::new(runtime);
    command
        .arg("process")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let prepare = move || {
        for (number, channel) in (3..).zip(&moved) {
            // SAFETY: between fork and exec nobody uses these numbers.
            if unsafe { libc::dup2(channel.as_raw_fd(), number) } < 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: system calls alone, which are allowed between fork and exec.
    unsafe { command.pre_exec(prepare) };
    command.spawn().expect("the runtime starts")
}
