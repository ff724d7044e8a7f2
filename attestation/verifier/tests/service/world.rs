//! A verifier with keys, a database and a policy that names it.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use hyper::Method;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use veracruz_appraisal::Collateral;
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Nonce, ReportData, report_data, spki};
use veracruz_policy::{KeyDigest, Policy, PublicKey, Sha256, Timestamp};
use veracruz_session::Identity;
use veracruz_verifier::{
    Authority, Config, Database, Enrolment, Limits, Server, create_key, file_url,
};

use crate::client::{Answer, Client};
use crate::postgres::Postgres;

pub(crate) enum Backend {
    Sqlite,
    Postgres(Arc<Postgres>),
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) config: Config,
    pub(crate) ear_key: PublicKey,
    pub(crate) metrics: std::net::SocketAddr,
    /// PEM.
    pub(crate) authority: String,
    pub(crate) attester: SigningKey,
    pub(crate) isolate: KeyPair,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    folder: tempfile::TempDir,
}

/// Runs a test that waits.
pub(crate) fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap())
}

pub(crate) fn runtime() -> Sha256 {
    Sha256::of(b"the runtime")
}

pub(crate) fn digest(key: &SigningKey) -> KeyDigest {
    KeyDigest::of_spki(&spki::of_p256(key.verifying_key()))
}

pub(crate) fn spki_of(key: &KeyPair) -> Vec<u8> {
    rcgen::PublicKeyData::subject_public_key_info(key)
}

/// A request for a key alone.
pub(crate) fn csr(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serialize_request(key).unwrap().der().to_vec()
}

pub(crate) fn nonce(session: &Value) -> Nonce {
    let nonce = BASE64.decode(session["nonce"].as_str().unwrap().as_bytes());
    Nonce::from_bytes(nonce.unwrap().try_into().unwrap())
}

impl World {
    /// With an enrolled attester, and many requests allowed.
    pub(crate) async fn new(backend: &Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    pub(crate) async fn with(backend: &Backend, edit: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => file_url(&folder.path().join("a %file?.db")),
            Backend::Postgres(postgres) => postgres.database(),
        };
        let mut config = files(folder.path(), database);
        edit(&mut config);
        let attester = SigningKey::from_slice(&[7; 32]).unwrap();
        let world = Self::start(config, folder, attester).await;
        world.enrol(digest(&world.attester)).await;
        world
    }

    async fn start(config: Config, folder: tempfile::TempDir, attester: SigningKey) -> Self {
        let server = Server::bind(config.clone(), Collateral::none())
            .await
            .unwrap();
        let root = CertificateDer::from_pem_file(&config.tls_certificate).unwrap();
        let client = Client::new(server.address().unwrap(), root);
        let (stop, stopped) = oneshot::channel();
        let ear_key = server.ear_key();
        let metrics = server.metrics_address().unwrap().unwrap();
        let task = tokio::spawn(async move {
            server
                .run(async {
                    let _ = stopped.await;
                })
                .await
                .unwrap();
        });
        Self {
            client,
            ear_key,
            metrics,
            authority: std::fs::read_to_string(&config.ca_certificate).unwrap(),
            attester,
            isolate: KeyPair::generate().unwrap(),
            config,
            stop,
            task,
            folder,
        }
    }

    /// The same service after it was stopped and started.
    pub(crate) async fn restart(self) -> Self {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        Self::start(self.config, self.folder, self.attester).await
    }

    /// What `veracruz verifier` does while the service runs.
    pub(crate) async fn database(&self) -> Database {
        Database::open(&self.config.database).await.unwrap()
    }

    pub(crate) async fn enrol(&self, attester: KeyDigest) {
        let enrolment = Enrolment {
            attester,
            name: "machine 1".into(),
            evidence: None,
        };
        let database = self.database().await;
        database.enrol(&enrolment, now()).await.unwrap();
    }

    /// A policy that names the attester, the runtime and this verifier.
    pub(crate) fn policy(&self) -> Policy {
        self.policy_with(|_| {})
    }

