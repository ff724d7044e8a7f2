//! A computation of three parties, and a shell that remembers what it was told to do.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;
use veracruz_computation::{
    Computation, Effect, Failure, Lease, Reply, Resources, RunPlan, RunReport, Session, Setup,
    StorageId, Upload, WrittenFile,
};
use veracruz_policy::{FilePath, InstanceId, ParticipantName, Policy, Sha256};
use veracruz_protocol::header::{ContentRange, Range};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Content, FailureClass, Instances, Jws,
    ProgramDigest, StateTag, Status,
};
use zeroize::Zeroizing;

use crate::{Event, Who};

pub const NAMES: [&str; 3] = ["acme", "globex", "lab"];
const PROGRAM: &str = "/program";
pub const OUTPUT: &str = "/output";
const PROVIDED: [(&str, &str); 3] = [
    (PROGRAM, "lab"),
    ("/input/acme", "acme"),
    ("/input/globex", "globex"),
];
pub const FILES: [&str; 5] = [
    PROGRAM,
    "/input/acme",
    "/input/globex",
    OUTPUT,
    "/elsewhere",
];
pub const ALLOWED_RUNS: u32 = 2;

/// What every file holds.
const CONTENT: &[u8] = b"a program";
const NOW: i64 = 1_800_000_000;
const INSTANCE: InstanceId = InstanceId::from_bytes([0xaa; 32]);

/// The policy whose program is open, and the one that pins it.
static POLICIES: LazyLock<[Policy; 2]> = LazyLock::new(|| [policy(false), policy(true)]);

/// Three approvals a participant and policy: an event can bring the same one twice.
static APPROVALS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let signed = |policy: &Policy, who: usize| (0..3).map(|id| approval(policy, who, id)).collect();
    let of_policy = |policy| (0..NAMES.len()).map(move |who| signed(policy, who));
    POLICIES.iter().flat_map(of_policy).collect()
});

pub struct Bench {
    pub machine: Computation,
    pinned: bool,
    leases: Vec<Lease>,
    erased: BTreeSet<StorageId>,
    to_compile: Vec<StorageId>,
    plan: Option<RunPlan>,
    receipt_of: u32,
}

impl Bench {
    pub fn new(pinned: bool) -> Self {
        let machine = Computation::new(Setup {
            policy: POLICIES[usize::from(pinned)].clone(),
            instance: INSTANCE,
            measurement: Sha256::from_bytes([0xbb; 32]).into(),
            secret: Box::new(Zeroizing::new([0xcc; 32])),
        });
        Self {
            machine,
            pinned,
            leases: Vec::new(),
            erased: BTreeSet::new(),
            to_compile: Vec::new(),
            plan: None,
            receipt_of: 0,
        }
    }

    /// Provides and approves everything: inputs come after their providers' approval.
    pub fn make_ready(&mut self) {
        self.provide(PROGRAM);
        self.happen(Event::Compiled { right: true });
        for who in [Who(0), Who(1)] {
            let (bearer, id) = (who, 0);
            self.happen(Event::Approve { who, bearer, id });
        }
        for (file, _) in PROVIDED.into_iter().skip(1) {
            self.provide(file);
        }
        assert_eq!(self.status().missing, []);
    }

    pub fn status(&self) -> Status {
        self.machine.status(&self.session("lab"), NOW)
    }

    /// Where a participant may read a file.
    pub fn read(&self, name: &str, file: &str) -> Option<StorageId> {
        let range = Range::parse("bytes=0-");
        let read = self.machine.read(&self.session(name), &path(file), range);
        read.ok().map(|read| read.storage)
    }

    pub fn erased(&self, storage: StorageId) -> bool {
        self.erased.contains(&storage)
    }

    /// Lets an event happen; true where it started a run.
    pub fn happen(&mut self, event: Event) -> bool {
        match event {
            Event::Approve { who, bearer, id } => {
                let row = usize::from(self.pinned) * NAMES.len() + who.index();
                let compact = &APPROVALS[row][usize::from(id % 3)];
                let reply = self
                    .machine
                    .approve(&self.session(bearer.name()), compact, NOW);
                self.take(reply);
            }
            Event::Withdraw { who } => {
                let reply = self.machine.withdraw(&self.session(who.name()));
                self.take(reply).expect("anyone may withdraw at any time");
            }
            Event::Begin { who, file, first } => self.begin(who.name(), file.path(), first % 10),
            Event::Provide { file } => self.provide(file.path()),
            Event::Append { lease, bytes } => {
                if let Some(at) = self.lease(lease) {
                    let _ = self.machine.append(&self.leases[at], (bytes % 10).into());
                }
            }
            Event::Suspend { lease } => {
                if let Some(at) = self.lease(lease) {
                    let _ = self.machine.suspend_upload(self.leases.remove(at));
                }
            }
            Event::Commit { lease, right } => {
                if let Some(at) = self.lease(lease) {
                    let digest = Sha256::of(if right { CONTENT } else { b"wrong" });
                    let reply = self.machine.commit_upload(self.leases.remove(at), digest);
                    self.take(reply);
                }
            }
            Event::Delete { who, file } => {
                let reply = self
                    .machine
                    .delete(&self.session(who.name()), &path(file.path()));
                self.take(reply);
            }
            Event::Compiled { right } => {
                let result = if right {
                    Ok(())
                } else {
                    Err("no program".into())
                };
                if let Some(storage) = self.to_compile.pop() {
                    let reply = self.machine.compiled(storage, result);
                    self.take(reply);
                }
            }
            Event::Start { who, behind } => {
                let StateTag(tag) = self.machine.tag();
                let seen = StateTag(tag.saturating_sub(behind.into()));
                let reply = self
                    .machine
                    .start_run(&self.session(who.name()), Some(seen), NOW);
                return self.take(reply).is_some();
            }
            Event::Ended { finished } => self.end(finished),
            Event::Receipt { made } => {
                let receipt = made.then(|| vec![1]);
                let reply = self.machine.receipt_made(self.receipt_of, receipt);
                self.take(reply);
            }
        }
        false
    }

