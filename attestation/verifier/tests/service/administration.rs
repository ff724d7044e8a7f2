//! What outlives a restart, and what an administrator sees.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use veracruz_verifier::{DatabaseError, Enrolment};

use crate::world::{Backend, World, block_on, digest, nonce, now};

pub(crate) fn a_restart_keeps_enrolments_and_forgets_nonces(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let evidence = world.evidence(&policy, bound);
        let isolate = rcgen::KeyPair::from_pem(&world.isolate.serialize_pem()).unwrap();

        let mut world = world.restart().await;
        world.isolate = isolate;
        let old = world.appraise(&path, &policy, &evidence).await;
        assert_eq!((old.status.as_u16(), old.code().as_str()), (404, "VC-0251"));
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let answer = world
            .appraise(&path, &policy, &world.evidence(&policy, bound))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
    });
}

pub(crate) fn a_revocation_holds_from_the_next_verdict_on_and_for_ever(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let attester = digest(&world.attester);
        let ask = async || {
            let (path, session) = world.open().await;
            let bound = world.key_data(&policy, &nonce(&session));
            world
                .appraise(&path, &policy, &world.evidence(&policy, bound))
                .await
        };
        assert_eq!(ask().await.status, 200);
        let database = world.database().await;
        assert!(database.revoke(attester, now()).await.unwrap());
        assert!(!database.revoke(attester, now()).await.unwrap());
        let answer = ask().await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "VC-0254")
        );
        let again = Enrolment {
            attester,
            name: "again".into(),
            evidence: None,
        };
        assert!(matches!(
            database.enrol(&again, now()).await,
            Err(DatabaseError::WasRevoked { attester: found }) if found == attester
        ));
        let listed = database.attesters().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].revoked_at.is_some());
        assert_eq!(listed[0].enrolment.name, "machine 1");
    });
}

pub(crate) fn every_verdict_is_written_down(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let evidence = world.evidence(&policy, bound);
        world.appraise(&path, &policy, &evidence).await;
        let (path, _) = world.open().await;
        world.appraise(&path, &policy, &evidence).await;
        let (path, _) = world.open().await;
        world.appraise(&path, &policy, b"nonsense").await;

        let verdicts = world.database().await.verdicts(10).await.unwrap();
        assert_eq!(verdicts.len(), 3);
        let good: Vec<_> = verdicts
            .iter()
            .filter(|verdict| verdict.refused.is_none())
            .collect();
        assert_eq!(good.len(), 1);
        assert_eq!(good[0].technology.as_deref(), Some("sw-rot"));
        assert_eq!(good[0].policy, Some(policy.hash().to_string()));
        assert_eq!(good[0].attester, Some(digest(&world.attester).to_string()));
        assert_eq!(good[0].peer, "127.0.0.1");
        let reasons: Vec<_> = verdicts
            .iter()
            .filter_map(|verdict| verdict.refused.clone())
            .collect();
        assert!(reasons.iter().any(|reason| reason.contains("bound to")));
        assert!(reasons.iter().any(|reason| reason.contains("malformed")));
    });
}

pub(crate) fn metrics_are_on_a_port_of_their_own(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        world.open().await;
        let mut stream = tokio::net::TcpStream::connect(world.metrics).await.unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(
            text.contains("veracruz_verifier_challenges_total 1"),
            "{text}"
        );
        let inside = world
            .client
            .send(hyper::Method::GET, "/metrics", &[], "")
            .await;
        assert_eq!(inside.code(), "VC-0901");
    });
}
