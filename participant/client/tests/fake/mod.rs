//! An isolate that says what a test wants it to say. It counts what it is asked.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub(crate) mod receipts;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use p256::ecdsa::SigningKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use veracruz_client::{
    Connection, FilePath, Identity, InstanceId, Ledger, Policy, PolicyHash, Provisioning, Sha256,
    Timestamp, Unattested,
};
use veracruz_evidence::spki::of_p256;
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Nonce, ReportData};
use veracruz_policy::{KeyDigest, ParticipantName};
use veracruz_protocol::header::{self, ContentRange, Range};
use veracruz_protocol::{
    AttestationRequest, AttestationResponse, ComputationState, Content, CredentialRequest,
    CredentialResponse, ErrorCode, FileRole, FileView, Presence, Problem, ProgramState, RunOutcome,
    RunState, RunsView, StateTag, Status, WithdrawalAnswer, WithdrawnWhen, media,
};
use veracruz_session::{Channel, server_config};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_176_000);

pub(crate) fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

pub(crate) fn runtime() -> Sha256 {
    Sha256::of(b"the runtime")
}

/// A policy between acme and globex, on isolates that `attester` vouches for.
pub(crate) struct World {
    pub(crate) acme: Identity,
    pub(crate) globex: Identity,
    pub(crate) attester: SigningKey,
    pub(crate) policy: Arc<Policy>,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With replacements in the policy's document.
    pub(crate) fn with(replacements: &[(&str, &str)]) -> Self {
        Self::with_document(DOCUMENT, replacements)
    }

    /// With another document, whose fields in braces are filled in.
    pub(crate) fn with_document(document: &str, replacements: &[(&str, &str)]) -> Self {
        let acme = Identity::generate("acme").unwrap();
        let globex = Identity::generate("globex").unwrap();
        let attester = SigningKey::from_slice(&[7; 32]).unwrap();
        let mut document = document
            .replace("{acme}", &json(&acme.certificate_pem().unwrap()))
            .replace("{globex}", &json(&globex.certificate_pem().unwrap()))
            .replace("{runtime}", &runtime().to_string())
            .replace(
                "{attester}",
                &KeyDigest::of_spki(&of_p256(attester.verifying_key())).to_string(),
            )
            .replace("{pin}", &Sha256::of(PROGRAM).to_string());
        for (from, to) in replacements {
            assert!(document.contains(from), "{from}");
            document = document.replace(from, to);
        }
        let policy = Arc::new(Policy::parse(document.as_bytes()).unwrap());
        Self {
            acme,
            globex,
            attester,
            policy,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::beside(&self.file("acme.pem"))
    }

    pub(crate) async fn open(&self, fake: &Fake) -> Connection<Unattested> {
        Connection::open(&fake.address, &self.policy, &self.acme, None, NOW)
            .await
            .unwrap()
    }

    pub(crate) async fn attested(&self, fake: &Fake) -> Connection<veracruz_client::Attested> {
        self.open(fake).await.attest(true, NOW).await.unwrap().0
    }
}

pub(crate) fn provisioning(ledger: &Ledger) -> Provisioning<'_> {
    Provisioning {
        ledger,
        again: false,
        now: NOW,
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub(crate) const PROGRAM: &[u8] = b"\0asm, and so on";

pub(crate) const DOCUMENT: &str = r#"{
  "veracruz": 1,
  "name": "test",
  "participants": {
    "acme": { "certificate": {acme} },
    "globex": { "certificate": {globex} }
  },
  "files": {
    "/program/p.wasm": { "provider": "acme", "sha256": ["{pin}"], "max_bytes": "4MiB" },
    "/input/acme": { "provider": "acme", "max_bytes": "16MiB" },
    "/input/globex": { "provider": "globex", "max_bytes": "16MiB" },
    "/output/result": { "receivers": ["acme"], "max_bytes": "1MiB" }
  },
  "pipeline": [
    { "program": "/program/p.wasm", "read": ["/input/"], "write": ["/output/result"] }
  ],
  "isolates": { "process": { "runtime": ["{runtime}"], "attesters": ["{attester}"] } },
  "unprotected": true,
  "approval": { "run_by": ["acme"], "runs": 1 }
}"#;

/// What is wrong with the evidence that the fake gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    OtherConnection,
    OtherNonce,
    OtherPolicy,
    OtherRuntime,
    OtherAttester,
    OtherLaunchPolicy,
    OtherServerKey,
    Damaged,
    Garbage,
}