    /// Starts an upload, or goes on with one from `first` on.
    fn begin(&mut self, name: &str, file: &str, first: u8) {
        let length = CONTENT.len() as u64;
        let range = ContentRange::from_offset(first.into(), length).filter(|_| first > 0);
        let upload = Upload {
            body_length: Some(range.map_or(length, |range| range.body_length())),
            range,
            digest: Some(Sha256::of(CONTENT)),
            salt: Some(Zeroizing::new([5; 32])),
            share: Some(Zeroizing::new([6; 32])),
        };
        let reply = self
            .machine
            .begin_upload(&self.session(name), &path(file), upload, NOW);
        let grant = self.take(reply);
        self.leases.extend(grant.map(|grant| grant.lease));
    }

    /// Has a file uploaded as a whole by its provider.
    fn provide(&mut self, file: &str) {
        let Some((_, provider)) = PROVIDED.iter().find(|(provided, _)| *provided == file) else {
            return;
        };
        let before = self.leases.len();
        self.begin(provider, file, 0);
        if self.leases.len() > before
            && let Some(lease) = self.leases.pop()
        {
            let _ = self.machine.append(&lease, CONTENT.len() as u64);
            let reply = self.machine.commit_upload(lease, Sha256::of(CONTENT));
            self.take(reply);
        }
    }

    fn end(&mut self, finished: bool) {
        let Some(plan) = &self.plan else { return };
        let content = Content {
            length: 1,
            sha256: Sha256::of(b"x"),
        };
        let written = plan.written.iter().map(|file| WrittenFile {
            storage: file.storage,
            content,
        });
        let report = if finished {
            RunReport::Finished {
                written: written.collect(),
                resources: Resources::default(),
            }
        } else {
            RunReport::Failed(Failure {
                stage: Some(1),
                class: FailureClass::Program,
                exit_code: Some(1),
                reason: None,
            })
        };
        let reply = self.machine.run_ended(plan.run, report);
        self.take(reply);
    }

    /// Carries the effects out, as far as this shell does anything.
    fn take<T>(&mut self, reply: Reply<T>) -> Option<T> {
        for effect in reply.effects {
            match effect {
                Effect::Erase(storage) => assert!(self.erased.insert(storage), "erased twice"),
                Effect::Compile { storage, .. } => self.to_compile.push(storage),
                Effect::StartRun(plan) => self.plan = Some(*plan),
                Effect::MakeReceipt { run, .. } => self.receipt_of = run,
                _ => {}
            }
        }
        reply.answer.ok()
    }

    fn session(&self, name: &str) -> Session {
        self.machine.session(name, true).expect("a participant")
    }

    fn lease(&self, number: u8) -> Option<usize> {
        usize::from(number).checked_rem(self.leases.len())
    }
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).expect("a path")
}

fn policy(pinned: bool) -> Policy {
    let acme = include_str!("../../../isolate/computation/tests/identities/acme.pem");
    let globex = include_str!("../../../isolate/computation/tests/identities/globex.pem");
    let lab = include_str!("../../../isolate/computation/tests/identities/lab.pem");
    let mut document = json!({
        "veracruz": 1,
        "name": "fuzzed",
        "participants": {
            "acme": { "certificate": acme },
            "globex": { "certificate": globex },
            "lab": { "certificate": lab }
        },
        "files": {
            "/program": { "provider": "lab", "receivers": ["acme"], "max_bytes": 100 },
            "/input/acme": { "provider": "acme", "max_bytes": 100 },
            "/input/globex": { "provider": "globex", "max_bytes": 100 },
            "/output": { "receivers": ["acme"], "max_bytes": 100 }
        },
        "pipeline": [{ "program": "/program", "read": ["/input/"], "write": ["/output"] }],
        "isolates": {
            "process": { "runtime": ["0".repeat(64)], "attesters": ["1".repeat(64)] }
        },
        "unprotected": true,
        "approval": {
            "required": ["acme", "globex"],
            "run_by": ["acme", "lab"],
            "runs": ALLOWED_RUNS,
            "approve": "each-run"
        }
    });
    if pinned {
        document["files"]["/program"]["sha256"] = Sha256::of(CONTENT).to_string().into();
    }
    Policy::parse(document.to_string().as_bytes()).expect("a policy")
}

/// An approval by the participant whose key is the byte `who + 1`, 32 times.
fn approval(policy: &Policy, who: usize, id: u8) -> String {
    let digest = ProgramDigest {
        path: path(PROGRAM),
        sha256: Sha256::of(CONTENT),
    };
    let pinned = policy
        .file(&path(PROGRAM))
        .is_some_and(|file| file.is_pinned());
    let input = Jws::signing_input(&ApprovalStatement {
        purpose: APPROVAL_PURPOSE.into(),
        policy: policy.hash(),
        participant: ParticipantName::parse(NAMES[who]).expect("a name"),
        instances: Instances::These(vec![INSTANCE]),
        programs: if pinned { vec![] } else { vec![digest] },
        nbf: NOW - 10,
        exp: NOW + 1000,
        iat: NOW - 10,
        jti: ApprovalId::from_random(&[id; 16]),
    });
    let key = SigningKey::from_slice(&[who as u8 + 1; 32]).expect("a key");
    let signature: Signature = key.sign(input.as_bytes());
    Jws::compact(&input, &signature.to_bytes().into())
}
