//! A participant with nothing of ours: `curl`, an isolate with a verifier's certificate, and between
//! them a host that carries requests and certificates.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use veracruz_cli::local::Target;
use veracruz_tests::{Child, World};

/// A service of the binary, and the document with which it says that it is ready.
fn service(world: &World, arguments: &[&str]) -> (Child, Value) {
    let mut command = Command::new(&world.executable);
    command.arg("--json").args(arguments).stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command).unwrap();
    let stdout = child.process().stdout.take().unwrap();
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).expect(&line))
}

/// Makes a verifier that listens on a free port, and knows the attester.
fn verifier(world: &World, state: &str) -> (Child, Value, Value) {
    let run = |arguments: &[&str]| {
        let arguments: Vec<_> = arguments.iter().map(std::ffi::OsStr::new).collect();
        world.veracruz(&arguments).expect("the verifier's command")
    };
    let named = run(&[
        "verifier",
        "init",
        "--state",
        state,
        "--name",
        "verifier.example",
    ]);
    let settings = Path::new(state).join("verifier.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("127.0.0.1:7445", "127.0.0.1:0")).unwrap();
    let attester = world.deployment.attester_key.as_str();
    run(&[
        "verifier",
        "enroll",
        "--state",
        state,
        "--attester",
        attester,
        "--name",
        "test",
    ]);
    let (child, said) = service(world, &["verifier", "serve", "--state", state]);
    (child, named, said)
}

#[test]
fn curl_uploads_to_an_isolate_that_a_verifier_certified_through_its_host() {
    let Some(world) = World::start() else { return };
    let state = world.folder().join("verifier");
    let state = state.to_str().unwrap();
    let (_verifier, named, said) = verifier(&world, state);
    let port = said["address"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap()
        .1;

    let (url, certificate) = (
        format!("https://localhost:{port}"),
        format!("{state}/tls.crt"),
    );
    let host_state = world.folder().join("second-host");
    let (_host, host) = service(
        &world,
        &[
            "host",
            "--listen",
            "127.0.0.1:0",
            "--management",
            "127.0.0.1:0",
            "--attester",
            world.deployment.attester_socket.to_str().unwrap(),
            "--state",
            host_state.to_str().unwrap(),
            "--runtime",
            world.runtime.to_str().unwrap(),
            "--verifier",
            &url,
            "--verifier-ca",
            &certificate,
        ],
    );
    let policy = world.policy("standard-client", |document| {
        document["verifiers"] = json!([named["verifier"]]);
        document["participants"]["acme"]["trust"] = "verifier".into();
        document["approval"]["required"] = json!(["globex", "lab"]);
    });
    let launched = world
        .veracruz(&[
            "launch".as_ref(),
            "--policy".as_ref(),
            policy.as_os_str(),
            "--management".as_ref(),
            host["management"].as_str().unwrap().as_ref(),
            "--token".as_ref(),
            host["token"].as_str().unwrap().as_ref(),
        ])
        .expect("an isolate");

    let participants = host["participants"].as_str().unwrap();
    let name = format!("{}.veracruz.internal", launched["policy"].as_str().unwrap());
    let curl = || {
        Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--cacert"])
            .arg(format!("{state}/ca.crt"))
            .arg("--cert")
            .arg(&world.acme.identity)
            .arg("--connect-to")
            .arg(format!("{name}:443:{participants}"))
            .arg("--upload-file")
            .arg(world.data.join("acme_airports.csv"))
            .arg(format!("https://{name}/v1/files/input/acme.csv"))
            .output()
            .expect("curl")
    };
    // The host asks the verifier once the isolate is there; until then curl trusts nobody (60).
    let mut answer = curl();
    for _ in 0..100 {
        if answer.status.code() != Some(60) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        answer = curl();
    }
    let said = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{said}");

    // Who checks the isolate itself sees that the file is there.
    let target = Target {
        policy: &policy,
        host: participants.parse().unwrap(),
    };
    let status = world
        .globex
        .call(&target, &["status"], &[])
        .expect("status");
    let missing = status["missing"].to_string();
    assert!(!missing.contains("/input/acme.csv"), "{status}");
    assert!(missing.contains("/input/globex.csv"), "{status}");
}
