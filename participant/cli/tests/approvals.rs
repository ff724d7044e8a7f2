//! `veracruz policy approve`, `policy approvals` and `ledger`, as people call them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(unix)]
mod terminal;

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const X: &str = "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq";
const Y: &str = "aibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaiba";

/// A folder with the identities of acme, globex and mallory, and policies between the first two.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let certificate = |name: &str| {
            let made = desk.call(&[
                "identity",
                "new",
                "--name",
                name,
                "--out",
                &format!("{name}.pem"),
            ]);
            json_of(&made)["certificate"].clone()
        };
        let mut policy = json!({
            "veracruz": 1, "name": "test",
            "participants": {
                "acme": { "certificate": certificate("acme") },
                "globex": { "certificate": certificate("globex") },
            },
            "files": {
                "/program/p.wasm": { "provider": "acme", "sha256": "1".repeat(64) },
                "/input/globex": { "provider": "globex", "max_bytes": "1MiB" },
                "/output/result": { "receivers": ["acme"], "max_bytes": "1MiB" },
            },
            "pipeline": [{
                "program": "/program/p.wasm", "read": ["/input/"], "write": ["/output/result"],
            }],
            "isolates": { "process": { "runtime": ["2".repeat(64)], "attesters": ["3".repeat(64)] } },
            "unprotected": true,
            "approval": { "run_by": ["acme"], "runs": 1 },
        });
        certificate("mallory");
        desk.write("policy.json", &policy.to_string());
        policy["expires"] = "2026-01-01T00:00:00Z".into();
        desk.write("over.json", &policy.to_string());
        let fields = policy.as_object_mut().unwrap();
        fields.remove("expires");
        let program = fields["files"]["/program/p.wasm"].as_object_mut().unwrap();
        program.remove("sha256");
        desk.write("open.json", &policy.to_string());
        desk.write("p.wasm", "a program");
        desk
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.0.path().join(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).arg("--json").output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veracruz"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env_remove("VERACRUZ_IDENTITY")
            .env_remove("VERACRUZ_POLICY")
            .stdin(Stdio::null());
        command
    }

    fn approve(&self, policy: &str, who: &str, more: &[&str]) -> Output {
        let identity = format!("{who}.pem");
        let fixed = [
            "policy",
            "approve",
            policy,
            "--identity",
            &identity,
            "--yes",
        ];
        self.call(&[&fixed, more].concat())
    }

    /// The code with which it is refused, and the exit code.
    #[track_caller]
    fn refused(&self, policy: &str, who: &str, more: &[&str]) -> (String, i32) {
        let output = self.approve(policy, who, more);
        assert!(output.stdout.is_empty(), "{output:?}");
        let error: Value = serde_json::from_slice(&output.stderr).expect("an error");
        let code = error["code"].as_str().unwrap().to_owned();
        assert!(!error["hint"].as_str().unwrap().is_empty());
        (code, output.status.code().unwrap())
    }
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn approve_refuses_what_no_isolate_would_take() {
    let desk = Desk::new();
    let refused = |policy, who, more: &[&str]| desk.refused(policy, who, more);
    let any = ["--any-instance"];
    assert_eq!(refused("open.json", "acme", &any), ("VC-0308".into(), 3));
    assert_eq!(refused("over.json", "acme", &any), ("VC-0314".into(), 3));
    assert_eq!(
        refused("policy.json", "mallory", &any),
        ("VC-0206".into(), 3)
    );
    let unnamed = ["--instance", X];
    assert_eq!(
        refused("open.json", "acme", &unnamed),
        ("VC-0309".into(), 3)
    );
    let twice = ["--instance", X, "--instance", X];
    assert_eq!(
        refused("policy.json", "acme", &twice),
        ("VC-0301".into(), 3)
    );
    let past = ["--any-instance", "--expires", "2026-01-01T00:00:00Z"];
    assert_eq!(refused("policy.json", "acme", &past), ("VC-0311".into(), 3));
    let pinned = ["--any-instance", "--program", "/program/p.wasm=p.wasm"];
    assert_eq!(
        refused("policy.json", "acme", &pinned),
        ("VC-0412".into(), 3)
    );
    let no_program = ["--instance", X, "--program", "/input/globex=p.wasm"];
    assert_eq!(
        refused("open.json", "acme", &no_program),
        ("VC-0309".into(), 3)
    );
    // Neither one instance nor any, or both, is no command.
    assert_eq!(
        desk.approve("policy.json", "acme", &[]).status.code(),
        Some(2)
    );
    let both = ["--any-instance", "--instance", X];
    assert_eq!(
        desk.approve("policy.json", "acme", &both).status.code(),
        Some(2)
    );
    // Nothing of all that was noted.
    assert!(!desk.0.path().join("acme.pem.ledger.json").exists());
}

#[test]
fn approve_shows_what_is_signed_and_does_not_sign_without_being_told() {
    let desk = Desk::new();
    let fixed = ["policy", "approve", "open.json", "--identity", "globex.pem"];
    let named = [
        "--instance",
        X,
        "--program",
        "/program/p.wasm=p.wasm",
        "--out",
        "g.jws",
    ];
    let asked = desk
        .command(&[&fixed[..], &named].concat())
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    let shown = String::from_utf8(asked.stderr).unwrap();
    for words in [
        "For globex:",
        "You approve, as globex:",
        &format!("at instance {X}"),
        "with /program/p.wasm of SHA-256 ",
        "expected --yes",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!desk.0.path().join("g.jws").exists());

    let signed = desk
        .command(&[&fixed[..], &named, &["--yes"]].concat())
        .output()
        .unwrap();
    assert!(signed.status.success(), "{signed:?}");
    let said = String::from_utf8(signed.stdout).unwrap();
    assert!(said.starts_with("signed as globex: g.jws\n"), "{said}");
    let statement = desk.read("g.jws");
    assert_eq!(statement.trim().split('.').count(), 3);
    // What is there is not replaced, and nothing else is signed in the attempt.
    let again = desk.refused("open.json", "globex", &named);
    assert_eq!(again, ("VC-0811".into(), 3));
    assert_eq!(desk.read("g.jws"), statement);
    let forced = desk.approve("open.json", "globex", &[&named[..], &["--force"]].concat());
    assert!(forced.status.success());
    assert_ne!(desk.read("g.jws"), statement);

    // Where it is printed, only the statement is.
    let printed = desk
        .command(&[&fixed[..], &named[..4], &["--yes"]].concat())
        .output()
        .unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(
        (text.lines().count(), text.trim().split('.').count()),
        (1, 3)
    );
}

