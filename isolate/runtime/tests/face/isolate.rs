//! Starts the runtime as an attester does, with the three descriptors that it expects.
#![allow(unsafe_code, reason = "prepares descriptors between fork and exec")]

use crate::client::Client;
use p256::ecdsa::SigningKey;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, socketpair,
};
use serde_json::{Value, json};
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use veracruz_evidence::{channel, sw_rot};
use veracruz_policy::{Policy, Sha256};
use veracruz_protocol::control::{Decoder, Health, ToHost, ToIsolate, encode};
use veracruz_protocol::{APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, Jws};
use veracruz_session::{Identity, server_name};

/// An isolate and everybody around it. It ends when this is dropped.
pub(crate) struct Isolate {
    pub(crate) child: Child,
    /// The host's end of the control channel, while it is open.
    pub(crate) control: Option<UnixStream>,
    /// Where the host passes connections.
    pub(crate) connections: OwnedFd,
    pub(crate) policy: Policy,
    /// Provides `/input/acme.csv`, receives everything that can be received.
    pub(crate) acme: Identity,
    /// Provides programs, and has to approve.
    pub(crate) lab: Identity,
}

impl Isolate {
    /// One with an input and a program that does nothing.
    pub(crate) fn start() -> Self {
        Self::with(4096, &[&idle()], |_| {})
    }

    /// One with `descriptors` and a stage for each of `programs`, `/program/0.wasm` and so on,
    /// after `edit` of the policy.
    pub(crate) fn with(
        descriptors: u64,
        programs: &[&[u8]],
        edit: impl FnOnce(&mut Value),
    ) -> Self {
        let (acme, lab) = (identity("acme"), identity("lab"));
        let document = document(&acme, &lab, programs, edit);
        let policy = Policy::parse(document.as_bytes()).expect("a valid policy");
        let (control, its_control) = UnixStream::pair().unwrap();
        let (connections, its_connections) = packets();
        let (attester, its_attester) = packets();
        attest(attester, &policy);
        let child = spawn(
            [&its_control.into(), &its_connections, &its_attester],
            descriptors,
        );
        let mut isolate = Self {
            child,
            control: Some(control),
            connections,
            policy,
            acme,
            lab,
        };
        isolate.install();
        isolate
    }

