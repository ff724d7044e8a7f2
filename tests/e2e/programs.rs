//! Programs that go wrong end their own run, with a reason, and nothing else.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use veracruz_cli::local::Party;
use veracruz_tests::{World, digest, refusal};

/// A world whose lab provides this program (in the text format), with tight limits.
fn with_program(name: &str, text: &str) -> Option<(World, PathBuf, PathBuf)> {
    let world = World::start()?;
    let program = world.folder().join("program.wasm");
    std::fs::write(&program, wat::parse_str(text).expect("a module")).unwrap();
    let policy = policy(&world, name, &program);
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    Some((world, policy, program))
}

fn policy(world: &World, name: &str, program: &Path) -> PathBuf {
    world.policy(name, |document| {
        document["files"]["/program/psi.wasm"]["sha256"] = digest(program).into();
        document["execution"] = json!({ "memory": "64MiB", "time": "1s" });
        for stage in document["pipeline"].as_array_mut().unwrap() {
            stage["trap"] = json!(["acme"]);
            stage["exit_code"] = json!(["lab"]);
        }
        document["approval"]["runs"] = 2.into();
        document["approval"]["approve"] = "once".into();
    })
}

fn provide(world: &World, policy: &Path, program: &Path) {
    world
        .upload(&world.lab, policy, "/program/psi.wasm", program)
        .expect("the program");
    for (party, path) in [
        (&world.acme, "/input/acme.csv"),
        (&world.globex, "/input/globex.csv"),
    ] {
        let file = world.data.join("acme_airports.csv");
        world.upload(party, policy, path, &file).expect("an input");
    }
}

/// Both runs that the policy allows end the same way: the isolate goes on after the first.
#[track_caller]
fn fails_twice(name: &str, text: &str, code: &str) {
    let Some((world, policy, program)) = with_program(name, text) else {
        return;
    };
    provide(&world, &policy, &program);
    for _ in 0..2 {
        let refused = refusal(world.acme.call(&world.target(&policy), &["run"], &[]));
        assert_eq!(refused.code, code, "{refused}");
        let nothing = refusal(world.download(&world.acme, &policy, "/output/overlap.csv"));
        assert_eq!(nothing.code, "VC-0405");
    }
}

#[test]
fn a_trap_ends_the_run_and_not_the_isolate() {
    fails_twice(
        "trap",
        r#"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#,
        "VC-0508",
    );
}

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    fails_twice(
        "loop",
        r#"(module (memory (export "memory") 1) (func (export "_start") (loop br 0)))"#,
        "VC-0509",
    );
}

#[test]
fn memory_beyond_the_limit_ends_the_run() {
    fails_twice(
        "memory",
        r#"(module (memory (export "memory") 1)
             (func (export "_start")
               (loop
                 (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
               unreachable))"#,
        "VC-0510",
    );
}

#[test]
fn an_exit_code_is_a_failure_without_a_reason_for_others() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 3))))"#;
    let Some((world, policy, program)) = with_program("exit", text) else {
        return;
    };
    provide(&world, &policy, &program);
    let target = world.target(&policy);
    // acme may know of traps, and starts it: it failed, and that is all.
    let refused = refusal(world.acme.call(&target, &["run"], &[]));
    assert_eq!(refused.code, "VC-0513", "{refused}");
    let told = |party: &Party| {
        let status = party.call(&target, &["status"], &[]).expect("a status");
        assert_eq!(status["run"]["outcome"], "failed");
        status["run"]["failure"].clone()
    };
    assert_eq!(told(&world.acme), Value::Null);
    assert_eq!(told(&world.globex), Value::Null);
    let failure = json!({ "stage": 1, "class": "program", "exit_code": 3 });
    assert_eq!(told(&world.lab), failure);
}

#[test]
fn a_program_that_cannot_be_compiled_is_refused_and_its_provider_told_why() {
    let text = r#"(module (import "env" "connect" (func)) (func (export "_start")))"#;
    let Some((world, policy, program)) = with_program("import", text) else {
        return;
    };
    provide(&world, &policy, &program);
    let refused = refusal(world.acme.call(&world.target(&policy), &["run"], &[]));
    assert_eq!(refused.code, "VC-0505", "{refused}");
    let status = world
        .lab
        .call(&world.target(&policy), &["status"], &[])
        .expect("a status");
    let program = status["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "/program/psi.wasm")
        .unwrap();
    assert_eq!(program["program"], "refused", "{status}");
}