/// Evidence over report data, and the answer to a credential for it, of an isolate with a TPM.
pub(crate) type Quote = (
    fn(&ReportData, &PolicyHash) -> Vec<u8>,
    fn(&CredentialRequest, &ReportData) -> Option<[u8; 64]>,
);

pub(crate) struct State {
    pub(crate) requests: Vec<String>,
    pub(crate) flaw: Flaw,
    /// Instead of evidence by the attester.
    pub(crate) quote: Option<Quote>,
    /// Evidence from the connection before, for a relay.
    pub(crate) recorded: Option<ReportData>,
    /// Files that were committed, or that can be fetched.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Uploads that broke off: bytes, and the length that was announced.
    pub(crate) partial: BTreeMap<String, (Vec<u8>, u64)>,
    /// Salt and share of every `PUT`.
    pub(crate) secrets: Vec<(String, String)>,
    /// Breaks the connection off after so many bytes of bodies; counts down.
    pub(crate) cut_upload_after: Option<usize>,
    /// As well, in the answer to `GET`.
    pub(crate) cut_download_after: Option<usize>,
    pub(crate) flip_download: bool,
    pub(crate) policy_document: Vec<u8>,
    /// Answers everything else with this.
    pub(crate) canned: BTreeMap<String, (u16, &'static str, Vec<u8>)>,
    pub(crate) redirect: bool,
    /// Says with every answer that it speaks these versions of the protocol.
    pub(crate) versions: Option<&'static str>,
    /// Approvals as they came.
    pub(crate) approvals: Vec<String>,
    /// `If-Match` of every run.
    pub(crate) matches: Vec<String>,
    /// How often a run is still running when it is asked for.
    pub(crate) polls_left: u32,
}

pub(crate) struct Fake {
    pub(crate) address: String,
    pub(crate) identity: Identity,
    state: Arc<Mutex<State>>,
    isolate: Arc<Isolate>,
}

impl Fake {
    pub(crate) async fn start(world: &World) -> Self {
        Self::start_as(world, Identity::generate("isolate").unwrap()).await
    }

    pub(crate) async fn start_as(world: &World, identity: Identity) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State {
            requests: Vec::new(),
            flaw: Flaw::None,
            quote: None,
            recorded: None,
            files: BTreeMap::new(),
            partial: BTreeMap::new(),
            secrets: Vec::new(),
            cut_upload_after: None,
            cut_download_after: None,
            flip_download: false,
            policy_document: world.policy.document().to_vec(),
            canned: BTreeMap::new(),
            redirect: false,
            versions: None,
            approvals: Vec::new(),
            matches: Vec::new(),
            polls_left: 0,
        }));
        let participants = world.policy.participants().iter().map(|p| p.key).collect();
        let config = server_config(&identity, participants, world.policy.hash()).unwrap();
        let isolate = Arc::new(Isolate {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            identity: identity.clone(),
            attester: world.attester.clone(),
            policy: world.policy.hash(),
            state: Arc::clone(&state),
        });
        let serving = Arc::clone(&isolate);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        Self {
            address,
            identity,
            state,
            isolate,
        }
    }

    /// A stream that leads here, without a network.
    pub(crate) fn stream(&self) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(64 << 10);
        tokio::spawn(Arc::clone(&self.isolate).serve(far));
        near
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn instance(&self) -> InstanceId {
        InstanceId::from(self.identity.key())
    }
}

struct Isolate {
    acceptor: TlsAcceptor,
    identity: Identity,
    attester: SigningKey,
    policy: PolicyHash,
    state: Arc<Mutex<State>>,
}

/// The connection is to be broken off.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

type Reply = Response<Body>;
type Body = http_body_util::combinators::BoxBody<Bytes, Cut>;

