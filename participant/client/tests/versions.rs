//! Two ends that share no version of the protocol say so, and which of them is older.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fake;

use fake::{Fake, NOW, World};
use veracruz_client::Error;
use veracruz_protocol::ErrorCode;

/// What the client says to a runtime that speaks these.
async fn refusal(versions: &'static str) -> Option<Error> {
    let world = World::new();
    let fake = Fake::start(&world).await;
    fake.state().versions = Some(versions);
    let connection = world.open(&fake).await;
    let refused = connection.attest(true, NOW).await.err();
    // It ends with the first answer: nothing but a nonce was sent.
    if refused.is_some() {
        assert_eq!(fake.state().requests, ["POST /v1/attestation"]);
    }
    refused
}

#[tokio::test]
async fn a_newer_runtime_that_left_this_version_behind_is_told_by_its_versions() {
    let error = refusal("2, 3").await.unwrap();
    assert_eq!(
        error.to_string(),
        "the runtime speaks versions 2, 3 of the protocol, this client speaks 1: the client is older"
    );
    assert_eq!(error.code(), ErrorCode::VersionsDiffer.as_str());
    assert!(matches!(
        error,
        Error::VersionsDiffer {
            older: "the client",
            ..
        }
    ));
}

#[tokio::test]
async fn a_runtime_that_speaks_this_version_among_others_is_spoken_to() {
    for versions in ["1", "1, 2", "1, 2, 3"] {
        assert!(refusal(versions).await.is_none(), "{versions}");
    }
}

#[tokio::test]
async fn a_runtime_that_does_not_say_or_says_it_unreadably_is_judged_by_what_it_answers() {
    for versions in ["", "one", "1,2"] {
        assert!(refusal(versions).await.is_none(), "{versions:?}");
    }
}
