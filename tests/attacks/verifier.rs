//! Whoever talks to a verifier to get a signature that it should not give, or shows a signature that
//! it never gave.
//!
//! The service is the real one, on a real socket; the attackers hold whatever keys they can make
//! themselves.

use data_encoding::BASE64;
use p256::ecdsa::SigningKey;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use veracruz_appraisal::Collateral;
use veracruz_appraisal::ear::{Ear, EarError, Expected};
use veracruz_client::now;
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Nonce, ReportData, report_data, spki};
use veracruz_policy::{KeyDigest, Policy, PublicKey, Sha256};
use veracruz_session::Identity;
use veracruz_verifier::{
    Authority, Config, Database, Enrolment, Limits, Server, create_key, ear_key_pem, file_url,
    media, self_signed_tls,
};

/// A verifier that knows one attester, and the key of an isolate.
struct Verifier {
    address: SocketAddr,
    connector: TlsConnector,
    ear_key: PublicKey,
    /// How policies name it.
    entry: Value,
    attester: SigningKey,
    isolate: KeyPair,
    database: Database,
    _folder: tempfile::TempDir,
}

fn digest(key: &SigningKey) -> KeyDigest {
    KeyDigest::of_spki(&spki::of_p256(key.verifying_key()))
}

impl Verifier {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let keys = ["ear", "ca", "tls"].map(|name| {
            create_key(&path(name)).unwrap();
            std::fs::read_to_string(path(name)).unwrap()
        });
        let ca = Authority::create("verifier.example", &keys[1]).unwrap();
        let tls = self_signed_tls(vec!["localhost".into()], &keys[2]).unwrap();
        std::fs::write(path("ca.crt"), &ca).unwrap();
        std::fs::write(path("tls.crt"), &tls).unwrap();
        let config = Config {
            name: "verifier.example".into(),
            listen: "127.0.0.1:0".parse().unwrap(),
            metrics: None,
            database: file_url(&path("verifier.db")),
            ear_key: path("ear"),
            ca_key: path("ca"),
            ca_certificate: path("ca.crt"),
            tls_key: path("tls"),
            tls_certificate: path("tls.crt"),
            collateral: None,
            limits: Limits::default(),
        };
        let database = Database::open(&config.database).await.unwrap();
        let server = Server::bind(config, Collateral::none()).await.unwrap();
        let (address, ear_key) = (server.address().unwrap(), server.ear_key());
        tokio::spawn(server.run(std::future::pending()));
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(tls.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let verifier = Self {
            address,
            connector: TlsConnector::from(Arc::new(client)),
            ear_key,
            entry: json!({
                "name": "verifier.example",
                "ca": ca,
                "ear_key": ear_key_pem(&keys[0]).unwrap(),
            }),
            attester: SigningKey::from_slice(&[7; 32]).unwrap(),
            isolate: KeyPair::generate().unwrap(),
            database,
            _folder: folder,
        };
        verifier.enrol(&verifier.attester).await;
        verifier
    }

    async fn enrol(&self, attester: &SigningKey) {
        let enrolment = Enrolment {
            attester: digest(attester),
            name: "machine".into(),
            evidence: None,
        };
        self.database.enrol(&enrolment, now()).await.unwrap();
    }