    /// Has the policy installed and waits until that is done.
    fn install(&mut self) {
        let policy = self.policy.document().to_vec();
        self.say(&ToIsolate::Install { policy });
        match self.hear() {
            ToHost::Installed { policy, .. } => assert_eq!(policy, self.policy.hash()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn say(&mut self, message: &ToIsolate) {
        let frame = encode(message).unwrap();
        self.control.as_mut().unwrap().write_all(&frame).unwrap();
    }

    pub(crate) fn hear(&mut self) -> ToHost {
        let mut decoder = Decoder::new();
        let mut byte = [0];
        loop {
            let control = self.control.as_mut().unwrap();
            control.read_exact(&mut byte).unwrap();
            decoder.push(&byte).unwrap();
            if let Some(message) = decoder.next().unwrap() {
                return message;
            }
        }
    }

    pub(crate) fn health(&mut self) -> Health {
        self.say(&ToIsolate::Health);
        match self.hear() {
            ToHost::Health(health) => health,
            other => panic!("{other:?}"),
        }
    }

    /// The name under which it is dialled.
    pub(crate) fn name(&self) -> String {
        server_name(&self.policy.hash(), None)
    }

    /// Passes one message with these descriptors, as a host that may be hostile.
    pub(crate) fn pass(&self, descriptors: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        let byte = [IoSlice::new(&[0])];
        rustix::net::sendmsg(&self.connections, &byte, &mut control, SendFlags::empty()).unwrap();
    }

    /// An accepted connection, on which nothing was said.
    pub(crate) fn connect(&self) -> UnixStream {
        let (stream, accepted) = UnixStream::pair().unwrap();
        self.pass(&[accepted.as_fd()]);
        stream
    }

    pub(crate) fn dial(&self, identity: &Identity) -> Client {
        Client::new(self.connect(), identity, &self.name())
    }

    /// A connection of acme's on which evidence was asked for.
    pub(crate) fn acme(&self) -> Client {
        self.attested(&self.acme)
    }

    pub(crate) fn attested(&self, identity: &Identity) -> Client {
        let mut client = self.dial(identity);
        assert_eq!(client.attest().status, 200);
        client
    }

    /// The lab's approval of this computation, wherever it runs.
    pub(crate) fn approval(&self) -> Vec<u8> {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let input = Jws::signing_input(&ApprovalStatement {
            purpose: APPROVAL_PURPOSE.into(),
            policy: self.policy.hash(),
            participant: self.policy.participant("lab").unwrap().name.clone(),
            instances: Instances::Any,
            programs: vec![],
            nbf: now - 60,
            exp: now + 600,
            iat: now,
            jti: ApprovalId::from_random(&[7; 16]),
        });
        let signature = self.lab.sign_es256(input.as_bytes()).unwrap();
        Jws::compact(&input, &signature).into_bytes()
    }

    /// A line of the kernel's view of the process or one of its threads, in its own words.
    pub(crate) fn kernel_says(&self, of: &str, key: &str) -> String {
        let path = format!("/proc/{}/{of}", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap().trim_start_matches(':').trim().to_owned()
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn identity(name: &str) -> Identity {
    Identity::generate(name).unwrap()
}

/// A program that does nothing.
pub(crate) fn idle() -> Vec<u8> {
    wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#).unwrap()
}

fn document(
    acme: &Identity,
    lab: &Identity,
    programs: &[&[u8]],
    edit: impl FnOnce(&mut Value),
) -> String {
    let mut document = json!({
        "veracruz": 1, "name": "face",
        "participants": {
            "acme": { "certificate": acme.certificate_pem().unwrap() },
            "lab": { "certificate": lab.certificate_pem().unwrap() },
        },
        "files": {
            "/input/acme.csv": { "provider": "acme", "receivers": ["acme"], "max_bytes": "128MiB" },
            "/output/a": { "receivers": ["acme"], "max_bytes": "1KiB" },
            "/output/b": { "receivers": ["acme"], "max_bytes": "1KiB" },
        },
        "pipeline": [],
        "isolates": { "process": { "runtime": ["0".repeat(64)], "attesters": ["1".repeat(64)] } },
        "unprotected": true,
        "approval": { "required": ["lab"], "run_by": ["acme"], "runs": 2 },
    });
    for (index, program) in programs.iter().enumerate() {
        let path = format!("/program/{index}.wasm");
        document["files"][&path] =
            json!({ "provider": "lab", "sha256": Sha256::of(program).to_string() });
        let stage = json!({
            "program": path,
            "read": ["/input/", "/output/a", "/output/b"], "write": ["/output/a", "/output/b"],
        });
        document["pipeline"].as_array_mut().unwrap().push(stage);
    }
    edit(&mut document);
    document.to_string()
}

/// An attester that vouches for whoever has its channel.
fn attest(channel: OwnedFd, policy: &Policy) {
    let key = SigningKey::from_slice(&[9; 32]).unwrap();
    let launch_policy = policy.hash();
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
                measured: sw_rot::Measured::Runtime(Sha256::of(b"the runtime")),
                launch_policy,
            };
            let reply = channel::Reply::Evidence(sw_rot::sign(&claims, &key)).encode();
            if rustix::net::send(&channel, &reply, SendFlags::NOSIGNAL).is_err() {
                return;
            }
        }
    });
}

fn packets() -> (OwnedFd, OwnedFd) {
    let kind = SocketType::SEQPACKET;
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap()
}

/// Executes the runtime with these as descriptors 3, 4 and 5.
pub(crate) fn spawn(channels: [&OwnedFd; 3], descriptors: u64) -> Child {
    // Out of the way of the numbers that they shall have.
    let channels = channels.map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 100).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_veracruz-runtime"));
    command
        .arg("process")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let prepare = move || {
        for (number, channel) in (3..).zip(&channels) {
            // SAFETY: between fork and exec nobody uses these numbers.
            if unsafe { libc::dup2(channel.as_raw_fd(), number) } < 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        let limit = rustix::process::Rlimit {
            current: Some(descriptors),
            maximum: Some(descriptors),
        };
        Ok(rustix::process::setrlimit(
            rustix::process::Resource::Nofile,
            limit,
        )?)
    };
    // SAFETY: system calls alone, which are allowed between fork and exec.
    unsafe { command.pre_exec(prepare) };
    command.spawn().unwrap()
}
