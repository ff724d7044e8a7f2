//! Challenge and response.

use data_encoding::BASE64;
use hyper::Method;
use p256::ecdsa::SigningKey;
use rcgen::KeyPair;
use serde_json::json;
use veracruz_appraisal::ear::{CWT_MEDIA_TYPE, Ear, Expected, Tier};
use veracruz_evidence::{Evidence, ReportData, Technology, report_data};
use veracruz_policy::{KeyDigest, Policy};
use veracruz_verifier::media;

use crate::world::{Backend, World, block_on, digest, evidence_by, nonce, now, spki_of};

/// What a party with its own copy of the policy makes of a result.
fn read(
    world: &World,
    token: &[u8],
    policy: &Policy,
    report_data: ReportData,
    isolate: Option<KeyDigest>,
) -> Ear {
    let expected = Expected {
        verifier: "verifier.example",
        key: &world.ear_key,
        report_data,
        policy: policy.hash(),
        isolate,
        now: now(),
    };
    Ear::read(token, &expected).unwrap()
}

pub(crate) fn evidence_with_its_policy_gets_a_result(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        assert_eq!(session["status"], "waiting");
        assert_eq!(session["state"], "waiting");
        assert!(session["expiry"].as_str().unwrap().ends_with('Z'));
        let accepted = session["accept"].as_array().unwrap();
        assert!(accepted.contains(&json!(media::CMW)));

        let bound = world.key_data(&policy, &nonce(&session));
        let answer = world
            .appraise(&path, &policy, &world.evidence(&policy, bound))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], media::SESSION);
        assert_eq!(answer.json()["status"], "complete");
        let token = answer.json()["result"].as_str().unwrap().to_owned();
        let isolate = KeyDigest::of_spki(&spki_of(&world.isolate));
        let ear = read(&world, token.as_bytes(), &policy, bound, Some(isolate));
        // The policy accepts what protects nobody from the host, and the result says so.
        assert_eq!(ear.submods["sw-rot"].status, Tier::Warning);

        // A participant's connection.
        let (path, session) = world.open().await;
        let server = spki_of(&world.isolate);
        let client = spki_of(&KeyPair::generate().unwrap());
        let exporter = [9; 32];
        let bound = report_data::session(
            &policy.hash(),
            &server,
            &client,
            &exporter,
            &nonce(&session),
        );
        let body = json!({
            "policy": BASE64.encode(policy.document()),
            "evidence": BASE64.encode(&world.evidence(&policy, bound)),
            "binding": {
                "purpose": "session",
                "server_spki": BASE64.encode(&server),
                "client_spki": BASE64.encode(&client),
                "exporter": BASE64.encode(&exporter),
            },
        });
        let answer = world
            .client
            .post(&path, media::APPRAISAL, body.to_string())
            .await;
        let token = answer.json()["result"].as_str().unwrap().to_owned();
        read(&world, token.as_bytes(), &policy, bound, Some(isolate));
    });
}

pub(crate) fn a_result_can_be_had_as_cwt(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        world
            .database()
            .await
            .store_policy(&policy, now())
            .await
            .unwrap();
        let (path, session) = world.open().await;
        let bound = padded(nonce(&session).as_bytes());
        let headers = [("content-type", media::CMW), ("accept", CWT_MEDIA_TYPE)];
        let evidence = world.evidence(&policy, bound);
        let answer = world
            .client
            .send(Method::POST, &path, &headers, evidence)
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], CWT_MEDIA_TYPE);
        read(&world, &answer.body, &policy, bound, None);
    });
}

fn padded(nonce: &[u8]) -> ReportData {
    let mut bytes = [0; 64];
    bytes[..nonce.len()].copy_from_slice(nonce);
    ReportData::from_bytes(bytes)
}

pub(crate) fn raw_evidence_is_held_against_stored_policies(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let media_type = Technology::SoftwareRootOfTrust.media_type();
        let raw = async |size: usize| {
            let path = format!("/challenge-response/v1/newSession?nonceSize={size}");
            let opened = world.client.send(Method::POST, &path, &[], "").await;
            let session = opened.headers["location"].to_str().unwrap().to_owned();
            let nonce = opened.json()["nonce"].as_str().unwrap().to_owned();
            let nonce = BASE64.decode(nonce.as_bytes()).unwrap();
            assert_eq!(nonce.len(), size);
            let bound = padded(&nonce);
            let evidence = Evidence::parse(&world.evidence(&policy, bound)).unwrap();
            let content = evidence.content().to_vec();
            (
                world.client.post(&session, media_type, content).await,
                bound,
            )
        };
        let (answer, _) = raw(32).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "VC-0252")
        );

        let database = world.database().await;
        // Another policy that does not fit, and then the right one.
        let other = world.policy_with(|document| {
            document["isolates"]["process"]["runtime"] = json!(["1".repeat(64)]);
        });
        database.store_policy(&other, now()).await.unwrap();
        database.store_policy(&policy, now()).await.unwrap();
        for size in [32, 48, 64] {
            let (answer, bound) = raw(size).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let token = answer.json()["result"].as_str().unwrap().to_owned();
            read(&world, token.as_bytes(), &policy, bound, None);
        }
        database.revoke_policy(&policy.hash(), now()).await.unwrap();
        let (answer, _) = raw(32).await;
        assert_eq!(answer.code(), "VC-0252");
    });
}

