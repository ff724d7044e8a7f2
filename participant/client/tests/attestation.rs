//! Nothing leaves the participant before it knows what is at the other end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::sync::Arc;

use fake::{Fake, Flaw, NOW, World, path, provisioning};
use veracruz_client::{Connection, Error, ErrorClass, Identity, InstanceId, Policy, Timestamp};

#[tokio::test]
async fn good_evidence_is_accepted_and_says_what_it_proves() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let connection = world.open(&fake).await;
    let (connection, appraised) = connection.attest(true, NOW).await.unwrap();
    assert_eq!(connection.instance(), fake.instance());
    assert_eq!(appraised.measurement(), fake::runtime().into());
    assert!(!appraised.protects_from_host());
    assert!(appraised.words().contains("host"));
}

#[tokio::test]
async fn a_connection_that_lasts_is_attested_again_with_a_new_nonce() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let connection = world.attested(&fake).await;
    let connection = connection.challenge_again().unwrap();
    let (connection, appraised) = connection.attest(true, NOW).await.unwrap();
    assert_eq!(connection.instance(), fake.instance());
    assert_eq!(appraised.measurement(), fake::runtime().into());
}

#[tokio::test]
async fn any_stream_to_the_isolate_will_do() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let connection = Connection::over(fake.stream(), &world.policy, &world.acme, None, NOW)
        .await
        .unwrap();
    connection.attest(true, NOW).await.unwrap();
}

#[tokio::test]
async fn bad_evidence_is_refused_with_its_reason_and_nothing_is_sent_after_it() {
    use veracruz_appraisal::AppraisalError as Reason;
    type Fits = fn(&Reason) -> bool;
    let cases: [(Flaw, Fits); 9] = [
        (Flaw::OtherConnection, |reason| {
            matches!(reason, Reason::BindingMismatch { .. })
        }),
        (Flaw::OtherNonce, |reason| {
            matches!(reason, Reason::BindingMismatch { .. })
        }),
        (Flaw::OtherPolicy, |reason| {
            matches!(reason, Reason::BindingMismatch { .. })
        }),
        (Flaw::OtherServerKey, |reason| {
            matches!(reason, Reason::BindingMismatch { .. })
        }),
        (Flaw::OtherRuntime, |reason| {
            matches!(reason, Reason::MeasurementMismatch { .. })
        }),
        (Flaw::OtherAttester, |reason| {
            matches!(reason, Reason::UntrustedAttester { .. })
        }),
        (Flaw::OtherLaunchPolicy, |reason| {
            matches!(reason, Reason::LaunchPolicyMismatch { .. })
        }),
        (Flaw::Damaged, |reason| {
            matches!(reason, Reason::BadSignature { .. })
        }),
        (Flaw::Garbage, |reason| {
            matches!(reason, Reason::Envelope(_))
        }),
    ];
    let world = World::new();
    let fake = Fake::start(&world).await;
    // Evidence that another connection got, to be relayed.
    world.attested(&fake).await;
    for (flaw, fits) in cases {
        fake.state().flaw = flaw;
        fake.state().requests.clear();
        let connection = world.open(&fake).await;
        match connection.attest(true, NOW).await {
            Err(error @ Error::EvidenceRefused(_)) => {
                assert_eq!(error.class(), ErrorClass::Trust);
                assert!(error.code().starts_with("VC-02"), "{}", error.code());
                let Error::EvidenceRefused(reason) = error else {
                    panic!()
                };
                assert!(fits(&reason), "{flaw:?}: {reason:?}");
            }
            other => panic!("{flaw:?}: {other:?}"),
        }
        assert_eq!(fake.state().requests, ["POST /v1/attestation"], "{flaw:?}");
    }
}

#[tokio::test]
async fn an_isolate_that_does_not_protect_needs_consent_before_anything_is_asked() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let connection = world.open(&fake).await;
    assert!(matches!(
        connection.attest(false, NOW).await,
        Err(Error::Unprotected)
    ));
    assert!(fake.state().requests.is_empty());
}

#[tokio::test]
async fn nothing_is_attested_approved_or_uploaded_after_the_policys_end() {
    let world = World::with(&[(
        "\"unprotected\": true,",
        "\"unprotected\": true, \"expires\": \"2026-11-20T12:00:01Z\",",
    )]);
    let fake = Fake::start(&world).await;
    let connection = world.open(&fake).await;
    let later = Timestamp::from_seconds(NOW.seconds() + 1);
    let Err(Error::PolicyExpired { expired, now }) = connection.attest(true, later).await else {
        panic!("accepted")
    };
    assert_eq!((expired, now), (later, later));
    assert!(fake.state().requests.is_empty());

    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let late = veracruz_client::Provisioning {
        now: later,
        ..provisioning(&ledger)
    };
    let source = veracruz_client::Source::Bytes("x".into());
    let result = connection
        .upload(&path("/input/acme"), &source, late, &mut |_, _| {})
        .await;
    assert!(matches!(result, Err(Error::PolicyExpired { .. })));
    let result = connection.submit_jws("e30.e30.e30", late).await;
    assert!(matches!(result, Err(Error::PolicyExpired { .. })));
    assert_eq!(fake.state().requests, ["POST /v1/attestation"]);
}

