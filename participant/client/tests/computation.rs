//! Approving, running, withdrawing; receipts; the host's management API.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::fs;
use std::time::Duration;

use fake::receipts::{RESULT, SALT, issue, payload};
use fake::{Fake, NOW, PROGRAM, World, path, provisioning, runtime};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use veracruz_client::{
    Collateral, DatedAppraisal, Error, HostClient, Opening, Sha256, Timestamp, WaitOptions,
    verify_receipt,
};
use veracruz_policy::ParticipantName;
use veracruz_protocol::{
    Instances, Jws, ProgramDigest, RunOutcome, StateTag, WithdrawnWhen, media,
};
use veracruz_receipt::{NotProved, Proved};

#[tokio::test]
async fn an_approval_is_signed_for_this_isolate_by_the_participants_key() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let status = connection.status().await.unwrap();
    let jws = connection
        .approve(&status, provisioning(&ledger))
        .await
        .unwrap();
    assert_eq!(fake.state().approvals, std::slice::from_ref(&jws));

    let parsed = Jws::parse(&jws).unwrap();
    let key = VerifyingKey::from_public_key_der(world.acme.spki()).unwrap();
    let signature = Signature::from_slice(&parsed.signature).unwrap();
    key.verify(parsed.signing_input.as_bytes(), &signature)
        .unwrap();
    let statement = parsed.statement;
    assert_eq!(statement.policy, world.policy.hash());
    assert_eq!(statement.participant.as_str(), "acme");
    assert_eq!(statement.instances, Instances::These(vec![fake.instance()]));
    // The policy pins the program, so there is nothing to add.
    assert!(statement.programs.is_empty());
    assert!(statement.nbf <= NOW.seconds() && NOW.seconds() < statement.exp);
    assert_eq!(statement.iat, NOW.seconds());
    assert_eq!(
        ledger.provisioned(&world.policy.hash()).unwrap()[0].instance,
        fake.instance()
    );

    connection
        .approve(&status, provisioning(&ledger))
        .await
        .unwrap();
    let second = Jws::parse(&fake.state().approvals[1]).unwrap().statement;
    assert_ne!(
        second.jti, statement.jti,
        "each approval has an identifier of its own"
    );
}

#[tokio::test]
async fn an_approval_names_the_programs_that_the_policy_leaves_open() {
    let pin = format!("\"sha256\": [\"{}\"], ", Sha256::of(PROGRAM));
    let world = World::with(&[(&pin, "")]);
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let status = connection.status().await.unwrap();
    let jws = connection
        .approve(&status, provisioning(&ledger))
        .await
        .unwrap();
    let expected = ProgramDigest {
        path: path("/program/p.wasm"),
        sha256: Sha256::of(PROGRAM),
    };
    assert_eq!(Jws::parse(&jws).unwrap().statement.programs, [expected]);
}

#[tokio::test]
async fn an_approval_does_not_outlive_its_policy() {
    let world = World::with(&[(
        "\"unprotected\": true,",
        "\"unprotected\": true, \"expires\": \"2026-11-20T13:00:00Z\",",
    )]);
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let status = connection.status().await.unwrap();
    let jws = connection
        .approve(&status, provisioning(&ledger))
        .await
        .unwrap();
    assert_eq!(
        Jws::parse(&jws).unwrap().statement.exp,
        NOW.seconds() + 3600
    );
}

#[tokio::test]
async fn the_others_approvals_are_checked_by_their_signatures() {
    use veracruz_client::{ApprovalTerms, ApprovalVerdict as Verdict, approval_jws};
    use veracruz_protocol::ApprovalView;
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut status = world.open(&fake).await.status().await.unwrap();
    let later = Timestamp::from_seconds(NOW.seconds() + 60);
    let signed = |identity, instances| {
        let terms = ApprovalTerms {
            instances,
            programs: vec![],
            not_before: NOW,
            expires: later,
        };
        approval_jws(&world.policy, identity, terms, NOW).unwrap()
    };
    let here = Instances::These(vec![fake.instance()]);
    let elsewhere = Instances::These(vec![veracruz_client::InstanceId::from_bytes([1; 32])]);
    let cases = [
        (None, NOW, Verdict::None),
        (
            Some(signed(&world.globex, here.clone())),
            NOW,
            Verdict::ThisInstance,
        ),
        (
            Some(signed(&world.globex, Instances::Any)),
            NOW,
            Verdict::AnyInstance,
        ),
        (
            Some(signed(&world.globex, elsewhere)),
            NOW,
            Verdict::OtherInstances,
        ),
        (
            Some(signed(&world.globex, here.clone())),
            later,
            Verdict::Expired,
        ),
        // Somebody else's, shown as globex's.
        (Some(signed(&world.acme, here)), NOW, Verdict::Forged),
        (Some("garbage".into()), NOW, Verdict::Forged),
    ];
    for (statement, now, expected) in cases {
        status.approvals = vec![ApprovalView {
            participant: ParticipantName::parse("globex").unwrap(),
            required: true,
            withdrawal: None,
            statement,
        }];
        let verdicts =
            veracruz_client::check_approvals(&world.policy, &fake.instance(), &status, now);
        assert_eq!(verdicts.len(), 2);
        assert_eq!(verdicts[0].verdict, Verdict::None);
        assert_eq!(verdicts[1].verdict, expected);
        assert!(verdicts[1].required);
    }
}

