//! Watching an isolate: what is seen, over which connections, and what is not believed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use std::sync::Arc;

use fake::{Fake, NOW, World, path};
use veracruz_client::{
    ApprovalTerms, CheckedStatus, Dial, Error, InstanceId, Seen, Timestamp, Watch, approval_jws,
};
use veracruz_policy::ParticipantName;
use veracruz_protocol::{
    ApprovalView, ComputationState, FailureClass, Instances, Missing, Presence, ProgramState,
    RunOutcome, RunState, StageFailure, Status, WithdrawalAnswer, WithdrawnWhen, media,
};

fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).unwrap()
}

fn event(status: &Status) -> String {
    format!("event: status\ndata: {}\n\n", status.to_json())
}

/// Has the isolate answer every request of a status with this.
fn answer(fake: &Fake, media_type: &'static str, body: &str) {
    let canned = (200, media_type, body.as_bytes().to_vec());
    let status = "GET /v1/status".to_owned();
    fake.state().canned.insert(status, canned);
}

fn dial(world: &World, host: &Fake, instance: InstanceId) -> Dial {
    Dial {
        host: host.address.as_str().into(),
        policy: Arc::clone(&world.policy),
        identity: world.acme.clone(),
        instance,
        accept_unprotected: true,
        collateral: Arc::default(),
        limit: veracruz_client::RateLimit::none(),
    }
}

