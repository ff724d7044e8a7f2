//! Who gets a connection, and what kind of connection it is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use common::{POLICY, Parties, handshake, handshake_at, impostor};
use rustls::client::Resumption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, HandshakeKind,
    NamedGroup, ProtocolVersion, ServerConnection,
};
use veracruz_policy::{InstanceId, PolicyHash};
use veracruz_session::{Identity, client_config, server_name};

#[test]
fn a_known_participant_gets_tls_1_3_with_the_post_quantum_group() {
    let parties = Parties::new();
    let (client, server) = handshake(parties.client(), parties.server()).expect_finished();
    let ends: [&rustls::CommonState; 2] = [&client, &server];
    for connection in ends {
        assert_eq!(
            connection.protocol_version(),
            Some(ProtocolVersion::TLSv1_3)
        );
        assert_eq!(connection.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(connection.handshake_kind(), Some(HandshakeKind::Full));
        let group = connection.negotiated_key_exchange_group().unwrap();
        assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
    }
    assert_eq!(
        server.peer_certificates().unwrap()[0].as_ref(),
        parties.acme.certificate()
    );
}

#[test]
fn refuses_a_participant_whose_key_the_policy_does_not_name() {
    let parties = Parties::new();
    let stranger = Identity::generate("acme").unwrap();
    let outcome = handshake(client_config(&stranger).unwrap(), parties.server());
    assert_eq!(
        outcome.server_error,
        Some(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure
        ))
    );
    // The client learns it by its first read.
    assert_eq!(
        outcome.client_error,
        Some(Error::AlertReceived(AlertDescription::AccessDenied))
    );
}

#[test]
fn refuses_a_participant_without_a_certificate() {
    let parties = Parties::new();
    let mut client = parties.client();
    client.client_auth_cert_resolver = Arc::new(NoCertificate);
    let outcome = handshake(client, parties.server());
    assert_eq!(outcome.server_error, Some(Error::NoCertificatesPresented));
    assert_eq!(
        outcome.client_error,
        Some(Error::AlertReceived(AlertDescription::CertificateRequired))
    );
}

#[test]
fn refuses_a_participants_certificate_whose_key_did_not_sign_this_handshake() {
    let parties = Parties::new();
    let thief = Identity::generate("thief").unwrap();
    let mut client = client_config(&thief).unwrap();
    client.client_auth_cert_resolver =
        Arc::new(SingleCertAndKey::from(impostor(&parties.acme, &thief)));
    let outcome = handshake(client, parties.server());
    assert_eq!(
        outcome.server_error,
        Some(Error::InvalidCertificate(CertificateError::BadSignature))
    );
}

#[test]
fn refuses_an_isolates_certificate_whose_key_did_not_sign_this_handshake() {
    let parties = Parties::new();
    let thief = Identity::generate("thief").unwrap();
    let mut server = parties.server();
    server.cert_resolver = Arc::new(SingleCertAndKey::from(impostor(&parties.isolate, &thief)));
    let outcome = handshake(parties.client(), server);
    assert_eq!(
        outcome.client_error,
        Some(Error::InvalidCertificate(CertificateError::BadSignature))
    );
}

#[test]
fn refuses_keys_of_another_curve_on_either_side() {
    let parties = Parties::new();
    let p384 = p384_identity();
    let mut server = parties.server();
    server.cert_resolver = Arc::new(AnyName(Arc::clone(&p384)));
    // It cannot even sign: P-256 is the only scheme on offer.
    assert!(handshake(parties.client(), server).server_error.is_some());

    let mut client = parties.client();
    client.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(p384));
    assert!(handshake(client, parties.server()).server_error.is_some());
}

#[test]
fn a_certificate_signed_by_a_participant_makes_no_participant() {
    // The predecessor took participants for authorities.
    let parties = Parties::new();
    let mallory = Identity::generate("mallory").unwrap();
    let mut chain = impostor(&mallory, &mallory).cert.clone();
    chain.extend(impostor(&parties.acme, &parties.acme).cert.clone());
    let key = Arc::clone(&impostor(&mallory, &mallory).key);
    let mut client = parties.client();
    client.client_auth_cert_resolver =
        Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)));
    let outcome = handshake(client, parties.server());
    assert_eq!(
        outcome.client_error,
        Some(Error::AlertReceived(AlertDescription::AccessDenied))
    );
}

#[test]
fn answers_to_the_instances_own_name_too() {
    let parties = Parties::new();
    let instance = InstanceId::from(parties.isolate.key());
    let name = server_name(&POLICY, Some(&instance));
    handshake_at(&name, parties.client(), parties.server()).expect_finished();
}

#[test]
fn refuses_names_that_are_not_its_own() {
    let parties = Parties::new();
    let other = PolicyHash::from_bytes([8; 32]);
    let another_instance = InstanceId::from_bytes([9; 32]);
    let names = [
        server_name(&other, None),
        server_name(&other, Some(&InstanceId::from(parties.isolate.key()))),
        server_name(&POLICY, Some(&another_instance)),
        "veracruz.internal".to_owned(),
        "example.com".to_owned(),
        // An address: the client sends no SNI at all.
        "127.0.0.1".to_owned(),
    ];
    for name in names {
        let outcome = handshake_at(&name, parties.client(), parties.server());
        assert_eq!(
            outcome.client_error,
            Some(Error::AlertReceived(AlertDescription::AccessDenied)),
            "{name}"
        );
    }
}

