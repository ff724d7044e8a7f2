//! A pipeline whose stages depend on each other, by the command line.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use veracruz_tests::{World, digest, refusal};

/// Copies standard input to standard output, 64 KiB at the most.
const COPY: &str = r#"
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func $copy
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 65536))
        (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))"#;

/// A policy of three stages: `/program/psi.wasm` copies acme's file, `/program/second.wasm` copies
/// that, and the third stage, the first program again, has no file to run for.
fn three_stages(world: &World, name: &str, first: &Path, second: &Path) -> PathBuf {
    world.policy(name, |document| {
        let files = &mut document["files"];
        files["/program/psi.wasm"]["sha256"] = digest(first).into();
        files["/program/second.wasm"] = json!({ "provider": "lab", "sha256": digest(second) });
        files["/between/rows"] = json!({ "intermediate": true });
        files["/between/never"] = json!({ "intermediate": true });
        document["pipeline"] = json!([
            { "program": "/program/psi.wasm", "read": ["/input/acme.csv"], "write": ["/between/never"],
              "stdin": "/input/acme.csv", "stdout": "/between/rows", "trap": ["globex"] },
            { "program": "/program/second.wasm", "read": ["/between/rows"], "if_exists": "/between/rows",
              "stdin": "/between/rows", "stdout": "/output/overlap.csv", "trap": ["acme"] },
            { "program": "/program/psi.wasm", "if_exists": "/between/never" },
        ]);
    })
}

/// Everything up to the run, which acme starts.
fn run(
    world: &World,
    name: &str,
    second: &str,
) -> (PathBuf, Result<Value, veracruz_cli::local::LocalError>) {
    let program = |name: &str, end: &str| {
        let text = format!("(module {COPY} (func (export \"_start\") (call $copy) {end}))");
        let path = world.folder().join(name);
        std::fs::write(&path, wat::parse_str(text).expect("a module")).unwrap();
        path
    };
    let (first, second) = (program("first.wasm", ""), program("second.wasm", second));
    let policy = three_stages(world, name, &first, &second);
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    for (party, path, file) in [
        (&world.lab, "/program/psi.wasm", &first),
        (&world.lab, "/program/second.wasm", &second),
        (
            &world.acme,
            "/input/acme.csv",
            &world.data.join("acme_airports.csv"),
        ),
        (
            &world.globex,
            "/input/globex.csv",
            &world.data.join("globex_airports.csv"),
        ),
    ] {
        world.upload(party, &policy, path, file).expect("an upload");
    }
    let ended = world.acme.call(&world.target(&policy), &["run"], &[]);
    (policy, ended)
}

#[test]
fn stages_print_to_each_other_and_are_left_out_where_there_is_nothing_for_them() {
    let Some(world) = World::start() else { return };
    let (policy, ended) = run(&world, "prints", "");
    ended.expect("the run finishes");
    let output = world
        .download(&world.acme, &policy, "/output/overlap.csv")
        .expect("an output");
    let input = std::fs::read(world.data.join("acme_airports.csv")).unwrap();
    let copied = std::fs::read(output).unwrap();
    assert!(!copied.is_empty());
    assert_eq!(copied, &input[..input.len().min(65536)]);
}

#[test]
fn which_stage_failed_and_why_is_told_to_whom_that_stage_names_and_to_nobody_else() {
    let Some(world) = World::start() else { return };
    let (policy, ended) = run(&world, "fails", "unreachable");
    let refused = refusal(ended);
    assert_eq!(refused.code, "VC-0508", "{refused}");
    assert!(
        refused
            .message
            .contains("stage 2: the program ended in a trap"),
        "{refused}"
    );
    let nothing = refusal(world.download(&world.acme, &policy, "/output/overlap.csv"));
    assert_eq!(nothing.code, "VC-0405");
    for (party, told) in [
        (&world.acme, true),
        (&world.globex, false),
        (&world.lab, false),
    ] {
        let status = party
            .call(&world.target(&policy), &["status"], &[])
            .expect("a status");
        assert_eq!(status["run"]["outcome"], "failed");
        assert_eq!(status["run"]["failure"]["stage"] == 2, told, "{status}");
        assert_eq!(status["run"].get("failure").is_some(), told, "{status}");
    }
}