    /// A request and what came back: status, head, document.
    async fn post(&self, path: &str, media_type: &str, body: &str) -> (u16, String, Value) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = self.connector.connect(name, stream).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server may close without a closing alert; what it said is there all the same.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (
            status,
            head.to_lowercase(),
            serde_json::from_str(body).unwrap_or_default(),
        )
    }

    /// A session and its nonce.
    async fn open(&self) -> (String, Nonce) {
        let path = "/challenge-response/v1/newSession?nonceSize=32";
        let (status, head, session) = self.post(path, "application/json", "").await;
        assert_eq!(status, 201);
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        let nonce = BASE64
            .decode(session["nonce"].as_str().unwrap().as_bytes())
            .unwrap();
        (
            location.unwrap().to_owned(),
            Nonce::from_bytes(nonce.try_into().unwrap()),
        )
    }

    fn policy(&self, edit: impl FnOnce(&mut Value)) -> Policy {
        let acme = Identity::generate("acme").unwrap();
        let mut document = json!({
            "veracruz": 1, "name": "attacked",
            "participants": { "acme": { "certificate": acme.certificate_pem().unwrap() } },
            "files": {
                "/program/p.wasm": { "provider": "acme", "sha256": "0".repeat(64) },
                "/output/a": { "receivers": ["acme"] },
            },
            "pipeline": [{ "program": "/program/p.wasm", "read": [], "write": ["/output/a"] }],
            "isolates": { "process": {
                "runtime": [Sha256::of(b"runtime").to_string()],
                "attesters": [digest(&self.attester).to_string()],
            } },
            "unprotected": true,
            "verifiers": [self.entry],
        });
        edit(&mut document);
        Policy::parse(document.to_string().as_bytes()).unwrap()
    }

    fn bound(&self, policy: &Policy, nonce: &Nonce) -> ReportData {
        let spki = self.isolate.subject_public_key_info();
        report_data::key(&policy.hash(), &spki, self.ear_key.spki(), nonce)
    }

    /// Asks for a result about the isolate's key: status, and the document.
    async fn result(&self, session: &str, policy: &Policy, evidence: &[u8]) -> (u16, Value) {
        let body = json!({
            "policy": BASE64.encode(policy.document()),
            "evidence": BASE64.encode(evidence),
            "binding": {
                "purpose": "key",
                "spki": BASE64.encode(&self.isolate.subject_public_key_info()),
            },
        });
        let (status, _, document) = self
            .post(session, media::APPRAISAL, &body.to_string())
            .await;
        (status, document)
    }

    /// Asks for a certificate for the isolate's key.
    async fn certificate(
        &self,
        session: &str,
        policy: &Policy,
        csr: &[u8],
        evidence: &[u8],
    ) -> (u16, Value) {
        let body = json!({
            "session": session.rsplit('/').next(),
            "policy": BASE64.encode(policy.document()),
            "csr": BASE64.encode(csr),
            "evidence": BASE64.encode(evidence),
        });
        let (status, _, document) = self
            .post("/v1/certificates", "application/json", &body.to_string())
            .await;
        (status, document)
    }
}

fn evidence(attester: &SigningKey, policy: &Policy, report_data: ReportData) -> Vec<u8> {
    let claims = SwRotClaims {
        report_data,
        measured: Measured::Runtime(Sha256::of(b"runtime")),
        launch_policy: policy.hash(),
    };
    sw_rot::sign(&claims, attester).encode()
}

fn csr(key: &KeyPair, name: Option<&str>) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.serialize_request(key).unwrap().der().to_vec()
}

/// Nothing was signed, for this reason.
#[track_caller]
fn assert_refused((status, document): &(u16, Value), expected: (u16, &str)) {
    let code = document["code"].as_str().unwrap_or_default();
    assert_eq!((*status, code), expected, "{document}");
    assert!(document.get("result").is_none() && document.get("certificate").is_none());
}

#[tokio::test]
async fn a_replayed_nonce_and_an_unknown_session_get_no_signature() {
    let verifier = Verifier::start().await;
    let policy = verifier.policy(|_| {});
    let (session, nonce) = verifier.open().await;
    let good = evidence(&verifier.attester, &policy, verifier.bound(&policy, &nonce));
    assert_eq!(verifier.result(&session, &policy, &good).await.0, 200);
    // The same session, another one, and one that never was.
    let again = verifier.result(&session, &policy, &good).await;
    assert_refused(&again, (404, "VC-0251"));
    let (other, _) = verifier.open().await;
    let replayed = verifier.result(&other, &policy, &good).await;
    assert_refused(&replayed, (403, "VC-0252"));
    let unknown = "/challenge-response/v1/session/ffffffffffffffffffffffffffffffff";
    let unknown = verifier.result(unknown, &policy, &good).await;
    assert_refused(&unknown, (404, "VC-0251"));
    let certified = verifier
        .certificate(&session, &policy, &csr(&verifier.isolate, None), &good)
        .await;
    assert_refused(&certified, (404, "VC-0251"));
}

#[tokio::test]
async fn a_verifier_signs_nothing_after_a_failed_appraisal() {
    let verifier = Verifier::start().await;
    let policy = verifier.policy(|_| {});
    let csr = csr(&verifier.isolate, None);
    let (session, nonce) = verifier.open().await;
    let bound = verifier.bound(&policy, &nonce);
    let mut forged = evidence(&verifier.attester, &policy, bound);
    *forged.last_mut().unwrap() ^= 1;
    let refused = verifier.certificate(&session, &policy, &csr, &forged).await;
    assert_refused(&refused, (403, "VC-0252"));
    // The failure used the session up: good evidence for the same nonce comes too late.
    let good = evidence(&verifier.attester, &policy, bound);
    let late = verifier.certificate(&session, &policy, &csr, &good).await;
    assert_refused(&late, (404, "VC-0251"));
    let verdicts = verifier.database.verdicts(10).await.unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.refused.is_some()));
}