impl Isolate {
    async fn serve(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Ok(stream) = self.acceptor.accept(stream).await else {
            return;
        };
        let channel = Arc::new(Channel::from_server(stream.get_ref().1, &self.identity).unwrap());
        let service = service_fn(|request| {
            let (isolate, channel) = (Arc::clone(&self), Arc::clone(&channel));
            async move {
                let mut reply = isolate.answer(&channel, request).await?;
                let versions = isolate.state.lock().unwrap().versions;
                if let Some(versions) = versions {
                    let value = versions.parse().unwrap();
                    reply.headers_mut().insert(header::VERSIONS, value);
                }
                Ok::<_, Cut>(reply)
            }
        });
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, channel: &Channel, request: Request<Incoming>) -> Result<Reply, Cut> {
        let path = request.uri().path().to_owned();
        let what = format!("{} {path}", request.method());
        {
            let mut state = self.state.lock().unwrap();
            state.requests.push(what.clone());
            if state.redirect {
                let reply = Response::builder()
                    .status(307)
                    .header("location", "/v1/status");
                return Ok(reply.body(full(Vec::new())).unwrap());
            }
            if let Some((status, media_type, body)) = state.canned.get(&what) {
                let reply = Response::builder()
                    .status(*status)
                    .header("content-type", *media_type);
                return Ok(reply.body(full(body.clone())).unwrap());
            }
        }
        match what.as_str() {
            "GET /v1/policy" => Ok(Response::new(full(
                self.state.lock().unwrap().policy_document.clone(),
            ))),
            "POST /v1/attestation" => Ok(self.attest(channel, request).await),
            "POST /v1/attestation/credential" => Ok(self.activate(request).await),
            "PUT /v1/approval" => {
                assert_eq!(request.headers()["content-type"], media::APPROVAL);
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let jws = String::from_utf8(body.to_vec()).unwrap();
                self.state.lock().unwrap().approvals.push(jws);
                Ok(empty(204))
            }
            "DELETE /v1/approval" => {
                let answer = WithdrawalAnswer {
                    withdrawn: WithdrawnWhen::DuringRun,
                    run: Some(1),
                };
                Ok(json_reply(200, &answer))
            }
            "POST /v1/runs" => {
                let seen = request.headers()[header::IF_MATCH]
                    .to_str()
                    .unwrap()
                    .to_owned();
                self.state.lock().unwrap().matches.push(seen);
                Ok(json_reply(201, &run_state(RunOutcome::Running)))
            }
            "GET /v1/runs/1" => {
                let mut state = self.state.lock().unwrap();
                let running = state.polls_left > 0;
                state.polls_left = state.polls_left.saturating_sub(1);
                let outcome = if running {
                    RunOutcome::Running
                } else {
                    RunOutcome::Finished
                };
                Ok(json_reply(200, &run_state(outcome)))
            }
            "GET /v1/status" => Ok(json_reply(200, &self.status())),
            _ => {
                let Some(file) = path.strip_prefix("/v1/files") else {
                    return Ok(problem(ErrorCode::UnknownRoute));
                };
                match request.method().as_str() {
                    "HEAD" => Ok(self.head(file)),
                    "PUT" => self.put(file, request).await,
                    "GET" => Ok(self.get(file, &request)),
                    _ => Ok(problem(ErrorCode::MethodNotAllowed)),
                }
            }
        }
    }

    fn status(&self) -> Status {
        let program = FileView {
            path: path("/program/p.wasm"),
            role: FileRole::Program,
            provider: Some(ParticipantName::parse("acme").unwrap()),
            presence: Presence::Present,
            content: Some(Content {
                length: PROGRAM.len() as u64,
                sha256: Sha256::of(PROGRAM),
            }),
            upload: None,
            program: Some(ProgramState::Compiled),
            refusal: None,
        };
        Status {
            state: ComputationState::Ready,
            policy: self.policy,
            instance: InstanceId::from(self.identity.key()),
            you: ParticipantName::parse("acme").unwrap(),
            tag: StateTag(17),
            runs: RunsView {
                allowed: 1,
                started: 0,
            },
            missing: Vec::new(),
            approvals: Vec::new(),
            files: vec![program],
            run: None,
        }
    }