fn state_of(seen: Option<Seen>) -> ComputationState {
    match seen {
        Some(Seen::Status(checked)) => checked.status.state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cut_line_is_taken_up_at_the_same_isolate_over_a_connection_that_is_attested_anew() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.attested(&fake).await;
    let mut status = connection.status().await.unwrap();
    let first = event(&status);
    status.state = ComputationState::Running;
    answer(&fake, media::EVENT_STREAM, &(first + &event(&status)));
    let dial = dial(&world, &fake, fake.instance());
    let mut watch = Watch::attested(connection, dial).await.unwrap();
    assert_eq!(
        state_of(watch.next().await.unwrap()),
        ComputationState::Ready
    );
    assert_eq!(
        state_of(watch.next().await.unwrap()),
        ComputationState::Running
    );
    let cut = watch.next().await.unwrap();
    assert!(
        matches!(cut, Some(Seen::Cut(Error::ConnectionLost { .. }))),
        "{cut:?}"
    );
    status.state = ComputationState::Finished;
    answer(&fake, media::EVENT_STREAM, &event(&status));
    assert!(matches!(watch.next().await.unwrap(), Some(Seen::Back)));
    assert_eq!(
        state_of(watch.next().await.unwrap()),
        ComputationState::Finished
    );
    // It is over: that the stream ends is the end.
    assert!(watch.next().await.unwrap().is_none());
    let requests = fake.state().requests.clone();
    let attested = requests
        .iter()
        .filter(|what| *what == "POST /v1/attestation");
    assert_eq!(attested.count(), 2, "{requests:?}");
}

#[tokio::test]
async fn another_isolate_is_never_watched_in_the_place_of_the_first() {
    let world = World::new();
    let (fake, other) = (Fake::start(&world).await, Fake::start(&world).await);
    let mut connection = world.attested(&fake).await;
    let status = connection.status().await.unwrap();
    answer(&fake, media::EVENT_STREAM, &event(&status));
    let dial = dial(&world, &other, fake.instance());
    let mut watch = Watch::attested(connection, dial).await.unwrap();
    assert_eq!(
        state_of(watch.next().await.unwrap()),
        ComputationState::Ready
    );
    assert!(matches!(watch.next().await.unwrap(), Some(Seen::Cut(_))));
    // It does not answer to the name of the first one; one that did would be known by its key.
    let error = watch.next().await.unwrap_err();
    assert!(matches!(error, Error::HandshakeRefused { .. }), "{error}");
    assert!(other.state().requests.is_empty());
}

#[tokio::test]
async fn an_unattested_watch_asks_for_no_evidence() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let mut connection = world.open(&fake).await;
    let status = connection.status().await.unwrap();
    answer(&fake, media::EVENT_STREAM, &event(&status));
    let dial = dial(&world, &fake, fake.instance());
    let mut watch = Watch::unattested(connection, dial).await.unwrap();
    for _ in 0..4 {
        watch.next().await.unwrap();
    }
    let requests = fake.state().requests.clone();
    assert!(
        requests.iter().all(|what| what.ends_with("status")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn what_is_no_stream_of_this_isolates_status_ends_the_watch() {
    let world = World::new();
    let (fake, other) = (Fake::start(&world).await, Fake::start(&world).await);
    let status = world.open(&fake).await.status().await.unwrap();
    let foreign = world.open(&other).await.status().await.unwrap();
    for (media_type, body) in [
        (media::JSON, status.to_json()),
        (media::EVENT_STREAM, format!("id: 1\n{}", event(&status))),
        (media::EVENT_STREAM, "event: status\ndata: {}\n\n".into()),
        (media::EVENT_STREAM, event(&foreign)),
    ] {
        answer(&fake, media_type, &body);
        let dial = dial(&world, &fake, fake.instance());
        let connection = world.attested(&fake).await;
        let error = match Watch::attested(connection, dial).await {
            Ok(mut watch) => watch.next().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, Error::ReplyMalformed { .. }), "{error}");
    }
}

/// What a person reads of the change from one status to the next.
fn words(world: &World, before: Option<&Status>, after: &Status) -> Vec<String> {
    let checked = |status: &Status| CheckedStatus::new(&world.policy, status.clone(), NOW);
    let before = before.map(checked);
    let changes = checked(after).changes_since(before.as_ref());
    for change in &changes {
        assert!(change.document()["change"].is_string());
    }
    changes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_change_has_its_words_and_no_change_has_none() {
    let world = World::new();
    let fake = Fake::start(&world).await;
    let status = world.open(&fake).await.status().await.unwrap();
    let mut next = status.clone();
    assert_eq!(words(&world, Some(&status), &next), Vec::<String>::new());

    let terms = ApprovalTerms {
        instances: Instances::These(vec![fake.instance()]),
        programs: vec![],
        not_before: NOW,
        expires: Timestamp::from_seconds(NOW.seconds() + 60),
    };
    let jws = approval_jws(&world.policy, &world.globex, terms, NOW).unwrap();
    let view = |statement: Option<String>, withdrawal| ApprovalView {
        participant: name("globex"),
        required: true,
        withdrawal,
        statement,
    };
    next.approvals = vec![view(Some(jws), None)];
    let approved = "globex approved this instance until 2026-11-20T12:01:00Z: signature verified";
    assert_eq!(words(&world, Some(&status), &next), [approved]);
    let approved = next.clone();
    let withdrawal = WithdrawalAnswer {
        withdrawn: WithdrawnWhen::DuringRun,
        run: Some(1),
    };
    next.approvals = vec![view(None, Some(withdrawal))];
    assert_eq!(
        words(&world, Some(&approved), &next),
        ["globex withdrew during run 1"]
    );
    next.approvals = vec![view(None, None)];
    assert_eq!(
        words(&world, Some(&approved), &next),
        ["globex's approval is gone: a run used it up, or a program was replaced"]
    );

    let mut next = status.clone();
    next.files[0].presence = Presence::Absent;
    next.files[0].program = None;
    next.state = ComputationState::Awaiting;
    next.missing = vec![
        Missing::Approval {
            participant: name("globex"),
        },
        Missing::File {
            path: path("/program/p.wasm"),
            provider: name("acme"),
        },
    ];
    assert_eq!(
        words(&world, Some(&status), &next),
        [
            "/program/p.wasm of acme is erased",
            "state awaiting: missing are the approval of globex, /program/p.wasm of acme",
        ]
    );
    assert_eq!(
        words(&world, Some(&next), &status),
        [
            "/program/p.wasm is there: acme provided it",
            "/program/p.wasm is compiled",
            "state ready: a run can be started",
        ]
    );
    next.files[0].presence = Presence::Present;
    next.files[0].program = Some(ProgramState::Refused);
    next.files[0].refusal = Some("it is none".into());
    let said = words(&world, Some(&status), &next);
    assert_eq!(said[0], "/program/p.wasm is refused: it is none");

    // Whoever reads slowly sees a run only when it is over.
    let mut next = status.clone();
    next.run = Some(RunState {
        run: 1,
        outcome: RunOutcome::Failed,
        failure: Some(StageFailure {
            stage: Some(1),
            class: FailureClass::Program,
            exit_code: Some(3),
            reason: None,
        }),
        started_by: name("acme"),
        outputs: vec![],
        quorum: None,
        receipt: true,
    });
    next.state = ComputationState::Failed;
    assert_eq!(
        words(&world, Some(&status), &next),
        [
            "run 1 began: acme started it",
            "run 1 failed: stage 1 ended with exit code 3",
            "the receipt of run 1 is there",
            "state failed: the last run failed, and there is no other",
        ]
    );
    let all = words(&world, None, &next);
    assert_eq!(all.len(), 6, "{all:?}");
}