    pub(crate) fn policy_with(&self, edit: impl FnOnce(&mut Value)) -> Policy {
        let acme = Identity::generate("acme").unwrap();
        let ear_key = spki::parse_p256(self.ear_key.spki()).unwrap();
        let mut document = json!({
            "veracruz": 1, "name": "verified",
            "participants": { "acme": {
                "certificate": acme.certificate_pem().unwrap(), "trust": "verifier",
            } },
            "files": {
                "/program/p.wasm": { "provider": "acme", "sha256": "0".repeat(64) },
                "/input/acme.csv": { "provider": "acme" },
                "/output/a": { "receivers": ["acme"] },
            },
            "pipeline": [{
                "program": "/program/p.wasm", "read": ["/input/"], "write": ["/output/a"],
            }],
            "isolates": { "process": {
                "runtime": [runtime().to_string()],
                "attesters": [digest(&self.attester).to_string()],
            } },
            "unprotected": true,
            "verifiers": [{
                "name": "verifier.example",
                "ca": self.authority,
                "ear_key": ear_key.to_public_key_pem(LineEnding::LF).unwrap(),
            }],
        });
        edit(&mut document);
        Policy::parse(document.to_string().as_bytes()).unwrap()
    }

    /// Evidence of the isolate, signed by the attester of this world.
    pub(crate) fn evidence(&self, policy: &Policy, report_data: ReportData) -> Vec<u8> {
        evidence_by(&self.attester, policy, report_data)
    }

    /// Report data with which the isolate's key is shown to this verifier.
    pub(crate) fn key_data(&self, policy: &Policy, nonce: &Nonce) -> ReportData {
        let spki = spki_of(&self.isolate);
        report_data::key(&policy.hash(), &spki, self.ear_key.spki(), nonce)
    }

    /// Opens a session: its path and its document.
    pub(crate) async fn open(&self) -> (String, Value) {
        let path = "/challenge-response/v1/newSession?nonceSize=32";
        let opened = self.client.send(Method::POST, path, &[], "").await;
        assert_eq!(opened.status, 201);
        let location = opened.headers["location"].to_str().unwrap().to_owned();
        (location, opened.json())
    }

    /// Answers a session with evidence about the isolate's key.
    pub(crate) async fn appraise(&self, session: &str, policy: &Policy, evidence: &[u8]) -> Answer {
        let body = json!({
            "policy": BASE64.encode(policy.document()),
            "evidence": BASE64.encode(evidence),
            "binding": { "purpose": "key", "spki": BASE64.encode(&spki_of(&self.isolate)) },
        });
        let media_type = veracruz_verifier::media::APPRAISAL;
        self.client
            .post(session, media_type, body.to_string())
            .await
    }

    /// Asks for a certificate.
    pub(crate) async fn certify(
        &self,
        session: &str,
        policy: &Policy,
        csr: &[u8],
        evidence: &[u8],
    ) -> Answer {
        let body = json!({
            "session": session.rsplit('/').next().unwrap(),
            "policy": BASE64.encode(policy.document()),
            "csr": BASE64.encode(csr),
            "evidence": BASE64.encode(evidence),
        });
        self.client
            .post("/v1/certificates", "application/json", body.to_string())
            .await
    }
}

pub(crate) fn evidence_by(
    attester: &SigningKey,
    policy: &Policy,
    report_data: ReportData,
) -> Vec<u8> {
    let claims = SwRotClaims {
        report_data,
        measured: Measured::Runtime(runtime()),
        launch_policy: policy.hash(),
    };
    sw_rot::sign(&claims, attester).encode()
}

/// Keys and certificates in a folder, as `veracruz verifier init` makes them.
fn files(folder: &Path, database: String) -> Config {
    let path = |name: &str| folder.join(name);
    for key in ["ear.key", "ca.key", "tls.key"] {
        create_key(&path(key)).unwrap();
    }
    let ca_key = std::fs::read_to_string(path("ca.key")).unwrap();
    let authority = Authority::create("verifier.example", &ca_key).unwrap();
    std::fs::write(path("ca.crt"), authority).unwrap();
    let tls = KeyPair::from_pem(&std::fs::read_to_string(path("tls.key")).unwrap()).unwrap();
    let params = CertificateParams::new(vec!["verifier.example".to_owned()]).unwrap();
    std::fs::write(path("tls.crt"), params.self_signed(&tls).unwrap().pem()).unwrap();
    Config {
        name: "verifier.example".into(),
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: Some("127.0.0.1:0".parse().unwrap()),
        database,
        ear_key: path("ear.key"),
        ca_key: path("ca.key"),
        ca_certificate: path("ca.crt"),
        tls_key: path("tls.key"),
        tls_certificate: path("tls.crt"),
        collateral: None,
        limits: Limits {
            requests_a_minute: 6000,
            ..Limits::default()
        },
    }
}