#[tokio::test]
async fn a_run_is_started_on_the_state_that_was_seen_and_waited_for() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    fake.state().polls_left = 5;
    let run = connection.start_run(StateTag(17)).await.unwrap();
    assert_eq!(fake.state().matches, ["\"17\""]);
    let state = connection
        .wait_for_run(run.run, WaitOptions::default())
        .await
        .unwrap();
    assert_eq!(state.outcome, RunOutcome::Finished);

    fake.state().polls_left = u32::MAX;
    let impatient = WaitOptions {
        give_up_after: Some(Duration::from_millis(20)),
        ..WaitOptions::default()
    };
    let error = connection.wait_for_run(1, impatient).await.unwrap_err();
    assert!(
        matches!(error, Error::StillRunning { run: 1, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_withdrawal_says_whether_it_came_in_time() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let answer = connection.withdraw().await.unwrap();
    assert_eq!(
        (answer.withdrawn, answer.run),
        (WithdrawnWhen::DuringRun, Some(1))
    );
}

#[tokio::test]
async fn a_status_of_another_isolate_is_not_believed() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let other = Fake::start(&world).await;
    let mut connection = world.attested(&other).await;
    let status = connection.status().await.unwrap();
    let mut connection = world.attested(&fake).await;
    fake.state().canned.insert(
        "GET /v1/status".into(),
        (200, media::JSON, status.to_json().into_bytes()),
    );
    let error = connection.status().await.unwrap_err();
    assert!(matches!(error, Error::ReplyMalformed { .. }), "{error:?}");
}

/// A receipt as the fake would give it, its evidence under the world's attester.
fn receipt(world: &World, fake: &Fake, run: u32, measured: Sha256) -> Vec<u8> {
    let mut payload = payload(world, fake);
    payload.run = run;
    payload.measurement = measured.into();
    issue(&payload, world, fake)
}

#[tokio::test]
async fn a_receipt_is_kept_with_a_dated_word_and_verified_offline() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let bytes = receipt(&world, &fake, 1, runtime());
    fake.state().canned.insert(
        "GET /v1/runs/1/receipt".into(),
        (200, media::RECEIPT, bytes.clone()),
    );
    let kept = world.file("receipt.cbor");
    connection
        .store_receipt(1, &kept, &ledger, NOW)
        .await
        .unwrap();
    let stored = ledger.receipts(&world.policy.hash()).unwrap();
    assert_eq!((stored[0].run, stored[0].instance), (1, fake.instance()));
    assert_eq!(stored[0].path, kept);

    // Everything from here on needs no isolate.
    let bytes = fs::read(&kept).unwrap();
    let jws = fs::read_to_string(world.file("receipt.cbor.appraisal.jws")).unwrap();
    let dated = DatedAppraisal::verify(&jws, &bytes, &world.policy).unwrap();
    assert_eq!((dated.participant(), dated.at()), ("acme", NOW));
    let opening = Opening {
        path: path("/output/result"),
        content: Sha256::of(RESULT),
        salt: SALT,
    };
    let verified = verify_receipt(
        &bytes,
        &world.policy,
        std::slice::from_ref(&opening),
        &Collateral::none(),
        dated.at(),
    )
    .unwrap();
    assert!(
        verified
            .proved
            .iter()
            .any(|proved| matches!(proved, Proved::Output { .. }))
    );
    assert!(
        verified
            .not_proved
            .contains(&NotProved::NotProtectedFromHost)
    );

    let other = Opening {
        content: Sha256::of(b"another"),
        ..opening
    };
    let error =
        verify_receipt(&bytes, &world.policy, &[other], &Collateral::none(), NOW).unwrap_err();
    assert!(matches!(error, Error::ReceiptRefused(_)), "{error:?}");
    assert!(error.code().starts_with("VC-06"));
}

