//! Decides about requests: the host's, and the isolates' own for evidence.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use veracruz_evidence::channel;
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_policy::{Policy, PolicyHash, Sha256};

use super::evidence::{EvidenceLine, Over};
use super::isolates::{Body, Isolates, MAX_RUNNING, Running};
use super::machines::{Machines, descriptors_of};
use crate::image::{Digested, Image, Images};
use crate::sandbox::Sandbox;
use crate::wire::{Exit, IsolateId, Refusal, Reply, Request, VERSION};
use crate::{AttesterKey, Limits};

/// The class of the only reason why an isolate gets no evidence: it did not send 64 bytes.
const WRONG_LENGTH: u16 = 1;
/// Bytes of a policy's errors that go back to who sent it.
const MAX_DETAIL: usize = 4096;
/// Bytes of the note that is kept for each isolate.
const MAX_NOTE: usize = 256;

/// What becomes of a request.
pub(super) enum Answer {
    Now(Reply, Vec<OwnedFd>),
    /// A new isolate, which belongs to this connection until a note about it is left.
    Launched(IsolateId, Reply, Vec<OwnedFd>),
    /// The reply is due when this isolate runs, or will not.
    WhenStarted(IsolateId),
    /// The reply is due when this isolate has ended.
    WhenEnded(IsolateId),
}

pub(super) struct Desk {
    key: AttesterKey,
    pub(super) sandbox: Sandbox,
    images: Images<Image>,
    pub(super) machines: Machines,
    pub(super) isolates: Isolates,
}

