//! Runs of real programs.

use crate::client::{Client, Response, provision};
use crate::isolate::{Isolate, idle};
use std::time::Duration;

/// A program that appends `text` to the file `path`, and then removes `removed`, if it is there.
fn appending(path: &str, text: &str, removed: &str) -> Vec<u8> {
    let (path_len, text_len, removed_len) = (path.len(), text.len(), removed.len());
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "path_open" (func $open
                (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write
                (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink
                (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 64) "{path}")
            (data (i32.const 256) "{text}")
            (data (i32.const 512) "{removed}")
            (func $must (param i32) (if (local.get 0) (then unreachable)))
            (func (export "_start")
                (i32.store (i32.const 16) (i32.const 256))
                (i32.store (i32.const 20) (i32.const {text_len}))
                (call $must (call $open (i32.const 3) (i32.const 0)
                    (i32.const 64) (i32.const {path_len}) (i32.const 1)
                    (i64.const 64) (i64.const 0) (i32.const 1) (i32.const 8)))
                (call $must (call $write (i32.load (i32.const 8))
                    (i32.const 16) (i32.const 1) (i32.const 24)))
                (drop (call $unlink (i32.const 3) (i32.const 512) (i32.const {removed_len})))))"#
    ))
    .unwrap()
}

/// Provides everything, runs, and waits for the end.
pub(crate) fn run(isolate: &Isolate, programs: &[&[u8]]) -> (Client, Response) {
    let mut lab = isolate.attested(&isolate.lab);
    let jose = vec!["Content-Type: application/jose".to_owned()];
    let approved = lab.ask("PUT", "/v1/approval", &jose, &isolate.approval());
    assert_eq!(
        approved.status,
        204,
        "{}",
        String::from_utf8_lossy(&approved.body)
    );
    for (index, program) in programs.iter().enumerate() {
        let path = format!("/v1/files/program/{index}.wasm");
        assert_eq!(
            lab.ask("PUT", &path, &provision(program), program).status,
            201
        );
    }
    let mut acme = isolate.acme();
    let input = "/v1/files/input/acme.csv";
    assert_eq!(acme.ask("PUT", input, &provision(b"x"), b"x").status, 201);
    let ready = wait(&mut acme, "/v1/status", |status| status["state"] == "ready");
    let seen = vec![format!("If-Match: {}", ready.header("etag"))];
    let started = acme.ask("POST", "/v1/runs", &seen, &[]);
    assert_eq!(
        started.status,
        201,
        "{}",
        String::from_utf8_lossy(&started.body)
    );
    let ended = wait(&mut acme, "/v1/runs/1", |run| {
        run["outcome"] != "running" && run["receipt"] == true
    });
    (acme, ended)
}

pub(crate) fn wait(
    client: &mut Client,
    path: &str,
    done: impl Fn(&serde_json::Value) -> bool,
) -> Response {
    for _ in 0..1000 {
        let answer = client.get(path);
        if done(&answer.json()) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{path}: it took too long")
}

#[test]
fn an_output_that_nobody_wrote_is_an_empty_file() {
    let program = idle();
    let isolate = Isolate::with(4096, &[&program], |_| {});
    let (mut acme, ended) = run(&isolate, &[&program]);
    assert_eq!(ended.json()["outcome"], "finished");
    let output = acme.get("/v1/files/output/a");
    assert_eq!((output.status, output.body.len()), (200, 0));
    assert!(!output.header("veracruz-opening").is_empty());
    assert_eq!(acme.get("/v1/runs/1/receipt").status, 200);
}

#[test]
fn a_stage_goes_on_with_what_the_one_before_wrote_and_what_it_removes_is_gone() {
    let first = appending("output/a", "one", "output/none");
    let second = appending("output/b", "two", "output/none");
    let third = appending("output/a", "three", "output/b");
    let programs: [&[u8]; 3] = [&first, &second, &third];
    let isolate = Isolate::with(4096, &programs, |_| {});
    let (mut acme, ended) = run(&isolate, &programs);
    assert_eq!(ended.json()["outcome"], "finished", "{}", ended.json());
    assert_eq!(acme.get("/v1/files/output/a").body, b"onethree");
    assert_eq!(acme.get("/v1/files/output/b").body, b"");
}

#[test]
fn a_trap_ends_the_run_and_not_the_isolate() {
    let trap = r#"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#;
    let trap = wat::parse_str(trap).unwrap();
    let isolate = Isolate::with(4096, &[&trap], |document| {
        document["pipeline"][0]["trap"] = serde_json::json!(["acme"]);
    });
    let (mut acme, ended) = run(&isolate, &[&trap]);
    let failure = &ended.json()["failure"];
    assert_eq!(
        (&failure["stage"], &failure["class"]),
        (&1.into(), &"program".into())
    );
    assert!(
        failure["reason"]
            .as_str()
            .unwrap()
            .contains("`unreachable` was reached")
    );
    assert_eq!(acme.get("/v1/files/output/a").code(), "VC-0405");
    assert_eq!(acme.get("/v1/runs/1/receipt").status, 200);
}

#[test]
fn an_interpreted_program_writes_what_a_compiled_one_does() {
    let program = appending("output/a", "one", "output/none");
    let outputs = ["compiled", "interpreted"].map(|strategy| {
        let isolate = Isolate::with(4096, &[&program], |document| {
            document["execution"]["strategy"] = strategy.into();
        });
        let (mut acme, ended) = run(&isolate, &[&program]);
        assert_eq!(ended.json()["outcome"], "finished", "{}", ended.json());
        acme.get("/v1/files/output/a").body
    });
    assert_eq!(outputs, [b"one", b"one"]);
}

#[test]
fn fuel_is_a_limit_like_any_other_and_each_stage_has_its_own() {
    let program = appending("output/a", "one", "output/none");
    let programs: [&[u8]; 2] = [&program, &program];
    let with = |fuel: u64| {
        let isolate = Isolate::with(4096, &programs, |document| {
            document["execution"]["fuel"] = 1_000_000.into();
            document["pipeline"][1]["limits"] = serde_json::json!({ "fuel": fuel });
            document["pipeline"][1]["trap"] = serde_json::json!(["acme"]);
        });
        run(&isolate, &programs).1.json()
    };
    assert_eq!(with(1_000_000)["outcome"], "finished");
    let ended = with(1);
    assert_eq!(ended["failure"]["class"], "limit", "{ended}");
}
