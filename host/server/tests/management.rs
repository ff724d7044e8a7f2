//! The management API, with real sockets and isolates that are made up.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use support::{FakeLauncher, Host, config, eventually, policy};
use veracruz_launch::Loss;
use veracruz_server::{Limits, ServeError, Server};

#[tokio::test]
async fn starts_lists_shows_and_stops_a_computation() {
    let host = Host::start().await;
    let document = policy("one");
    let started = host
        .ask("POST", "/v1/computations", document.as_bytes())
        .await;
    assert_eq!(started.status, 201);
    let hash = started.text("policy");
    let path = format!("/v1/computations/{hash}");
    assert_eq!(started.header("location"), Some(path.as_str()));
    assert_eq!(started.text("instance"), host.launcher.last().greeting());
    assert_eq!(
        (started.text("kind"), started.text("state")),
        ("process".into(), "awaiting".into())
    );
    assert_eq!(started.body["protects_from_host"], false);

    let list = host.ask("GET", "/v1/computations", b"").await;
    assert_eq!(list.body["computations"], serde_json::json!([started.body]));

    let stopped = host.ask("DELETE", &path, b"").await;
    assert_eq!(
        (stopped.status, stopped.text("state")),
        (200, "lost".into())
    );
    eventually(async || {
        let shown = host.ask_without_token("GET", &path).await;
        shown.text("state") == "lost" && shown.text("lost") == "it was stopped on request"
    })
    .await;
}