pub(crate) fn a_session_is_answered_once(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let evidence = world.evidence(&policy, bound);
        let first = world.appraise(&path, &policy, &evidence).await;
        assert_eq!(first.status, 200);
        let again = world.appraise(&path, &policy, &evidence).await;
        assert_eq!(
            (again.status.as_u16(), again.code().as_str()),
            (404, "VC-0251")
        );
        // Old evidence does not fit another challenge.
        let (path, _) = world.open().await;
        let replayed = world.appraise(&path, &policy, &evidence).await;
        assert_eq!(replayed.code(), "VC-0252");
        assert!(replayed.detail().contains("bound to"), "{replayed:?}");
    });
}

pub(crate) fn refused_evidence_is_never_signed_and_uses_the_session_up(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let mut forged = world.evidence(&policy, bound);
        let last = forged.last_mut().unwrap();
        *last ^= 1;
        let refused = world.appraise(&path, &policy, &forged).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "VC-0252")
        );
        assert!(refused.json().get("result").is_none());
        let good = world.evidence(&policy, bound);
        let second = world.appraise(&path, &policy, &good).await;
        assert_eq!(second.code(), "VC-0251");
    });
}

pub(crate) fn unknown_and_deleted_sessions_are_not_found(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        for id in ["0".repeat(32), "..".into(), "%00".into(), "x".repeat(2000)] {
            let path = format!("/challenge-response/v1/session/{id}");
            let answer = world.client.post(&path, media::CMW, "").await;
            assert_eq!(answer.code(), "VC-0251", "{id}");
        }
        let (path, _) = world.open().await;
        let deleted = world.client.send(Method::DELETE, &path, &[], "").await;
        assert_eq!(deleted.status, 204);
        let again = world.client.send(Method::DELETE, &path, &[], "").await;
        assert_eq!(again.code(), "VC-0251");
    });
}

pub(crate) fn bad_requests_are_refused_with_their_reason(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let new = "/challenge-response/v1/newSession";
        for query in [
            "?nonceSize=31",
            "?nonceSize=65",
            "?nonceSize=-1",
            "?nonce=AAAA",
            "?nonceSize=x",
        ] {
            let path = format!("{new}{query}");
            let answer = world.client.send(Method::POST, &path, &[], "").await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "VC-0256"),
                "{query}"
            );
        }
        let answer = world.client.send(Method::GET, new, &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (405, "VC-0902")
        );
        let answer = world.client.send(Method::GET, "/v2", &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, "VC-0901")
        );

        let post = async |media_type: &'static str, body: Vec<u8>| {
            let (path, _) = world.open().await;
            world.client.post(&path, media_type, body).await.code()
        };
        assert_eq!(post("text/plain", vec![]).await, "VC-0903");
        assert_eq!(post(media::CMW, vec![]).await, "VC-0252");
        assert_eq!(post(media::CMW, vec![0; 64 * 1024 + 1]).await, "VC-0905");
        assert_eq!(
            post(media::APPRAISAL, vec![0; (2 << 20) + 1]).await,
            "VC-0905"
        );
        assert_eq!(post(media::APPRAISAL, b"{}".to_vec()).await, "VC-0904");
        let policy = BASE64.encode(b"{\"veracruz\": 2}");
        let appraisal = json!({
            "policy": policy, "evidence": "",
            "binding": { "purpose": "key", "spki": BASE64.encode(&spki_of(&world.isolate)) },
        });
        let answer = post(media::APPRAISAL, appraisal.to_string().into_bytes()).await;
        assert_eq!(answer, "VC-0100");
        let mut compressed = appraisal;
        compressed["binding"]["spki"] = json!("AAAA");
        let answer = post(media::APPRAISAL, compressed.to_string().into_bytes()).await;
        assert_eq!(answer, "VC-0904");
    });
}

pub(crate) fn an_attester_must_be_enrolled_besides_being_named(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let stranger = SigningKey::from_slice(&[8; 32]).unwrap();
        let policy = world.policy_with(|document| {
            document["isolates"]["process"]["attesters"] = json!([digest(&stranger).to_string()]);
        });
        let ask = async || {
            let (path, session) = world.open().await;
            let bound = world.key_data(&policy, &nonce(&session));
            let evidence = evidence_by(&stranger, &policy, bound);
            world.appraise(&path, &policy, &evidence).await
        };
        let answer = ask().await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "VC-0254")
        );
        world.enrol(digest(&stranger)).await;
        assert_eq!(ask().await.status, 200);
    });
}

pub(crate) fn an_enrolled_key_vouches_for_no_policy_that_does_not_name_it(backend: &Backend) {
    block_on(async {
        let world = World::new(backend).await;
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        world.enrol(digest(&other)).await;
        let policy = world.policy();
        let (path, session) = world.open().await;
        let bound = world.key_data(&policy, &nonce(&session));
        let evidence = evidence_by(&other, &policy, bound);
        let answer = world.appraise(&path, &policy, &evidence).await;
        assert_eq!(answer.code(), "VC-0252");
        assert!(answer.detail().contains(&digest(&other).to_string()));
    });
}

pub(crate) fn a_peer_that_asks_too_often_is_told_to_wait(backend: &Backend) {
    block_on(async {
        let world = World::with(backend, |config| config.limits.requests_a_minute = 30).await;
        let path = "/.well-known/veraison/verification";
        let mut limited = None;
        for _ in 0..5 {
            let answer = world.client.send(Method::GET, path, &[], "").await;
            if answer.status == 429 {
                limited = Some(answer);
                break;
            }
            assert_eq!(answer.status, 200);
            assert_eq!(answer.json()["service-state"], "READY");
        }
        let limited = limited.unwrap();
        assert_eq!(limited.code(), "VC-0257");
        let seconds: u64 = limited.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=3).contains(&seconds));
    });
}
