//! The main job.

use serde_json::Value;
use std::ffi::OsStr;
use veracruz_tests::{World, refusal};

#[test]
fn the_right_parties_get_the_published_answer_and_everyone_a_receipt() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("main", |_| {});
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    let run = world
        .globex
        .call(&world.target(&policy), &["run"], &[])
        .expect("a run");
    assert_eq!(run["outcome"], "finished");

    let expected: Value = json(&world.data.join("expected.json"));
    for party in [&world.acme, &world.globex] {
        let summary = world
            .download(party, &policy, "/output/summary.json")
            .expect("a summary");
        let summary = json(&summary);
        for field in ["intersection", "sum_departures_2008", "sum_elevation_ft"] {
            assert_eq!(summary[field], expected[field], "{field}");
        }
        world
            .download(party, &policy, "/output/overlap.csv")
            .expect("the overlap");
    }
    let refused = refusal(world.download(&world.lab, &policy, "/output/overlap.csv"));
    assert_eq!(refused.code, "VC-0404");

    for party in world.parties() {
        let receipt = party.folder.join("receipt.cbor");
        let arguments = [OsStr::new("--output"), receipt.as_os_str()];
        party
            .call(&world.target(&policy), &["receipt", "fetch"], &arguments)
            .expect("a receipt");
    }
    let verify = |output: &str| {
        world.veracruz(&[
            OsStr::new("receipt"),
            OsStr::new("verify"),
            world.lab.folder.join("receipt.cbor").as_os_str(),
            OsStr::new("--policy"),
            policy.as_os_str(),
            OsStr::new("--output"),
            world.acme.folder.join(output).as_os_str(),
        ])
    };
    let verified = verify("overlap.csv").expect("the receipt holds for the output");
    assert!(!verified["proved"].as_array().unwrap().is_empty());
    assert!(!verified["not_proved"].as_array().unwrap().is_empty());

    // Another content than the one that the run wrote.
    let overlap = world.acme.folder.join("overlap.csv");
    let mut forged = std::fs::read(&overlap).unwrap();
    forged.push(b'x');
    std::fs::write(&overlap, forged).unwrap();
    let refused = refusal(verify("overlap.csv"));
    assert!(refused.code.starts_with("VC-06"), "{refused}");
}

#[test]
fn a_run_needs_every_approval_and_every_input_and_there_are_no_more_than_the_policy_says() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("needs", |_| {});
    let target = world.target(&policy);
    world.launch(&policy).expect("an isolate");
    let run = || refusal(world.acme.call(&target, &["run"], &[])).code;
    assert_eq!(run(), "VC-0505");
    let early = world.upload(
        &world.acme,
        &policy,
        "/input/acme.csv",
        &world.data.join("acme_airports.csv"),
    );
    assert_eq!(
        refusal(early).code,
        "VC-0406",
        "an input before its provider's approval"
    );
    world.approve_all(&policy);
    assert_eq!(run(), "VC-0505");
    world.upload_all(&policy);
    world.acme.call(&target, &["run"], &[]).expect("a run");
    assert_eq!(run(), "VC-0506");
}

#[test]
fn whoever_withdraws_takes_its_input_along() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("withdrawal", |_| {});
    let target = world.target(&policy);
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    world.upload_all(&policy);
    let answer = world
        .acme
        .call(&target, &["withdraw"], &[])
        .expect("a withdrawal");
    assert_eq!(answer["withdrawn"], "before-run");
    let status = world
        .globex
        .call(&target, &["status"], &[])
        .expect("a status");
    assert_eq!(status["state"], "awaiting");
    let missing = status["missing"].to_string();
    assert!(
        missing.contains("/input/acme.csv") && missing.contains("approval"),
        "{missing}"
    );
    assert_eq!(
        refusal(world.globex.call(&target, &["run"], &[])).code,
        "VC-0505"
    );
}

fn json(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