#[tokio::test]
async fn a_receipt_of_another_run_isolate_or_runtime_is_not_kept() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let other = Fake::start(&world).await;
    let ledger = world.ledger();
    let kept = world.file("receipt.cbor");
    let receipts = [
        receipt(&world, &other, 1, runtime()),
        receipt(&world, &fake, 1, Sha256::of(b"another runtime")),
        b"garbage".to_vec(),
    ];
    for bytes in receipts {
        fake.state().canned.insert(
            "GET /v1/runs/1/receipt".into(),
            (200, media::RECEIPT, bytes),
        );
        let mut connection = world.attested(&fake).await;
        let error = connection
            .store_receipt(1, &kept, &ledger, NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::ReceiptRefused(_) | Error::ReceiptUnfit { .. }),
            "{error:?}"
        );
        assert!(!kept.exists());
    }
}

#[tokio::test]
async fn a_dated_word_about_another_receipt_or_by_a_stranger_does_not_count() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let ledger = world.ledger();
    let bytes = receipt(&world, &fake, 1, runtime());
    fake.state().canned.insert(
        "GET /v1/runs/1/receipt".into(),
        (200, media::RECEIPT, bytes.clone()),
    );
    connection
        .store_receipt(1, &world.file("receipt"), &ledger, NOW)
        .await
        .unwrap();
    let jws = fs::read_to_string(world.file("receipt.appraisal.jws")).unwrap();
    let refused = |jws: &str, receipt: &[u8], policy: &veracruz_client::Policy| {
        let error = DatedAppraisal::verify(jws, receipt, policy).unwrap_err();
        assert!(matches!(error, Error::ReceiptUnfit { .. }), "{error:?}");
    };
    DatedAppraisal::verify(&jws, &bytes, &world.policy).unwrap();
    refused(&jws, b"another receipt", &world.policy);
    // The same names, other keys.
    let strangers = World::new();
    refused(&jws, &bytes, &strangers.policy);
    for length in 0..jws.len() {
        refused(jws.get(..length).unwrap(), &bytes, &world.policy);
    }
    let (head, signature) = jws.rsplit_once('.').unwrap();
    // A signature differs each time: its first character becomes another one, whichever it is.
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{head}.{first}{}", signature.get(1..).unwrap());
    refused(&changed, &bytes, &world.policy);
}

#[tokio::test]
async fn the_host_is_asked_with_its_token() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let view = format!(
        "{{\"policy\":\"{}\",\"instance\":\"i\",\"kind\":\"process\",\"state\":\"lost\",\"lost\":\"killed\",\"new\":1}}",
        world.policy.hash()
    );
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        for body in [
            view.clone(),
            format!("{{\"computations\":[{view}]}}"),
            view.clone(),
            view,
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 << 10];
            let length = stream.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        requests
    });
    let host = HostClient::new(address.clone(), Some("secret".into()));
    let hash = world.policy.hash();
    assert_eq!(host.launch(&world.policy).await.unwrap().kind, "process");
    assert_eq!(host.list().await.unwrap().len(), 1);
    host.stop(&hash).await.unwrap();
    let anyone = HostClient::new(address.clone(), None);
    let state = anyone.bare_state(&hash).await.unwrap();
    assert_eq!(
        (state.state.as_str(), state.lost.as_deref()),
        ("lost", Some("killed"))
    );
    let requests = server.await.unwrap();
    assert!(requests[0].starts_with("POST /v1/computations HTTP/1.1\r\n"));
    assert!(requests[1].starts_with("GET /v1/computations HTTP/1.1\r\n"));
    assert!(requests[2].starts_with(&format!("DELETE /v1/computations/{hash} HTTP/1.1\r\n")));
    assert!(requests[3].starts_with(&format!("GET /v1/computations/{hash} HTTP/1.1\r\n")));
    for request in &requests[..3] {
        assert!(request.contains("authorization: Bearer secret\r\n"));
    }
    assert!(!requests[3].contains("authorization"));
    assert!(!format!("{host:?}").contains("secret"));
    let error = anyone.bare_state(&hash).await.unwrap_err();
    assert!(matches!(error, Error::HostUnreachable { .. }), "{error:?}");
}

#[test]
fn the_clock_is_this_machines() {
    let now = veracruz_client::now();
    assert!(now > Timestamp::from_seconds(1_700_000_000));
}