#[test]
fn refuses_a_client_that_names_no_application_protocol() {
    let parties = Parties::new();
    let mut client = parties.client();
    client.alpn_protocols.clear();
    let outcome = handshake(client, parties.server());
    assert_eq!(
        outcome.client_error,
        Some(Error::AlertReceived(AlertDescription::AccessDenied))
    );
}

#[test]
fn refuses_another_application_protocol() {
    let parties = Parties::new();
    let mut client = parties.client();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let outcome = handshake(client, parties.server());
    assert_eq!(
        outcome.client_error,
        Some(Error::AlertReceived(
            AlertDescription::NoApplicationProtocol
        ))
    );
}

#[test]
fn no_ticket_is_sent_and_no_handshake_is_shortened() {
    let parties = Parties::new();
    // Clones of a configuration share its session storage.
    let server = parties.server();
    let ours = parties.client();
    // A client that would resume if it could.
    let mut eager = parties.client();
    eager.resumption = Resumption::in_memory_sessions(8);
    eager.enable_early_data = true;
    for client in [ours, eager] {
        for _ in 0..3 {
            let outcome = handshake(client.clone(), server.clone());
            let (mut client, server) = outcome.expect_finished();
            assert_eq!(client.tls13_tickets_received(), 0);
            assert!(client.early_data().is_none());
            assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}

#[test]
fn the_participants_end_takes_no_offer_to_resume() {
    let parties = Parties::new();
    let client = parties.client();
    for _ in 0..3 {
        let mut server = parties.server();
        server.send_tls13_tickets = 4;
        server.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
        let (client, _) = handshake(client.clone(), server).expect_finished();
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
    }
}

#[test]
fn refuses_a_client_of_tls_1_2() {
    let parties = Parties::new();
    let mut server = ServerConnection::new(Arc::new(parties.server())).unwrap();
    server
        .read_tls(&mut tls12_client_hello().as_slice())
        .unwrap();
    server.process_new_packets().unwrap_err();
    let mut answer = Vec::new();
    server.write_tls(&mut answer).unwrap();
    // A fatal alert: protocol_version.
    assert_eq!(answer.first(), Some(&21));
    assert_eq!(answer.get(5..7), Some(&[2, 70][..]));
}

#[test]
fn refuses_a_server_of_tls_1_2() {
    let parties = Parties::new();
    let name = server_name(&POLICY, None).try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(parties.client()), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    client
        .read_tls(&mut tls12_server_hello(&hello).as_slice())
        .unwrap();
    assert!(matches!(
        client.process_new_packets(),
        Err(Error::PeerIncompatible(_))
    ));
}

#[test]
fn no_end_writes_its_secrets_anywhere() {
    let parties = Parties::new();
    let (client, server) = (parties.client(), parties.server());
    assert!(!client.enable_secret_extraction && !server.enable_secret_extraction);
    assert!(!client.key_log.will_log("CLIENT_TRAFFIC_SECRET_0"));
    assert!(!server.key_log.will_log("SERVER_TRAFFIC_SECRET_0"));
    assert_eq!(
        format!("{:?}", parties.acme),
        format!("Identity({:?})", parties.acme.key())
    );
}

#[test]
fn the_clients_configuration_offers_nothing_but_tls_1_3() {
    let parties = Parties::new();
    let config: ClientConfig = parties.client();
    let suites = &config.crypto_provider().cipher_suites;
    assert!(!suites.is_empty());
    assert!(suites.iter().all(|suite| suite.tls13().is_some()));
    assert!(!config.enable_early_data);
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct AnyName(Arc<CertifiedKey>);

impl ResolvesServerCert for AnyName {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn p384_identity() -> Arc<CertifiedKey> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    let der = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    Arc::new(CertifiedKey::new(
        vec![certificate.der().clone()],
        rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(&der).unwrap(),
    ))
}

/// RFC 5246, section 7.4.1.2, with the extensions that every client sends.
fn tls12_client_hello() -> Vec<u8> {
    let mut body = vec![0x03, 0x03];
    body.extend([5; 32]); // random
    body.push(0); // no session
    body.extend([0, 2, 0xc0, 0x2b]); // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    body.extend([1, 0]); // no compression
    body.extend([0, 15]);
    body.extend([0, 13, 0, 4, 0, 2, 4, 3]); // signature_algorithms: ecdsa_secp256r1_sha256
    body.extend([0, 43, 0, 3, 2, 3, 3]); // supported_versions: TLS 1.2
    record(1, &body)
}

/// RFC 5246, section 7.4.1.3; it repeats the session that the client proposed.
fn tls12_server_hello(client_hello: &[u8]) -> Vec<u8> {
    let session = &client_hello[5 + 4 + 2 + 32..][..33];
    assert_eq!(session[0], 32);
    let mut body = vec![0x03, 0x03];
    body.extend([5; 32]);
    body.extend(session);
    body.extend([0xc0, 0x2b, 0]);
    record(2, &body)
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 3];
    record.extend((length + 4).to_be_bytes());
    record.extend([kind, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    record
}
