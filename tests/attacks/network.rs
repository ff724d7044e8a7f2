//! Whoever sits on the wire, and peers that are not who they should be.

use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use veracruz_appraisal::{AppraisalError, Collateral, appraise};
use veracruz_client::{Connection, Error, now};
use veracruz_evidence::Nonce;
use veracruz_policy::Policy;
use veracruz_session::{Identity, client_config};
use veracruz_tests::{Raw, World};

fn parse(policy: &Path) -> Arc<Policy> {
    Arc::new(Policy::parse(&std::fs::read(policy).unwrap()).unwrap())
}

fn identity(path: &Path) -> Identity {
    veracruz_client::identity::load(path, None).unwrap()
}

#[tokio::test]
async fn a_peer_with_an_unknown_certificate_is_refused_by_the_handshake() {
    let Some(world) = World::start() else { return };
    let path = world.policy("stranger", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = parse(&path);
    let stranger = Identity::generate("acme").unwrap();
    // A client finishes first in TLS 1.3, and sees the alert at its first read.
    let refused = match Raw::connect(world.deployment.participants, &policy.hash(), &stranger).await
    {
        Err(error) => error,
        Ok(mut raw) => raw.request("GET /v1/policy", "", b"").await.unwrap_err(),
    };
    assert!(!refused.to_string().is_empty());

    let honest = identity(&world.acme.identity);
    let mut raw = Raw::connect(world.deployment.participants, &policy.hash(), &honest)
        .await
        .unwrap();
    assert_eq!(
        raw.request("GET /v1/policy", "", b"").await.unwrap().status,
        200
    );
}

/// A participant's certificate, which is no secret, with a key that is not the one in it.
#[derive(Debug)]
struct WrongKey(Arc<CertifiedKey>);

impl rustls::client::ResolvesClientCert for WrongKey {
    fn resolve(
        &self,
        _hints: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn the_right_certificate_with_the_wrong_key_is_refused() {
    let Some(world) = World::start() else { return };
    let path = world.policy("wrong-key", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = parse(&path);
    let thief = Identity::generate("thief").unwrap();
    let key = PrivateKeyDer::from_pem_slice(thief.to_pem().unwrap().as_bytes()).unwrap();
    let certificate = CertificateDer::from_pem_slice(world.acme.certificate.as_bytes()).unwrap();
    let stolen = CertifiedKey::new(vec![certificate], any_ecdsa_type(&key).unwrap());

    let mut config = client_config(&thief).unwrap();
    config.client_auth_cert_resolver = Arc::new(WrongKey(Arc::new(stolen)));
    let host = world.deployment.participants;
    let outcome = Raw::handshake(host, &policy.hash(), config).await;
    let refused = match outcome {
        Err(_) => true,
        Ok(mut stream) => stream.read_u8().await.is_err(),
    };
    assert!(refused, "the key did not sign this handshake");
}

/// Answers every name with a certificate that is not its own.
#[derive(Debug)]
struct StolenCertificate(Arc<CertifiedKey>);

impl rustls::server::ResolvesServerCert for StolenCertificate {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn the_isolates_certificate_with_another_key_is_refused() {
    let Some(world) = World::start() else { return };
    let path = world.policy("stolen-certificate", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = parse(&path);
    let acme = identity(&world.acme.identity);
    let config = client_config(&acme).unwrap();
    let host = world.deployment.participants;
    let genuine = Raw::handshake(host, &policy.hash(), config).await.unwrap();
    let certificate = genuine.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned();

    let thief = Identity::generate("thief").unwrap();
    let key = PrivateKeyDer::from_pem_slice(thief.to_pem().unwrap().as_bytes()).unwrap();
    let stolen = CertifiedKey::new(vec![certificate], any_ecdsa_type(&key).unwrap());
    let mut config =
        veracruz_session::server_config(&thief, vec![acme.key()], policy.hash()).unwrap();
    config.cert_resolver = Arc::new(StolenCertificate(Arc::new(stolen)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let impostor = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
            .accept(stream)
            .await
            .is_err()
    });
    let refused = Connection::open(&address.to_string(), &policy, &acme, None, now()).await;
    assert!(refused.is_err(), "the key did not sign this handshake");
    assert!(impostor.await.unwrap(), "and the impostor got no further");
}

#[tokio::test]
async fn a_man_in_the_middle_with_a_key_of_its_own_is_refused() {
    let Some(world) = World::start() else { return };
    let path = world.policy("middle", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = parse(&path);
    let (acme, middle) = (
        identity(&world.acme.identity),
        Identity::generate("middle").unwrap(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let host = world.deployment.participants;
    let (hash, globex, victims) = (
        policy.hash(),
        identity(&world.globex.identity),
        vec![acme.key()],
    );

    // It ends TLS itself, and asks the genuine isolate (as globex, whose key it has) for evidence
    // over acme's nonce.
    let relay = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let config = veracruz_session::server_config(&middle, victims, hash).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let mut victim = acceptor.accept(stream).await.unwrap();
        let mut request = vec![0; 4096];
        let length = victim.read(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
        let asked: veracruz_protocol::AttestationRequest = serde_json::from_str(&body).unwrap();
        let mut genuine = Raw::connect(host, &hash, &globex).await.unwrap();
        let evidence = genuine.evidence(asked.nonce).await.unwrap();
        let response = veracruz_protocol::AttestationResponse { evidence };
        let json = serde_json::to_string(&response).unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        tokio::io::AsyncWriteExt::write_all(&mut victim, answer.as_bytes())
            .await
            .unwrap();
        let _ = victim.read(&mut request).await;
    });
    let connection = Connection::open(&address.to_string(), &policy, &acme, None, now())
        .await
        .unwrap();
    match connection.attest(true, now()).await {
        Err(Error::EvidenceRefused(reason)) => {
            assert!(
                matches!(*reason, AppraisalError::BindingMismatch { .. }),
                "{reason}"
            );
        }
        other => panic!("expected a refusal, found {other:?}"),
    }
    relay.abort();
}

#[tokio::test]
async fn evidence_relayed_from_another_connection_is_refused() {
    let Some(world) = World::start() else { return };
    let path = world.policy("relay", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = parse(&path);
    let hash = policy.hash();
    let host = world.deployment.participants;
    let acme = identity(&world.acme.identity);
    let mut first = Raw::connect(host, &hash, &acme).await.unwrap();
    let second = Raw::connect(host, &hash, &acme).await.unwrap();

    // The same participant, the same isolate, the same nonce: only the connection is another.
    let nonce = [9; 32];
    let evidence = first.evidence(nonce).await.unwrap();
    let nonce = Nonce::from_bytes(nonce);
    let own = first.channel.report_data(&hash, &nonce);
    assert!(appraise(&evidence, &policy, &Collateral::none(), &own, now()).is_ok());
    let others = second.channel.report_data(&hash, &nonce);
    let refused = appraise(&evidence, &policy, &Collateral::none(), &others, now()).unwrap_err();
    assert!(
        matches!(refused, AppraisalError::BindingMismatch { .. }),
        "{refused}"
    );

    // And the same connection with another nonce: evidence is used once.
    let replayed = first
        .channel
        .report_data(&hash, &Nonce::from_bytes([8; 32]));
    let refused = appraise(&evidence, &policy, &Collateral::none(), &replayed, now()).unwrap_err();
    assert!(
        matches!(refused, AppraisalError::BindingMismatch { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn nothing_but_policy_and_status_is_answered_before_evidence_was_fetched() {
    let Some(world) = World::start() else { return };
    let path = world.policy("careless", |_| {});
    world.launch(&path).expect("an isolate");
    let hash = parse(&path).hash();
    let acme = identity(&world.acme.identity);
    let mut raw = Raw::connect(world.deployment.participants, &hash, &acme)
        .await
        .unwrap();
    for line in [
        "PUT /v1/files/input/acme.csv",
        "DELETE /v1/approval",
        "POST /v1/runs",
    ] {
        let answer = raw.request(line, "", b"").await.unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (428, "VC-0202"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn another_authority_on_the_connection_is_misdirected() {
    let Some(world) = World::start() else { return };
    let path = world.policy("authority", |_| {});
    world.launch(&path).expect("an isolate");
    let hash = parse(&path).hash();
    let acme = identity(&world.acme.identity);
    let other =
        veracruz_session::server_name(&veracruz_policy::PolicyHash::from_bytes([1; 32]), None);
    for head in [
        format!("Host: {other}\r\n"),
        "Host: localhost\r\n".into(),
        String::new(),
    ] {
        let mut raw = Raw::connect(world.deployment.participants, &hash, &acme)
            .await
            .unwrap();
        let request = format!("GET /v1/policy HTTP/1.1\r\n{head}\r\n");
        raw.send(request.as_bytes()).await.unwrap();
        let answer = raw.answer(false).await.unwrap();
        assert!(
            matches!(answer.status, 400 | 421),
            "{head:?}: {}",
            answer.head
        );
    }
}
