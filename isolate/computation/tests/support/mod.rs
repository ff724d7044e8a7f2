//! A computation of three parties, driven as a shell would.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use veracruz_computation::{
    Computation, Effect, Reply, Resources, RunPlan, RunReport, Session, Setup, StorageId, Upload,
    WrittenFile,
};
use veracruz_policy::{FilePath, InstanceId, ParticipantName, Policy, Sha256};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Content, ErrorCode, Instances, Jws, Problem,
    ProgramDigest, RunState, StateTag,
};
use zeroize::Zeroizing;

pub const NOW: i64 = 1_800_000_000;
pub const PROGRAM: &str = "/program/psi.wasm";
pub const ACME: &str = "/input/acme.csv";
pub const GLOBEX: &str = "/input/globex.csv";
pub const OUTPUT: &str = "/output/overlap.csv";
pub const BETWEEN: &str = "/between/rows";

pub const INSTANCE: InstanceId = InstanceId::from_bytes([0xaa; 32]);
pub const MEASUREMENT: Sha256 = Sha256::from_bytes([0xbb; 32]);

/// What differs between policies of the tests.
pub struct Variant {
    pub pinned: bool,
    pub approve: &'static str,
    pub runs: u32,
    pub expires: Option<&'static str>,
    pub required: &'static str,
    /// Who may fetch the program.
    pub shown_to: Option<&'static str>,
    /// Whether mallory takes part, who provides and receives nothing.
    pub mallory: bool,
    /// More fields of the first stage.
    pub first: &'static str,
    /// More fields of the second stage.
    pub second: &'static str,
}

impl Default for Variant {
    fn default() -> Self {
        Self {
            pinned: true,
            approve: "each-run",
            runs: 1,
            expires: None,
            required: r#"["acme", "globex"]"#,
            shown_to: None,
            mallory: false,
            first: "",
            second: "",
        }
    }
}

pub fn program_bytes() -> &'static [u8] {
    b"a program"
}

