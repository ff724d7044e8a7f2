//! `veracruz check`, by the binary: what it counts of components.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A component that can be run, with a module of 400 pages that is instantiated so often.
fn component(instances: usize) -> Vec<u8> {
    let instances = "(core instance (instantiate $n))".repeat(instances);
    wat::parse_str(format!(
        r#"(component
        (core module $n (memory 400)) {instances}
        (core module $m (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $command)))"#
    ))
    .unwrap()
}

fn check(program: &Path, more: &[&str]) -> (bool, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .arg("check")
        .arg(program)
        .arg("--json")
        .args(more)
        .output()
        .expect("the binary runs");
    let printed = match output.status.success() {
        true => &output.stdout,
        false => &output.stderr,
    };
    let document = serde_json::from_slice(printed).expect("JSON");
    (output.status.success(), document)
}

#[test]
fn the_memories_of_all_instances_of_a_component_count() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program.wasm");
    // The policy's second program is not pinned, and has 64 MiB.
    let policy = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../common/policy/tests/data/overlap.json"
    );
    let under = ["--policy", policy, "--path", "/program/sum.wasm"];

    std::fs::write(&program, component(2)).unwrap();
    let (fits, found) = check(&program, &under);
    assert!(fits, "{found}");
    assert_eq!(found["at_start"]["memories"], 2);
    assert_eq!(found["at_start"]["memory_bytes"], 2 * 400 * 65_536);

    std::fs::write(&program, component(3)).unwrap();
    assert!(check(&program, &[]).0);
    let (fits, refused) = check(&program, &under);
    assert!(!fits);
    let words = refused.to_string();
    let expected = "it starts with 78643200 bytes of memory, at most 67108864";
    assert!(words.contains(expected), "{words}");

    // More than any program can have.
    std::fs::write(&program, component(17)).unwrap();
    let (fits, refused) = check(&program, &[]);
    assert!(!fits);
    let words = refused.to_string();
    assert!(
        words.contains("it starts with 17 memories, at most 16"),
        "{words}"
    );
}