#[tokio::test]
async fn a_development_key_vouches_for_no_hardware() {
    let verifier = Verifier::start().await;
    let policy = verifier.policy(|document| {
        document["isolates"] = json!({ "nitro": {
            "pcr0": "1".repeat(96), "pcr1": "2".repeat(96), "pcr2": "3".repeat(96),
            "any_chip": true,
        } });
        document.as_object_mut().unwrap().remove("unprotected");
    });
    let (session, nonce) = verifier.open().await;
    // Enrolled, and its evidence would be good for a policy of processes.
    let made = evidence(&verifier.attester, &policy, verifier.bound(&policy, &nonce));
    let csr = csr(&verifier.isolate, None);
    let refused = verifier.certificate(&session, &policy, &csr, &made).await;
    assert_refused(&refused, (403, "VC-0252"));
    assert!(refused.1["detail"].as_str().unwrap().contains("nitro"));
}

#[tokio::test]
async fn an_enrolled_key_vouches_for_no_policy_that_does_not_name_it() {
    let verifier = Verifier::start().await;
    let other = SigningKey::from_slice(&[8; 32]).unwrap();
    verifier.enrol(&other).await;
    let policy = verifier.policy(|_| {});
    let (session, nonce) = verifier.open().await;
    let made = evidence(&other, &policy, verifier.bound(&policy, &nonce));
    let csr = csr(&verifier.isolate, None);
    let refused = verifier.certificate(&session, &policy, &csr, &made).await;
    assert_refused(&refused, (403, "VC-0252"));
    let detail = refused.1["detail"].as_str().unwrap();
    assert!(detail.contains(&digest(&other).to_string()), "{detail}");
}

#[tokio::test]
async fn a_result_under_another_key_is_no_result() {
    let verifier = Verifier::start().await;
    let impostor = Verifier::start().await;
    let policy = verifier.policy(|_| {});
    let (session, nonce) = impostor.open().await;
    // Everything is right but who signed: evidence and report data are those of the impostor.
    let spki = verifier.isolate.subject_public_key_info();
    let bound = report_data::key(&policy.hash(), &spki, impostor.ear_key.spki(), &nonce);
    let body = json!({
        "policy": BASE64.encode(policy.document()),
        "evidence": BASE64.encode(&evidence(&verifier.attester, &policy, bound)),
        "binding": { "purpose": "key", "spki": BASE64.encode(&spki) },
    });
    let (status, _, document) = impostor
        .post(&session, media::APPRAISAL, &body.to_string())
        .await;
    assert_eq!(status, 200, "{document}");
    let token = document["result"].as_str().unwrap();
    let expected = Expected {
        verifier: "verifier.example",
        key: &verifier.ear_key,
        report_data: bound,
        policy: policy.hash(),
        isolate: Some(KeyDigest::of_spki(&spki)),
        now: now(),
    };
    assert_eq!(
        Ear::read(token.as_bytes(), &expected),
        Err(EarError::UntrustedKey {
            expected: verifier.ear_key.digest(),
            found: impostor.ear_key.digest().to_string(),
        })
    );
}

#[tokio::test]
async fn a_request_gets_no_names_of_its_own_choosing() {
    let verifier = Verifier::start().await;
    let policy = verifier.policy(|_| {});
    let other = verifier.policy(|document| document["name"] = json!("a victim's"));
    for name in [
        "bank.example",
        &format!("{}.veracruz.internal", other.hash()),
    ] {
        let (session, nonce) = verifier.open().await;
        let good = evidence(&verifier.attester, &policy, verifier.bound(&policy, &nonce));
        let csr = csr(&verifier.isolate, Some(name));
        let refused = verifier.certificate(&session, &policy, &csr, &good).await;
        assert_refused(&refused, (400, "VC-0255"));
    }
    // Evidence for one policy, the bytes of another.
    let (session, nonce) = verifier.open().await;
    let good = evidence(&verifier.attester, &policy, verifier.bound(&policy, &nonce));
    let csr = csr(&verifier.isolate, None);
    let refused = verifier.certificate(&session, &other, &csr, &good).await;
    assert_refused(&refused, (403, "VC-0252"));
}