#[tokio::test]
async fn another_policy_at_the_isolate_is_shown_with_both_hashes() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.open(&fake).await;
    connection.fetch_policy().await.unwrap();

    // White space is not part of a policy.
    let mut spaced = world.policy.document().to_vec();
    spaced.push(b'\n');
    fake.state().policy_document = spaced;
    connection.fetch_policy().await.unwrap();

    let text = String::from_utf8(world.policy.document().to_vec()).unwrap();
    let other = text.replace("\"runs\": 1", "\"runs\": 9");
    fake.state().policy_document = other.clone().into_bytes();
    let Err(Error::PolicyDiffers { expected, found }) = connection.fetch_policy().await else {
        panic!("accepted")
    };
    assert_eq!(expected, world.policy.hash());
    assert_eq!(
        found,
        Policy::parse(other.as_bytes()).unwrap().hash().to_string()
    );

    fake.state().policy_document = b"{}".to_vec();
    assert!(matches!(
        connection.fetch_policy().await,
        Err(Error::PolicyDiffers { .. })
    ));
}

#[tokio::test]
async fn a_stranger_is_told_before_it_dials() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let stranger = Identity::generate("acme").unwrap();
    let result = Connection::open(&fake.address, &world.policy, &stranger, None, NOW).await;
    assert!(matches!(result, Err(Error::NotAParticipant { key }) if key == stranger.key()));
}

#[tokio::test]
async fn an_isolate_that_does_not_know_the_key_refuses_at_the_first_request() {
    let world = World::new();
    // It enforces a policy of the same name hash in the SNI, but with other participants: a host
    // cannot do that to a real isolate, since the name is the policy's hash.
    let theirs = World::new();
    let isolate = Identity::generate("isolate").unwrap();
    let config =
        veracruz_session::server_config(&isolate, vec![theirs.acme.key()], world.policy.hash())
            .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (stream, _) = listener.accept().await.unwrap();
        let _ = acceptor.accept(stream).await;
        // The connection stays open, so that the alert is not lost with it.
        std::future::pending::<()>().await;
    });
    let connection = Connection::open(&address, &world.policy, &world.acme, None, NOW).await;
    let error = match connection {
        Ok(connection) => connection.attest(true, NOW).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(
        matches!(
            error,
            Error::HandshakeRefused { .. } | Error::ConnectionLost { .. }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn another_computations_isolate_refuses_the_name() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let other = World::with(&[("\"name\": \"test\"", "\"name\": \"other\"")]);
    let result = Connection::open(&fake.address, &other.policy, &other.acme, None, NOW).await;
    assert!(
        matches!(result, Err(Error::HandshakeRefused { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn another_instance_than_asked_for_is_refused() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let asked = Some(fake.instance());
    Connection::open(&fake.address, &world.policy, &world.acme, asked, NOW)
        .await
        .unwrap();
    // A real isolate does not even answer to another instance's name.
    let asked = Some(InstanceId::from_bytes([1; 32]));
    let result = Connection::open(&fake.address, &world.policy, &world.acme, asked, NOW).await;
    assert!(
        matches!(result, Err(Error::HandshakeRefused { .. })),
        "{result:?}"
    );
    assert!(fake.state().requests.is_empty());
}

#[tokio::test]
async fn a_certificate_out_of_its_dates_is_not_used() {
    let mut world = World::new();
    let validity = veracruz_session::Validity {
        not_before: 0,
        not_after: 1_000_000_000,
    };
    let old = Identity::generate_valid("acme", validity).unwrap();
    let from = serde_json::to_string(&world.acme.certificate_pem().unwrap()).unwrap();
    let to = serde_json::to_string(&old.certificate_pem().unwrap()).unwrap();
    let document = String::from_utf8(world.policy.document().to_vec()).unwrap();
    world.policy = Arc::new(Policy::parse(document.replace(&from, &to).as_bytes()).unwrap());
    let result = Connection::open("127.0.0.1:1", &world.policy, &old, None, NOW).await;
    assert!(
        matches!(result, Err(Error::CertificateDates { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn redirects_lead_nowhere() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    fake.state().redirect = true;
    fake.state().requests.clear();
    let error = connection.status().await.unwrap_err();
    assert!(matches!(error, Error::ReplyMalformed { .. }), "{error:?}");
    assert_eq!(fake.state().requests, ["GET /v1/status"]);
}

#[tokio::test]
async fn nobody_listening_is_told_apart_from_a_refusal() {
    let world = World::new();
    let result = Connection::open("127.0.0.1:1", &world.policy, &world.acme, None, NOW).await;
    assert!(matches!(result, Err(Error::HostUnreachable { .. })));
}

#[tokio::test]
async fn something_that_is_no_isolate_is_called_that() {
    use tokio::io::AsyncWriteExt;
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let result = Connection::open(&address, &world.policy, &world.acme, None, NOW).await;
    assert!(matches!(result, Err(Error::NoIsolate { .. })), "{result:?}");
}