pub fn policy(variant: &Variant) -> Policy {
    let certificate = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/identities/");
        let pem = std::fs::read_to_string(format!("{folder}{name}.pem")).unwrap();
        format!(
            r#"{{"certificate": {}}}"#,
            serde_json::to_string(&pem).unwrap()
        )
    };
    let pin = match variant.pinned {
        true => format!(r#", "sha256": "{}""#, Sha256::of(program_bytes())),
        false => String::new(),
    };
    let shown = variant
        .shown_to
        .map_or(String::new(), |who| format!(r#", "receivers": ["{who}"]"#));
    let expires = variant
        .expires
        .map_or(String::new(), |at| format!(r#", "expires": "{at}""#));
    let mallory = match variant.mallory {
        true => format!(r#", "mallory": {}"#, certificate("mallory")),
        false => String::new(),
    };
    let document = format!(
        r#"{{
        "veracruz": 1, "name": "test",
        "participants": {{"acme": {}, "globex": {}, "lab": {}{}}},
        "files": {{
            "{PROGRAM}": {{"provider": "lab", "max_bytes": 1000{pin}{shown}}},
            "{ACME}": {{"provider": "acme", "max_bytes": 100}},
            "{GLOBEX}": {{"provider": "globex", "max_bytes": 100}},
            "{BETWEEN}": {{"intermediate": true, "max_bytes": 100}},
            "{OUTPUT}": {{"receivers": ["acme"], "max_bytes": 100}}
        }},
        "pipeline": [
            {{"program": "{PROGRAM}", "args": ["one"], "read": ["/input/"], "write": ["{BETWEEN}"]{}}},
            {{"program": "{PROGRAM}", "args": ["two"], "read": ["{BETWEEN}"], "write": ["{OUTPUT}"]{}}}
        ],
        "isolates": {{"process": {{"runtime": ["{}"], "attesters": ["{}"]}}}},
        "unprotected": true,
        "approval": {{"required": {}, "run_by": ["acme", "lab"], "runs": {}, "approve": "{}"}}
        {expires}}}"#,
        certificate("acme"),
        certificate("globex"),
        certificate("lab"),
        mallory,
        variant.first,
        variant.second,
        "0".repeat(64),
        "1".repeat(64),
        variant.required,
        variant.runs,
        variant.approve,
    );
    match Policy::parse(document.as_bytes()) {
        Ok(policy) => policy,
        Err(errors) => {
            let all: Vec<String> = errors.as_slice().iter().map(ToString::to_string).collect();
            panic!("{}", all.join("\n"))
        }
    }
}

pub fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

pub fn key(name: &str) -> SigningKey {
    let byte = match name {
        "acme" => 1,
        "globex" => 2,
        "lab" => 3,
        _ => 4,
    };
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

pub fn sign(statement: &ApprovalStatement, key: &SigningKey) -> String {
    let input = Jws::signing_input(statement);
    let signature: Signature = key.sign(input.as_bytes());
    Jws::compact(&input, &signature.to_bytes().into())
}

/// A computation and a shell's memory of the effects it was given.
pub struct Bench {
    pub machine: Computation,
    pub effects: Vec<Effect>,
    /// Where the files are that were committed by [`Bench::upload`].
    pub stored: Vec<StorageId>,
    ids: u8,
}

impl Bench {
    pub fn new(variant: &Variant) -> Self {
        let machine = Computation::new(Setup {
            policy: policy(variant),
            instance: INSTANCE,
            measurement: MEASUREMENT.into(),
            secret: Box::new(Zeroizing::new([0xcc; 32])),
        });
        Self {
            machine,
            effects: Vec::new(),
            stored: Vec::new(),
            ids: 0,
        }
    }

    /// One in which everything is there and approved.
    pub fn ready(variant: &Variant) -> Self {
        let mut bench = Self::new(variant);
        bench.provide_program();
        bench.approve("acme").unwrap();
        bench.approve("globex").unwrap();
        bench.upload("acme", ACME, b"acme's").unwrap();
        bench.upload("globex", GLOBEX, b"globex's").unwrap();
        bench
    }

    pub fn session(&self, name: &str) -> Session {
        self.machine.session(name, true).unwrap()
    }

    pub fn take<T>(&mut self, reply: Reply<T>) -> Result<T, ErrorCode> {
        self.effects.extend(reply.effects);
        reply.answer.map_err(|problem| problem.code)
    }

    pub fn statement(&mut self, name: &str) -> ApprovalStatement {
        self.ids += 1;
        let lab = self.session("lab");
        let pinned = self
            .machine
            .policy()
            .file(&path(PROGRAM))
            .unwrap()
            .is_pinned();
        let here = self
            .machine
            .head(&lab, &path(PROGRAM))
            .ok()
            .and_then(|head| head.content);
        let programs = here.filter(|_| !pinned).map(|content| ProgramDigest {
            path: path(PROGRAM),
            sha256: content.sha256,
        });
        ApprovalStatement {
            purpose: APPROVAL_PURPOSE.into(),
            policy: self.machine.policy().hash(),
            participant: ParticipantName::parse(name).unwrap(),
            instances: Instances::These(vec![INSTANCE]),
            programs: programs.into_iter().collect(),
            nbf: NOW - 10,
            exp: NOW + 1000,
            iat: NOW - 10,
            jti: ApprovalId::from_random(&[self.ids; 16]),
        }
    }

    /// Approves in a session of one's own.
    pub fn approve(&mut self, name: &str) -> Result<StateTag, ErrorCode> {
        let statement = self.statement(name);
        self.carry(name, &sign(&statement, &key(name)))
    }

    /// Brings a signed approval in a session of `bearer`.
    pub fn carry(&mut self, bearer: &str, compact: &str) -> Result<StateTag, ErrorCode> {
        let session = self.session(bearer);
        let reply = self.machine.approve(&session, compact, NOW);
        self.take(reply)
    }

    pub fn provide_program(&mut self) {
        self.upload("lab", PROGRAM, program_bytes()).unwrap();
        self.compile();
    }

    /// Reports every program that is to be compiled as compiled.
    pub fn compile(&mut self) {
        let storages: Vec<StorageId> = self
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Compile { storage, .. } => Some(*storage),
                _ => None,
            })
            .collect();
        for storage in storages {
            let reply = self.machine.compiled(storage, Ok(()));
            let _ = self.take(reply);
        }
    }

    pub fn upload(&mut self, name: &str, to: &str, bytes: &[u8]) -> Result<Content, ErrorCode> {
        let session = self.session(name);
        let upload = headers(bytes);
        let reply = self.machine.begin_upload(&session, &path(to), upload, NOW);
        let grant = self.take(reply)?;
        self.machine
            .append(&grant.lease, bytes.len() as u64)
            .map_err(code)?;
        assert!(self.machine.is_whole(&grant.lease));
        let reply = self.machine.commit_upload(grant.lease, Sha256::of(bytes));
        let content = self.take(reply)?;
        self.stored.push(grant.storage);
        Ok(content)
    }

    pub fn start(&mut self, name: &str) -> Result<RunState, ErrorCode> {
        let seen = self.machine.tag();
        let session = self.session(name);
        let reply = self.machine.start_run(&session, Some(seen), NOW);
        self.take(reply)
    }

    /// The plan of the last run that was started.
    pub fn plan(&self) -> &RunPlan {
        let plans = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::StartRun(plan) => Some(&**plan),
            _ => None,
        });
        plans.into_iter().next().unwrap()
    }

    /// Ends the run well, with this output.
    pub fn finish(&mut self, output: &[u8]) {
        let (run, written) = {
            let plan = self.plan();
            let to = plan
                .written
                .iter()
                .find(|file| file.path == path(OUTPUT))
                .unwrap();
            let content = Content {
                length: output.len() as u64,
                sha256: Sha256::of(output),
            };
            (
                plan.run,
                vec![WrittenFile {
                    storage: to.storage,
                    content,
                }],
            )
        };
        let report = RunReport::Finished {
            written,
            resources: Resources::default(),
        };
        let reply = self.machine.run_ended(run, report);
        self.take(reply).unwrap();
    }

    pub fn erased(&self, storage: StorageId) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Erase(id) if *id == storage))
    }

    pub fn status(&self, name: &str) -> veracruz_protocol::Status {
        self.machine.status(&self.session(name), NOW)
    }

    /// Whether a provided file is committed, as anybody sees it.
    pub fn present(&self, file: &str) -> bool {
        let status = self.status("lab");
        let view = status
            .files
            .iter()
            .find(|view| view.path == path(file))
            .unwrap();
        view.presence == veracruz_protocol::Presence::Present
    }

    /// Whether a participant's approval holds, as anybody sees it.
    pub fn approved(&self, name: &str) -> bool {
        let status = self.status("lab");
        let mut views = status.approvals.iter();
        views.any(|view| view.participant.as_str() == name && view.statement.is_some())
    }
}

/// The headers of a whole upload.
pub fn headers(bytes: &[u8]) -> Upload {
    Upload {
        body_length: Some(bytes.len() as u64),
        range: None,
        digest: Some(Sha256::of(bytes)),
        salt: Some(Zeroizing::new([5; 32])),
        share: Some(Zeroizing::new([6; 32])),
    }
}

pub fn code(problem: Problem) -> ErrorCode {
    problem.code
}
