//! A participant who wants more than the policy gives it.

use std::path::Path;
use veracruz_policy::Policy;
use veracruz_session::Identity;
use veracruz_tests::{Raw, World, refusal};

async fn raw(world: &World, policy: &Path, identity: &Path) -> Raw {
    let hash = Policy::parse(&std::fs::read(policy).unwrap())
        .unwrap()
        .hash();
    let identity: Identity = veracruz_client::identity::load(identity, None).unwrap();
    let mut raw = Raw::connect(world.deployment.participants, &hash, &identity)
        .await
        .unwrap();
    raw.evidence([5; 32]).await.unwrap();
    raw
}

/// A world with everything provided and nothing run.
fn provided(name: &str) -> Option<(World, std::path::PathBuf)> {
    let world = World::start()?;
    let policy = world.policy(name, |_| {});
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    Some((world, policy))
}

#[tokio::test]
async fn the_input_of_another_can_be_neither_read_nor_replaced_nor_deleted() {
    let Some((world, policy)) = provided("others-input") else {
        return;
    };
    let mut acme = raw(&world, &policy, &world.acme.identity).await;
    let path = "/v1/files/input/globex.csv";
    for (line, code) in [
        (format!("GET {path}"), "VC-0404"),
        (format!("PUT {path}"), "VC-0403"),
        (format!("DELETE {path}"), "VC-0403"),
    ] {
        let answer = acme.request(&line, "", b"").await.unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, code),
            "{line}"
        );
    }
    let head = acme
        .request(&format!("HEAD {path}"), "", b"")
        .await
        .unwrap();
    assert_eq!(head.status, 403);
    assert!(!head.head.to_lowercase().contains("repr-digest"));

    // The honest ones finish.
    world
        .globex
        .call(&world.target(&policy), &["run"], &[])
        .expect("a run");
}

#[tokio::test]
async fn dots_in_a_path_never_lead_to_another_file() {
    let Some((world, policy)) = provided("dots") else {
        return;
    };
    let mut acme = raw(&world, &policy, &world.acme.identity).await;
    for path in [
        "/v1/files/input/../program/psi.wasm",
        "/v1/files/input/acme.csv/../globex.csv",
        "/v1/files/input/%2e%2e/input/globex.csv",
        "/v1/files//input/globex.csv",
        "/v1/files/input/globex.csv/",
        "/v1/files/input/globex.csv%00",
        "/v1/files/input/./globex.csv",
    ] {
        for method in ["GET", "DELETE"] {
            let answer = acme
                .request(&format!("{method} {path}"), "", b"")
                .await
                .unwrap();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "VC-0401"),
                "{method} {path}"
            );
        }
    }
    let unknown = acme
        .request("GET /v1/files/INPUT/globex.csv", "", b"")
        .await
        .unwrap();
    assert_eq!(unknown.code(), "VC-0402");
}

#[test]
fn a_program_swapped_after_another_party_looked_at_its_digest_voids_every_approval() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("unpinned", |document| {
        let file = document["files"]["/program/psi.wasm"]
            .as_object_mut()
            .unwrap();
        file.remove("sha256");
    });
    let target = world.target(&policy);
    world.launch(&policy).expect("an isolate");
    // The program first: an approval names its digest.
    world
        .upload(&world.lab, &policy, "/program/psi.wasm", &world.program)
        .expect("the program");
    world.approve_all(&policy);
    for (party, path, file) in [
        (&world.acme, "/input/acme.csv", "acme_airports.csv"),
        (&world.globex, "/input/globex.csv", "globex_airports.csv"),
    ] {
        world
            .upload(party, &policy, path, &world.data.join(file))
            .expect("an input");
    }
    let mut other = std::fs::read(&world.program).unwrap();
    other.extend_from_slice(&[0, 2, 1, b'x']);
    let swapped = world.folder().join("swapped.wasm");
    std::fs::write(&swapped, other).unwrap();
    world
        .upload(&world.lab, &policy, "/program/psi.wasm", &swapped)
        .expect("another program");

    let status = world
        .acme
        .call(&target, &["status"], &[])
        .expect("a status");
    let missing = status["missing"].to_string();
    for gone in ["acme", "globex", "/input/acme.csv", "/input/globex.csv"] {
        assert!(missing.contains(gone), "{gone} is not missing in {missing}");
    }
    assert_eq!(
        refusal(world.acme.call(&target, &["run"], &[])).code,
        "VC-0505"
    );
}

#[tokio::test]
async fn a_run_names_the_state_that_its_starter_saw() {
    let Some((world, policy)) = provided("state") else {
        return;
    };
    let mut acme = raw(&world, &policy, &world.acme.identity).await;
    for (head, status, code) in [
        ("", 428, "VC-0503"),
        ("If-Match: \"1\"\r\n", 412, "VC-0504"),
        ("If-Match: *\r\n", 400, "VC-0906"),
    ] {
        let answer = acme.request("POST /v1/runs", head, b"").await.unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{head:?}"
        );
    }
}

#[tokio::test]
async fn wrong_requests_are_answered_and_the_isolate_goes_on() {
    let Some((world, policy)) = provided("wrong") else {
        return;
    };
    let json = "Content-Type: application/json\r\n";
    let jose = "Content-Type: application/jose\r\n";
    for (line, head, body, code) in [
        (
            "POST /v1/attestation",
            json,
            "{\"nonce\": 1}".as_bytes(),
            "VC-0904",
        ),
        ("POST /v1/attestation", jose, b"{}", "VC-0903"),
        ("PUT /v1/approval", jose, b"not a statement", "VC-0301"),
        ("PATCH /v1/policy", "", b"", "VC-0902"),
        ("GET /v2/policy", "", b"", "VC-0930"),
        ("GET /v1/nothing", "", b"", "VC-0901"),
        ("GET /v1/runs/7", "", b"", "VC-0507"),
        ("PUT /v1/files/input/acme.csv", "", b"x", "VC-0414"),
        ("PUT /v1/files/output/overlap.csv", "", b"x", "VC-0403"),
    ] {
        // A connection each: one whose body was refused unread is closed after the answer.
        let mut acme = raw(&world, &policy, &world.acme.identity).await;
        let answer = acme.request(line, head, body).await.unwrap();
        assert_eq!(
            answer.code(),
            code,
            "{line}: {} {:?}",
            answer.head,
            answer.body
        );
    }
    let mut acme = raw(&world, &policy, &world.acme.identity).await;
    let large = vec![b'x'; 100_000];
    let answer = acme.request("POST /v1/attestation", json, &large).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.code() == "VC-0905"));
    world
        .globex
        .call(&world.target(&policy), &["run"], &[])
        .expect("the isolate goes on");
}