#[tokio::test]
async fn whoever_has_no_token_learns_the_bare_state_alone() {
    let host = Host::start().await;
    let (_, hash) = host.launch("one").await;
    let path = format!("/v1/computations/{hash}");
    assert_eq!(host.ask_without_token("GET", &path).await.status, 200);

    for (method, path) in [
        ("GET", "/v1/computations"),
        ("GET", "/v1/host"),
        ("POST", "/v1/computations"),
        ("DELETE", &path),
    ] {
        for answer in [
            host.ask_without_token(method, path).await,
            host.ask_as("Bearer wrong", method, path, b"").await,
            host.ask_as("Bearer ", method, path, b"").await,
            host.ask_as("Basic x", method, path, b"").await,
        ] {
            assert_eq!(
                (answer.status, answer.text("code")),
                (401, "VC-0703".into()),
                "{method}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(
        host.ask_without_token("GET", &path).await.text("state"),
        "awaiting"
    );
}

#[tokio::test]
async fn a_policy_that_is_wrong_is_refused_with_its_place() {
    let host = Host::start().await;
    let answer = host
        .ask("POST", "/v1/computations", b"{\n  \"veracruz\": 2\n}")
        .await;
    assert_eq!(
        (answer.status, answer.text("code")),
        (422, "VC-0100".into())
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert!(answer.text("detail").contains("VC-01"), "{answer:?}");
    assert!(host.launcher.isolates.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_size_of_a_policy_is_refused() {
    let host = Host::start().await;
    let answer = host
        .ask("POST", "/v1/computations", &vec![b' '; (1 << 20) + 1])
        .await;
    assert_eq!(
        (answer.status, answer.text("code")),
        (413, "VC-0905".into())
    );
}

#[tokio::test]
async fn one_policy_has_one_isolate_at_a_time() {
    let host = Host::start().await;
    let document = policy("one");
    assert_eq!(
        host.ask("POST", "/v1/computations", document.as_bytes())
            .await
            .status,
        201
    );
    let again = host
        .ask("POST", "/v1/computations", document.as_bytes())
        .await;
    assert_eq!((again.status, again.text("code")), (409, "VC-0706".into()));

    host.launcher.last().die(Loss::Signalled(9));
    eventually(async || {
        host.ask("POST", "/v1/computations", document.as_bytes())
            .await
            .status
            == 201
    })
    .await;
    let hash = host.launcher.last().installed.policy;
    let shown = host
        .ask_without_token("GET", &format!("/v1/computations/{hash}"))
        .await;
    assert_eq!(
        shown.text("instance"),
        host.launcher.last().greeting(),
        "the one that runs is shown"
    );
    assert_eq!(shown.text("state"), "awaiting");
}

#[tokio::test]
async fn two_launches_of_one_policy_at_once_start_one_isolate() {
    let host = Host::start().await;
    host.launcher.takes.store(100, Ordering::Relaxed);
    let document = policy("one");
    let (one, two) = tokio::join!(
        host.ask("POST", "/v1/computations", document.as_bytes()),
        host.ask("POST", "/v1/computations", document.as_bytes())
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(host.launcher.isolates.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_limit_on_isolates_is_kept_and_says_when_to_try_again() {
    let host = Host::start_with(
        Limits {
            isolates: 1,
            ..Limits::default()
        },
        Arc::default(),
    )
    .await;
    let (isolate, _) = host.launch("one").await;
    let two = policy("two");
    let refused = host.ask("POST", "/v1/computations", two.as_bytes()).await;
    assert_eq!(
        (refused.status, refused.text("code")),
        (503, "VC-0704".into())
    );
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );

    isolate.die(Loss::Exited(0));
    eventually(async || {
        host.ask("POST", "/v1/computations", two.as_bytes())
            .await
            .status
            == 201
    })
    .await;
}

#[tokio::test]
async fn no_isolate_is_promised_memory_that_the_host_does_not_have() {
    let limits = Limits {
        // Two of the default, and a little.
        memory: Some((16 << 30) + 1),
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (isolate, _) = host.launch("one").await;
    host.launch("two").await;
    let three = policy("three");
    let refused = host.ask("POST", "/v1/computations", three.as_bytes()).await;
    assert_eq!(
        (refused.status, refused.text("code")),
        (503, "VC-0708".into())
    );
    assert!(refused.header("retry-after").is_some());
    let state = host.ask("GET", "/v1/host", b"").await;
    assert_eq!(state.body["memory_promised"], 16_u64 << 30);
    assert_eq!(state.body["memory_limit"], (16_u64 << 30) + 1);
    assert_eq!(state.body["isolates"], 2);

    isolate.die(Loss::Exited(0));
    eventually(async || {
        let answer = host.ask("POST", "/v1/computations", three.as_bytes()).await;
        answer.status == 201
    })
    .await;
}

#[tokio::test]
async fn an_isolate_that_hangs_is_noticed_ended_and_counted() {
    let limits = Limits {
        health_interval: Duration::from_millis(20),
        hangs_after: Duration::from_millis(700),
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (hanging, hash) = host.launch("one").await;
    let (good, _) = host.launch("two").await;
    hanging.silent.store(true, Ordering::Relaxed);
    eventually(async || {
        let metrics = host.ask_without_token("GET", "/metrics").await;
        metrics.says("veracruz_host_isolates_unresponsive 1")
    })
    .await;
    eventually(async || hanging.loss.borrow().is_some()).await;
    let path = format!("/v1/computations/{hash}");
    let shown = host.ask_without_token("GET", &path).await;
    assert_eq!(shown.text("state"), "lost");
    assert_eq!(
        shown.text("lost"),
        "it did not answer any more, and was ended"
    );
    assert!(good.loss.borrow().is_none(), "the other one is asked, too");
    let metrics = host.ask_without_token("GET", "/metrics").await;
    assert!(metrics.says("veracruz_host_losses_total{how=\"hung\"} 1"));
    assert!(metrics.says("veracruz_host_isolates 1"));
}

#[tokio::test]
async fn an_isolate_that_answers_again_in_time_goes_on() {
    let limits = Limits {
        health_interval: Duration::from_millis(20),
        hangs_after: Duration::from_secs(20),
        ..Limits::default()
    };
    let host = Host::start_with(limits, Arc::default()).await;
    let (isolate, _) = host.launch("one").await;
    let unresponsive = async |count: u32| {
        let line = format!("veracruz_host_isolates_unresponsive {count}");
        host.ask_without_token("GET", "/metrics").await.says(&line)
    };
    isolate.silent.store(true, Ordering::Relaxed);
    eventually(async || unresponsive(1).await).await;
    isolate.silent.store(false, Ordering::Relaxed);
    eventually(async || unresponsive(0).await).await;
    assert!(isolate.loss.borrow().is_none());
}

#[tokio::test]
async fn a_launch_that_takes_too_long_has_a_code_of_its_own() {
    let host = Host::start().await;
    host.launcher.is_slow.store(true, Ordering::Relaxed);
    let document = policy("one");
    let slow = host
        .ask("POST", "/v1/computations", document.as_bytes())
        .await;
    assert_eq!((slow.status, slow.text("code")), (504, "VC-0709".into()));
    let metrics = host.ask_without_token("GET", "/metrics").await;
    assert!(metrics.says("veracruz_host_launches_total{outcome=\"slow\"} 1"));
}

#[tokio::test]
async fn a_launch_that_fails_takes_no_place() {
    let host = Host::start_with(
        Limits {
            isolates: 1,
            ..Limits::default()
        },
        Arc::default(),
    )
    .await;
    host.launcher.fails.store(true, Ordering::Relaxed);
    let document = policy("one");
    let failed = host
        .ask("POST", "/v1/computations", document.as_bytes())
        .await;
    assert_eq!(
        (failed.status, failed.text("code")),
        (502, "VC-0705".into())
    );
    host.launcher.fails.store(false, Ordering::Relaxed);
    assert_eq!(
        host.ask("POST", "/v1/computations", document.as_bytes())
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_an_isolate_that_is_known() {
    let host = Host::start().await;
    host.launcher.takes.store(100, Ordering::Relaxed);
    let document = policy("one");
    let asked = host.ask("POST", "/v1/computations", document.as_bytes());
    assert!(
        tokio::time::timeout(Duration::from_millis(50), asked)
            .await
            .is_err()
    );
    eventually(async || {
        let list = host.ask("GET", "/v1/computations", b"").await;
        list.body["computations"].as_array().unwrap().len() == 1
    })
    .await;
}

#[tokio::test]
async fn the_death_of_an_isolate_is_told() {
    let host = Host::start().await;
    let (isolate, hash) = host.launch("one").await;
    isolate.die(Loss::Signalled(9));
    eventually(async || {
        let shown = host
            .ask_without_token("GET", &format!("/v1/computations/{hash}"))
            .await;
        shown.text("state") == "lost" && shown.text("lost") == "it was ended by signal 9"
    })
    .await;
}

#[tokio::test]
async fn an_isolate_that_does_not_answer_is_unresponsive() {
    let host = Host::start().await;
    let (isolate, hash) = host.launch("one").await;
    isolate.silent.store(true, Ordering::Relaxed);
    eventually(async || {
        host.ask_without_token("GET", &format!("/v1/computations/{hash}"))
            .await
            .text("state")
            == "unresponsive"
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_unknown() {
    let host = Host::start().await;
    let unknown = "a".repeat(52);
    let cases = [
        ("GET", format!("/v1/computations/{unknown}"), 404, "VC-0701"),
        (
            "DELETE",
            format!("/v1/computations/{unknown}"),
            404,
            "VC-0701",
        ),
        ("GET", "/v1/computations/no-hash".to_owned(), 404, "VC-0701"),
        ("GET", "/v1/nothing".to_owned(), 404, "VC-0901"),
        ("PUT", "/v1/computations".to_owned(), 405, "VC-0902"),
        (
            "POST",
            format!("/v1/computations/{unknown}"),
            405,
            "VC-0902",
        ),
    ];
    for (method, path, status, code) in cases {
        let answer = host.ask(method, &path, b"").await;
        assert_eq!(
            (answer.status, answer.text("code")),
            (status, code.to_owned()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn isolates_outlive_the_host_and_the_next_one_takes_them_over() {
    let host = Host::start().await;
    let (isolate, hash) = host.launch("one").await;
    let launcher = host.stop().await;
    assert!(isolate.loss.borrow().is_none(), "it still runs");

    let host = Host::start_with(Limits::default(), launcher).await;
    let shown = host
        .ask_without_token("GET", &format!("/v1/computations/{hash}"))
        .await;
    assert_eq!(
        (shown.text("instance"), shown.text("state")),
        (isolate.greeting(), "awaiting".into())
    );
}

#[tokio::test]
async fn refuses_to_listen_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path().join("token"));
    config.management = ([0, 0, 0, 0], 0).into();
    let refused = Server::bind(config, Arc::new(FakeLauncher::default())).await;
    assert!(matches!(
        refused.err(),
        Some(ServeError::NotLoopback { .. })
    ));
}
