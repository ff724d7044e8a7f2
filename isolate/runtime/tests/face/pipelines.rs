//! Stages that depend on each other, and who learns what of a stage that fails.

use crate::client::{Client, provision};
use crate::isolate::{Isolate, idle};
use crate::runs::{run, wait};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Prints `text`, then copies its standard input to its standard output, then ends as `end` says.
fn talking(text: &str, end: &str) -> Vec<u8> {
    let length = text.len();
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_read" (func $read
                (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write
                (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 256) "{text}")
            (func $print (param $length i32)
                (i32.store (i32.const 20) (local.get $length))
                (if (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))
                    (then unreachable)))
            (func (export "_start")
                (i32.store (i32.const 16) (i32.const 256))
                (call $print (i32.const {length}))
                (i32.store (i32.const 20) (i32.const 1024))
                (if (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24))
                    (then unreachable))
                (call $print (i32.load (i32.const 24)))
                {end}))"#
    ))
    .unwrap()
}

/// An intermediate file, and more fields of the two stages.
fn pipeline(first: Value, second: Value) -> impl FnOnce(&mut Value) {
    move |document| {
        document["files"]["/between"] = json!({ "intermediate": true, "max_bytes": "1KiB" });
        for (index, fields) in [first, second].into_iter().enumerate() {
            let stage = document["pipeline"][index].as_object_mut().unwrap();
            stage.insert("write".into(), json!([]));
            stage.insert("read".into(), json!(["/input/"]));
            stage.extend(fields.as_object().unwrap().clone());
        }
    }
}

/// The latest run in the status of a participant.
fn last_run(client: &mut Client) -> Value {
    client.get("/v1/status").json()["run"].clone()
}

#[test]
fn one_stage_prints_what_the_next_reads() {
    let (first, second) = (talking("one ", ""), talking("two ", ""));
    let edit = pipeline(
        json!({ "stdin": "/input/acme.csv", "stdout": "/between" }),
        json!({
            "read": ["/between"],
            "if_exists": "/between", "stdin": "/between", "stdout": "/output/a",
        }),
    );
    let isolate = Isolate::with(4096, &[&first, &second], edit);
    let (mut acme, ended) = run(&isolate, &[&first, &second]);
    assert_eq!(ended.json()["outcome"], "finished");
    assert_eq!(acme.get("/v1/files/output/a").body, b"two one x");
}

#[test]
fn what_is_printed_for_nobody_is_no_mistake() {
    let program = talking("secret", "");
    let isolate = Isolate::with(4096, &[&program], |_| {});
    let (mut acme, ended) = run(&isolate, &[&program]);
    assert_eq!(ended.json()["outcome"], "finished");
    assert_eq!(acme.get("/v1/files/output/a").body, b"");
}

#[test]
fn a_stage_is_left_out_where_its_file_does_not_exist() {
    let (first, second) = (idle(), talking("", "unreachable"));
    let edit = pipeline(
        json!({ "write": ["/between"] }),
        json!({ "if_exists": "/between", "stdout": "/output/a", "trap": ["acme"] }),
    );
    let isolate = Isolate::with(4096, &[&first, &second], edit);
    let (mut acme, ended) = run(&isolate, &[&first, &second]);
    assert_eq!(ended.json()["outcome"], "finished");
    assert_eq!(acme.get("/v1/files/output/a").body, b"");
}

#[test]
fn a_stage_that_fails_stops_the_pipeline_and_says_so_to_those_it_names() {
    let (first, second) = (
        talking("", "(call $exit (i32.const 3))"),
        talking("two", ""),
    );
    let edit = pipeline(
        json!({ "stdout": "/output/a", "exit_code": ["acme"], "trap": ["lab"] }),
        json!({ "stdout": "/output/b", "trap": ["lab"] }),
    );
    let isolate = Isolate::with(4096, &[&first, &second], edit);
    let (mut acme, ended) = run(&isolate, &[&first, &second]);
    let failure = json!({ "stage": 1, "class": "program", "exit_code": 3 });
    assert_eq!(ended.json()["failure"], failure);
    assert_eq!(last_run(&mut acme)["failure"], failure);
    let mut lab = isolate.attested(&isolate.lab);
    assert_eq!(last_run(&mut lab)["outcome"], "failed");
    assert_eq!(last_run(&mut lab)["failure"], Value::Null);
    // What it printed before is an output, and a run that failed releases none.
    for output in ["/v1/files/output/a", "/v1/files/output/b"] {
        assert_ne!(acme.get(output).status, 200);
    }
}

#[test]
fn a_limit_is_named_to_those_whom_the_stage_names() {
    let (first, second) = (idle(), talking("more than five", ""));
    let edit = pipeline(
        json!({ "trap": ["acme"] }),
        json!({
            "stdin": "/input/acme.csv", "stdout": "/output/a", "limits": { "stdout_bytes": 5 },
            "trap": ["lab"],
        }),
    );
    let isolate = Isolate::with(4096, &[&first, &second], edit);
    let (_, ended) = run(&isolate, &[&first, &second]);
    assert_eq!(ended.json()["failure"], Value::Null);
    let told = &last_run(&mut isolate.attested(&isolate.lab))["failure"];
    assert_eq!(
        (&told["stage"], &told["class"]),
        (&json!(2), &json!("limit"))
    );
    let reason = told["reason"].as_str().unwrap();
    assert!(reason.contains("`stdout_bytes` of 5 bytes"), "{reason}");
}

#[test]
fn a_program_that_is_taken_back_is_not_compiled_any_longer() {
    // Seconds of compiling in any build, and nothing that is needed.
    let function = "(func (param i32) (result i32)
        (i32.mul (i32.add (local.get 0) (i32.const 3)) (local.get 0)))";
    let long = function.repeat(100_000);
    let long = wat::parse_str(format!("(module {long} (func (export \"_start\")))")).unwrap();
    let short = idle();
    let isolate = Isolate::with(4096, &[&short], |document| {
        let program = document["files"]["/program/0.wasm"]
            .as_object_mut()
            .unwrap();
        program.remove("sha256");
    });
    let path = "/v1/files/program/0.wasm";
    let mut lab = isolate.attested(&isolate.lab);
    let jose = vec!["Content-Type: application/jose".to_owned()];
    let put = |lab: &mut Client, program: &[u8]| {
        assert_eq!(
            lab.ask("PUT", path, &provision(program), program).status,
            201
        );
    };
    // An approval names the program: this one is refused, and a provider need not have approved.
    let _ = lab.ask("PUT", "/v1/approval", &jose, &isolate.approval());
    put(&mut lab, &long);
    let compiling = lab.get("/v1/status").json()["files"].clone();
    assert!(
        compiling.to_string().contains("\"compiling\""),
        "{compiling}"
    );
    let start = Instant::now();
    assert_eq!(lab.ask("DELETE", path, &[], &[]).status, 204);
    put(&mut lab, &short);
    wait(&mut lab, "/v1/status", |status| {
        status["files"].to_string().contains("\"compiled\"")
    });
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}