#[test]
#[cfg(unix)]
fn a_person_is_shown_the_terms_and_asked_before_anything_is_signed() {
    let desk = Desk::new();
    let command = format!(
        "{} policy approve policy.json --identity acme.pem --any-instance --out a.jws",
        env!("CARGO_BIN_EXE_veracruz")
    );
    for (answer, code, signed) in [("n", 9, false), ("y", 0, true)] {
        let terminal = terminal::Terminal::start(desk.0.path(), &command);
        let Some(mut terminal) = terminal else { return };
        terminal.answer("Sign this as acme?", answer);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, Some(code), "{shown}");
        let terms = shown.find("at every isolate of it").expect("the terms");
        assert!(terms < shown.find("Sign this").unwrap(), "{shown}");
        assert_eq!(shown.contains("nothing was signed"), !signed, "{shown}");
        assert_eq!(desk.0.path().join("a.jws").exists(), signed);
        let ledger = desk.0.path().join("acme.pem.ledger.json");
        let noted = ledger.exists() && desk.read("acme.pem.ledger.json").contains("\"approvals\"");
        assert_eq!(noted, signed);
    }
}

#[test]
fn a_second_instance_is_not_approved_by_mistake() {
    let desk = Desk::new();
    assert!(
        desk.approve("policy.json", "acme", &["--instance", X])
            .status
            .success()
    );
    let second = desk.refused("policy.json", "acme", &["--instance", Y]);
    assert_eq!(second, ("VC-0803".into(), 4));
    let both = ["--instance", X, "--instance", Y, "--again"];
    assert!(desk.approve("policy.json", "acme", &both).status.success());
    let shown = json_of(&desk.call(&["ledger", "show", "policy.json", "--identity", "acme.pem"]));
    assert_eq!(shown["name"], "test");
    assert_eq!(shown["instances"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(shown["approvals"][1]["instances"], json!([X, Y]));
    let hash = json_of(&desk.call(&["policy", "hash", "policy.json"]))["hash"].clone();
    let listed = json_of(&desk.call(&["ledger", "list", "--identity", "acme.pem"]));
    assert_eq!(listed["policies"][0]["policy"], hash);
    // Found by its hash too, when the file is gone.
    let hash = hash.as_str().unwrap();
    let by_hash = json_of(&desk.call(&["ledger", "show", hash, "--identity", "acme.pem"]));
    assert_eq!(by_hash, shown);
    let nothing = json_of(&desk.call(&["ledger", "list", "--identity", "globex.pem"]));
    assert_eq!(nothing["policies"], json!([]));
}

#[test]
fn approvals_says_who_is_missing_what_is_forged_and_what_is_no_approval() {
    let desk = Desk::new();
    for who in ["acme", "globex"] {
        let file = format!("{who}.jws");
        let signed = desk.approve("policy.json", who, &["--any-instance", "--out", &file]);
        assert!(signed.status.success(), "{signed:?}");
    }
    let judge = |more: &[&str]| {
        let fixed = ["policy", "approvals", "policy.json"];
        let output = desk.call(&[&fixed, more].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), document)
    };
    let (code, document) = judge(&["acme.jws"]);
    assert_eq!((code, &document["missing"]), (9, &json!(["globex"])));
    let (code, document) = judge(&["acme.jws", "globex.jws", "--bundle", "both.json"]);
    assert_eq!(
        (code, &document["complete"]),
        (0, &json!(true)),
        "{document}"
    );
    assert_eq!(judge(&["both.json", "acme.jws"]).0, 0);
    assert_eq!(judge(&["both.json", "--bundle", "both.json"]).0, 3);
    assert_eq!(judge(&["both.json", "--instance", X]).0, 0);

    // Globex's claims under acme's signature.
    let parts = |name: &str| {
        desk.read(name)
            .trim()
            .split('.')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (acme, globex) = (parts("acme.jws"), parts("globex.jws"));
    desk.write(
        "forged.jws",
        &format!("{}.{}.{}", globex[0], globex[1], acme[2]),
    );
    let (code, document) = judge(&["acme.jws", "forged.jws"]);
    assert_eq!(
        (code, &document["approvals"][1]["verdict"]),
        (4, &json!("refused"))
    );
    let (code, _) = judge(&["acme.jws", "forged.jws", "--bundle", "bad.json"]);
    assert_eq!(code, 4);
    assert!(
        !desk.0.path().join("bad.json").exists(),
        "nothing forged is passed on"
    );

    // A bundle of another policy, and files that are something else.
    let other = desk.call(&["policy", "approvals", "open.json", "both.json"]);
    assert_eq!(other.status.code(), Some(3));
    assert!(String::from_utf8(other.stderr).unwrap().contains("VC-0840"));
    assert_eq!(judge(&["policy.json"]).0, 3);
    assert_eq!(judge(&["p.wasm"]).0, 3);
    assert_eq!(judge(&["absent.jws"]).0, 3);
}