    async fn attest(&self, channel: &Channel, request: Request<Incoming>) -> Reply {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let request: AttestationRequest = serde_json::from_slice(&body).unwrap();
        let nonce = Nonce::from_bytes(request.nonce);
        let mut state = self.state.lock().unwrap();
        let mut claims = SwRotClaims {
            report_data: channel.report_data(&self.policy, &nonce),
            measured: Measured::Runtime(runtime()),
            launch_policy: self.policy,
        };
        let honest = claims.report_data;
        let mut key = self.attester.clone();
        let other = PolicyHash::from_bytes([9; 32]);
        match state.flaw {
            Flaw::OtherConnection => claims.report_data = state.recorded.unwrap_or(honest),
            Flaw::OtherNonce => {
                claims.report_data = channel.report_data(&self.policy, &Nonce::from_bytes([1; 32]));
            }
            Flaw::OtherPolicy => claims.report_data = channel.report_data(&other, &nonce),
            Flaw::OtherRuntime => {
                claims.measured = Measured::Runtime(Sha256::of(b"another runtime"))
            }
            Flaw::OtherAttester => key = SigningKey::from_slice(&[8; 32]).unwrap(),
            Flaw::OtherLaunchPolicy => claims.launch_policy = other,
            Flaw::OtherServerKey => {
                let stranger = Identity::generate("stranger").unwrap();
                claims.report_data = veracruz_evidence::report_data::session(
                    &self.policy,
                    stranger.spki(),
                    channel.client_spki(),
                    &[0; 32],
                    &nonce,
                );
            }
            Flaw::None | Flaw::Damaged | Flaw::Garbage => {}
        }
        state.recorded = Some(honest);
        let mut evidence = match state.quote {
            Some((evidence, _)) => evidence(&honest, &self.policy),
            None => sw_rot::sign(&claims, &key).encode(),
        };
        match state.flaw {
            Flaw::Damaged => *evidence.last_mut().unwrap() ^= 1,
            Flaw::Garbage => evidence = b"garbage".to_vec(),
            _ => {}
        }
        let reply = serde_json::to_vec(&AttestationResponse { evidence }).unwrap();
        Response::builder()
            .header("content-type", media::JSON)
            .body(full(reply))
            .unwrap()
    }

    async fn activate(&self, request: Request<Incoming>) -> Reply {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let request: CredentialRequest = serde_json::from_slice(&body).unwrap();
        let state = self.state.lock().unwrap();
        let (_, answer) = state.quote.unwrap();
        match answer(&request, &state.recorded.unwrap()) {
            Some(answer) => json_reply(200, &CredentialResponse { answer }),
            None => problem(ErrorCode::CredentialRefused),
        }
    }

    fn head(&self, file: &str) -> Reply {
        let state = self.state.lock().unwrap();
        let mut reply = Response::builder();
        if let Some(contents) = state.files.get(file) {
            reply = reply.header("content-length", contents.len()).header(
                header::REPR_DIGEST,
                header::repr_digest(&Sha256::of(contents)),
            );
        }
        if let Some((bytes, length)) = state.partial.get(file) {
            reply = reply
                .header(header::UPLOAD_OFFSET, bytes.len())
                .header(header::UPLOAD_LENGTH, *length);
        } else if !state.files.contains_key(file) {
            return problem(ErrorCode::FileAbsent);
        }
        reply.body(full(Vec::new())).unwrap()
    }