impl Desk {
    pub(super) fn new(key: AttesterKey, sandbox: Sandbox, machines: Machines) -> Self {
        Self {
            key,
            sandbox,
            images: Images::default(),
            machines,
            isolates: Isolates::default(),
        }
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (IsolateId, &Running)> {
        self.isolates.running()
    }

    /// Answers the host.
    pub(super) fn answer(
        &mut self,
        request: Result<Request, Refusal>,
        descriptors: Vec<OwnedFd>,
    ) -> Answer {
        let answered = request.and_then(|request| self.decide(request, descriptors));
        answered.unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "request refused");
            Answer::Now(Reply::Refused(refusal), Vec::new())
        })
    }

    fn decide(&mut self, request: Request, mut come: Vec<OwnedFd>) -> Result<Answer, Refusal> {
        let expected = match &request {
            Request::Register => 1,
            Request::RegisterMachine { parts, .. } => descriptors_of(parts)?,
            _ => 0,
        };
        let found = u8::try_from(come.len()).unwrap_or(u8::MAX);
        if found != expected {
            return Err(Refusal::Descriptors { expected, found });
        }
        let now = |reply| Ok(Answer::Now(reply, Vec::new()));
        match request {
            Request::Hello(VERSION) => now(self.hello()),
            Request::Hello(found) => Err(Refusal::Version {
                expected: VERSION,
                found,
            }),
            Request::Register => {
                let source = come.pop().ok_or(Refusal::Descriptors { expected, found })?;
                now(self.register(source)?)
            }
            Request::Launch {
                image,
                policy,
                limits,
            } => self.launch(&Sha256::from_bytes(image), &policy, &limits),
            Request::RegisterMachine {
                parts,
                command_line,
            } => now(self.register_machine(&parts, command_line, come)?),
            Request::LaunchMachine {
                image,
                policy,
                description,
                limits,
            } => self.launch_machine(&Sha256::from_bytes(image), &policy, &description, &limits),
            Request::Attach(id) => self.attach(id),
            Request::List => now(Reply::Listed(self.isolates.list())),
            Request::Stop(id) => self.stop(id),
            Request::Remember { id, note } => now(self.remember(id, note)?),
        }
    }

    fn hello(&self) -> Reply {
        Reply::Hello {
            spki: self.key.spki().to_vec(),
            limited_by: self.sandbox.limited_by(),
        }
    }

    fn register(&mut self, source: OwnedFd) -> Result<Reply, Refusal> {
        let image = Image::copy(source)?;
        let digest = image.digest();
        tracing::info!(%digest, "image registered");
        self.images.keep(image);
        Ok(Reply::Registered(*digest.as_bytes()))
    }

    fn launch(
        &mut self,
        image: &Sha256,
        policy: &[u8],
        limits: &Limits,
    ) -> Result<Answer, Refusal> {
        limits.check()?;
        let policy = self.admit(policy)?;
        let id = self.fresh_id()?;
        let unknown = Refusal::UnknownImage {
            digest: *image.as_bytes(),
        };
        let found = self.images.find(image).ok_or(unknown)?;
        let started = self.sandbox.start(found, limits, id)?;
        tracing::info!(isolate = %id, pid = started.pid, %policy, %image, "isolate started");
        let isolate = Running {
            image: *image,
            policy,
            pid: started.pid,
            group: started.group,
            note: Vec::new(),
            process: started.process,
            evidence: Some(EvidenceLine::Messages(started.evidence)),
            body: Body::Process {
                landlock: started.landlock,
                control: started.control,
                connections: started.connections,
            },
        };
        self.isolates.insert(id, isolate);
        match self.attach(id)? {
            Answer::Now(reply, descriptors) => Ok(Answer::Launched(id, reply, descriptors)),
            other => Ok(other),
        }
    }

    /// The hash of a policy for which one more isolate may be started.
    pub(super) fn admit(&self, policy: &[u8]) -> Result<PolicyHash, Refusal> {
        let policy = Policy::parse(policy).map_err(|errors| policy_refusal(&errors))?;
        if self.isolates.is_full() {
            let most = u32::try_from(MAX_RUNNING).unwrap_or(u32::MAX);
            return Err(Refusal::TooManyIsolates { most });
        }
        Ok(policy.hash())
    }

    /// Gives copies of the host's ends; the attester keeps its own, for a host that comes again.
    fn attach(&self, id: IsolateId) -> Result<Answer, Refusal> {
        let isolate = self
            .isolates
            .get(id)
            .ok_or_else(|| match self.isolates.exit(id) {
                Some(_) => Refusal::IsolateEnded { id },
                None => Refusal::UnknownIsolate { id },
            })?;
        let copy = |descriptor: &OwnedFd| {
            rustix::io::fcntl_dupfd_cloexec(descriptor, 0).map_err(Refusal::internal)
        };
        let (landlock, control, connections) = match &isolate.body {
            Body::Process {
                landlock,
                control,
                connections,
            } => (*landlock, control, connections),
            Body::Machine(machine) => return Self::attach_machine(id, isolate, machine),
        };
        let copies = vec![copy(control)?, copy(connections)?];
        let reply = Reply::Running {
            id,
            pid: isolate.pid,
            landlock,
            note: isolate.note.clone(),
        };
        Ok(Answer::Now(reply, copies))
    }

    fn remember(&mut self, id: IsolateId, note: Vec<u8>) -> Result<Reply, Refusal> {
        if note.len() > MAX_NOTE {
            let found = u32::try_from(note.len()).unwrap_or(u32::MAX);
            let most = u32::try_from(MAX_NOTE).unwrap_or(u32::MAX);
            return Err(Refusal::NoteTooLong { found, most });
        }
        let isolate = self.isolates.get_mut(id);
        isolate.ok_or(Refusal::UnknownIsolate { id })?.note = note;
        Ok(Reply::Remembered)
    }

    fn stop(&mut self, id: IsolateId) -> Result<Answer, Refusal> {
        if let Some(exit) = self.isolates.exit(id) {
            self.isolates.forget(id);
            return Ok(Answer::Now(Reply::Stopped(exit), Vec::new()));
        }
        let isolate = self
            .isolates
            .get(id)
            .ok_or(Refusal::UnknownIsolate { id })?;
        match isolate.end() {
            // It has just ended by itself, and will be reaped as if it had been killed.
            Ok(()) | Err(Errno::SRCH) => Ok(Answer::WhenEnded(id)),
            Err(error) => Err(Refusal::internal(error)),
        }
    }

    /// Answers one request of an isolate, with evidence about that isolate and no other.
    pub(super) fn answer_isolate(&mut self, id: IsolateId) {
        let Some(isolate) = self.isolates.get_mut(id) else {
            return;
        };
        let Some(line) = &mut isolate.evidence else {
            return;
        };
        let request = match line.advance() {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(Over) => {
                isolate.evidence = None;
                return;
            }
        };
        let reply = match channel::parse_request(&request) {
            Ok(report_data) => {
                let claims = SwRotClaims {
                    report_data,
                    measured: match isolate.body {
                        Body::Process { .. } => Measured::Runtime(isolate.image),
                        Body::Machine(_) => Measured::Machine(isolate.image),
                    },
                    launch_policy: isolate.policy,
                };
                channel::Reply::Evidence(sw_rot::sign(&claims, self.key.signing()))
            }
            Err(_) => channel::Reply::Refused(WRONG_LENGTH),
        };
        if let Err(Over) = line.reply(&reply.encode()) {
            isolate.evidence = None;
        }
    }

    /// Reaps an isolate; none while it runs.
    pub(super) fn bury(&mut self, id: IsolateId) -> Option<Exit> {
        let (exit, group) = self.isolates.bury(id)?;
        self.sandbox.leave(group);
        tracing::info!(isolate = %id, ?exit, "isolate ended");
        Some(exit)
    }

    /// Ends an isolate that its host did not take over, if it did not.
    pub(super) fn abandon(&mut self, id: IsolateId) {
        let Some(isolate) = self.isolates.get(id) else {
            return;
        };
        if isolate.note.is_empty() {
            tracing::warn!(isolate = %id, "its host went away during the launch");
            // It may be on its way out already.
            let _ = isolate.end();
        }
    }

    /// Does what had to wait; whether nothing is left to do.
    pub(super) fn sweep(&mut self) -> bool {
        self.sandbox.sweep()
    }

    pub(super) fn forget(&mut self, id: IsolateId) {
        self.isolates.forget(id);
    }

    pub(super) fn fresh_id(&self) -> Result<IsolateId, Refusal> {
        loop {
            let number = getrandom::u64().map_err(|_| Refusal::internal(Errno::IO))?;
            let id = IsolateId(number);
            if !self.isolates.is_known(id) {
                return Ok(id);
            }
        }
    }
}

fn policy_refusal(errors: &impl std::fmt::Display) -> Refusal {
    let mut detail = errors.to_string();
    detail.truncate(detail.floor_char_boundary(MAX_DETAIL));
    Refusal::Policy { detail }
}
