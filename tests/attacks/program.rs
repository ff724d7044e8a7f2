//! A program that wants out, and one that is not the agreed one.

use veracruz_tests::{World, digest, refusal};

#[test]
fn another_program_than_the_pinned_one_is_refused_by_the_isolate_itself() {
    let Some(world) = World::start() else { return };
    let policy = world.policy("pinned", |_| {});
    world.launch(&policy).expect("an isolate");
    world.approve_all(&policy);
    let other = world.folder().join("other.wasm");
    std::fs::write(&other, wat::parse_str("(module)").unwrap()).unwrap();
    let refused = refusal(world.upload(&world.lab, &policy, "/program/psi.wasm", &other));
    assert_eq!(refused.code, "VC-0412", "{refused}");
}

/// Reads what it may not, writes what it may not, and says by its exit code how far it got.
const THIEF: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "input/globex.csv")
  (data (i32.const 32) "../input/globex.csv")
  (data (i32.const 64) "program/psi.wasm")
  (data (i32.const 96) "output/summary.json")
  (func $try (param $path i32) (param $length i32) (param $flags i32) (param $rights i64)
    ;; 1 where it could be opened.
    (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (local.get $path) (local.get $length)
          (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 512)))
      (then (call $exit (i32.const 1)))))
  (func (export "_start")
    (call $try (i32.const 0) (i32.const 16) (i32.const 0) (i64.const 2))
    (call $try (i32.const 32) (i32.const 19) (i32.const 0) (i64.const 2))
    (call $try (i32.const 64) (i32.const 16) (i32.const 0) (i64.const 2))
    ;; Create and write: the right of another stage.
    (call $try (i32.const 96) (i32.const 19) (i32.const 1) (i64.const 64))))"#;

#[test]
fn a_program_reads_and_writes_what_its_stage_may_and_nothing_else() {
    let Some(world) = World::start() else { return };
    let program = world.folder().join("thief.wasm");
    std::fs::write(&program, wat::parse_str(THIEF).unwrap()).unwrap();
    let run = |name: &str, read: &[&str]| {
        let policy = world.policy(name, |document| {
            document["files"]["/program/psi.wasm"]["sha256"] = digest(&program).into();
            document["pipeline"] = serde_json::json!([
                { "program": "/program/psi.wasm", "read": read, "write": ["/output/overlap.csv"] },
            ]);
        });
        world.launch(&policy).expect("an isolate");
        world.approve_all(&policy);
        world
            .upload(&world.lab, &policy, "/program/psi.wasm", &program)
            .expect("the program");
        for (party, path) in [
            (&world.acme, "/input/acme.csv"),
            (&world.globex, "/input/globex.csv"),
        ] {
            let file = world.data.join("acme_airports.csv");
            world.upload(party, &policy, path, &file).expect("an input");
        }
        world.acme.call(&world.target(&policy), &["run"], &[])
    };
    // The run finishes: every attempt was refused.
    run("thief", &["/input/acme.csv"]).expect("it could open nothing");
    // The same program, allowed to read, does open it: the test can fail.
    assert_eq!(
        refusal(run("allowed", &["/input/acme.csv", "/input/globex.csv"])).code,
        "VC-0513"
    );
}