    async fn put(&self, file: &str, request: Request<Incoming>) -> Result<Reply, Cut> {
        let (head, mut body) = request.into_parts();
        let get = |name: &str| {
            head.headers
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let length: usize = get("content-length").unwrap().parse().unwrap();
        let digest = header::parse_repr_digest(&get(header::REPR_DIGEST).unwrap()).unwrap();
        let (offset, whole) = match get(header::CONTENT_RANGE) {
            None => (0, length),
            Some(range) => {
                let range = ContentRange::parse(&range).unwrap();
                assert_eq!(range.body_length(), length as u64);
                (
                    usize::try_from(range.first()).unwrap(),
                    usize::try_from(range.length()).unwrap(),
                )
            }
        };
        let mut bytes = {
            let mut state = self.state.lock().unwrap();
            let secrets = (get(header::SALT).unwrap(), get(header::SHARE).unwrap());
            assert_ne!(secrets.0, secrets.1);
            state.secrets.push(secrets);
            state
                .partial
                .remove(file)
                .map(|(bytes, _)| bytes)
                .unwrap_or_default()
        };
        if offset == 0 {
            bytes.clear();
        }
        if offset != bytes.len() {
            return Ok(problem(ErrorCode::UploadOffset));
        }
        while let Some(frame) = body.frame().await {
            let data = frame.map_err(|_| Cut)?.into_data().unwrap();
            let mut state = self.state.lock().unwrap();
            let taken = match &mut state.cut_upload_after {
                Some(left) => {
                    let taken = data.len().min(*left);
                    *left -= taken;
                    taken
                }
                None => data.len(),
            };
            bytes.extend_from_slice(&data[..taken]);
            if taken < data.len() {
                state.cut_upload_after = None;
                state.partial.insert(file.to_owned(), (bytes, whole as u64));
                return Err(Cut);
            }
        }
        let mut state = self.state.lock().unwrap();
        assert_eq!(bytes.len(), whole);
        if Sha256::of(&bytes) != digest {
            return Ok(problem(ErrorCode::DigestMismatch));
        }
        state.files.insert(file.to_owned(), bytes);
        if state.cut_upload_after.take().is_some() {
            // All has arrived and is committed, but the answer is lost.
            return Err(Cut);
        }
        Ok(empty(201))
    }

    fn get(&self, file: &str, request: &Request<Incoming>) -> Reply {
        let mut state = self.state.lock().unwrap();
        let Some(mut contents) = state.files.get(file).cloned() else {
            return problem(ErrorCode::NotReleased);
        };
        let digest = Sha256::of(&contents);
        if state.flip_download {
            *contents.last_mut().unwrap() ^= 1;
        }
        let mut reply = Response::builder()
            .header(header::REPR_DIGEST, header::repr_digest(&digest))
            .header(header::OPENING, header::bytes(&[5; 32]));
        if let Some(range) = request.headers().get(header::RANGE) {
            let range = Range::parse(range.to_str().unwrap()).unwrap();
            let part = range.resolve(contents.len() as u64).unwrap();
            contents.drain(..usize::try_from(part.first()).unwrap());
            reply = reply
                .status(206)
                .header(header::CONTENT_RANGE, part.to_string());
        }
        reply = reply.header("content-length", contents.len());
        match state.cut_download_after.take() {
            Some(cut) if cut < contents.len() => {
                contents.truncate(cut);
                reply
                    .body(BodyExt::boxed(Short(Some(contents.into()))))
                    .unwrap()
            }
            _ => reply.body(full(contents)).unwrap(),
        }
    }
}

/// A body that breaks off.
struct Short(Option<Bytes>);

impl hyper::body::Body for Short {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Cut>>> {
        use std::task::Poll;
        match self.0.take() {
            // A pause first, so that what came before is on its way.
            Some(bytes) if !bytes.is_empty() => {
                context.waker().wake_by_ref();
                Poll::Ready(Some(Ok(hyper::body::Frame::data(bytes))))
            }
            _ => Poll::Ready(Some(Err(Cut))),
        }
    }
}

fn full(bytes: Vec<u8>) -> Body {
    Full::new(Bytes::from(bytes))
        .map_err(|never: Infallible| match never {})
        .boxed()
}

fn run_state(outcome: RunOutcome) -> RunState {
    RunState {
        run: 1,
        outcome,
        failure: None,
        started_by: ParticipantName::parse("acme").unwrap(),
        outputs: Vec::new(),
        receipt: outcome == RunOutcome::Finished,
        quorum: None,
    }
}

fn json_reply(status: u16, value: &impl serde::Serialize) -> Reply {
    Response::builder()
        .status(status)
        .header("content-type", media::JSON)
        .body(full(serde_json::to_vec(value).unwrap()))
        .unwrap()
}

fn empty(status: u16) -> Reply {
    Response::builder()
        .status(status)
        .body(full(Vec::new()))
        .unwrap()
}

fn problem(code: ErrorCode) -> Reply {
    Response::builder()
        .status(code.http_status())
        .header("content-type", media::PROBLEM)
        .body(full(Problem::new(code).to_json().into_bytes()))
        .unwrap()
}
