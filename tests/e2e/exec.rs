//! `veracruz exec` runs a program as an isolate would, without one.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use veracruz_tests::World;

/// A folder with the example's inputs, and an empty one for its outputs.
fn folders(world: &World) -> (PathBuf, PathBuf) {
    let (input, output) = (world.folder().join("input"), world.folder().join("output"));
    for folder in [&input, &output] {
        std::fs::create_dir(folder).unwrap();
    }
    for party in ["acme", "globex"] {
        let data = world.data.join(format!("{party}_airports.csv"));
        std::fs::copy(data, input.join(format!("{party}.csv"))).unwrap();
    }
    (input, output)
}

fn exec(world: &World, program: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(&world.executable);
    command
        .arg("--json")
        .arg("exec")
        .arg(program)
        .args(arguments);
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

fn mount(host: &Path, guest: &str) -> String {
    format!("--dir={}:{guest}", host.display())
}

#[test]
fn the_examples_answer_is_the_published_one_under_both_strategies() {
    let Some(world) = World::start() else { return };
    let (input, output) = folders(&world);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(world.data.join("expected.json")).unwrap()).unwrap();
    let mut outputs = Vec::new();
    for strategy in ["--strategy=compiled", "--strategy=interpreted"] {
        let folders = [mount(&input, "/input"), mount(&output, "/output")];
        let arguments = [folders[0].as_str(), &folders[1], strategy, "--stats"];
        let ended = exec(&world, &world.program, &arguments);
        assert!(ended.status.success(), "{ended:?}");
        let stats: Value = serde_json::from_slice(&ended.stderr).unwrap();
        assert!(stats["peak_memory"].as_u64().unwrap() > 0, "{stats}");
        let summary = std::fs::read(output.join("summary.json")).unwrap();
        let found: Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(found["intersection"], expected["intersection"]);
        outputs.push((summary, std::fs::read(output.join("overlap.csv")).unwrap()));
    }
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn a_policy_gives_rights_and_limits_as_in_an_isolate() {
    let Some(world) = World::start() else { return };
    let (input, output) = folders(&world);
    let folders = [mount(&input, "/input"), mount(&output, "/output")];
    let under = |policy: &Path| {
        let policy = format!("--policy={}", policy.display());
        exec(&world, &world.program, &[&folders[0], &folders[1], &policy])
    };
    assert!(under(&world.policy("granted", |_| {})).status.success());

    let denied = world.policy("denied", |document| {
        document["pipeline"][0]["read"] = serde_json::json!(["/input/acme.csv"]);
    });
    let ended = under(&denied);
    assert_eq!(
        ended.status.code(),
        Some(1),
        "the program's own exit code: {ended:?}"
    );
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(complaint.contains("globex"), "{complaint}");

    let narrow = world.policy("fuel", |document| {
        document["execution"]["fuel"] = 1000.into();
    });
    let ended = under(&narrow);
    let refused: Value = serde_json::from_slice(&ended.stderr).unwrap();
    assert_eq!(
        (ended.status.code(), &refused["code"]),
        (Some(5), &"VC-0511".into())
    );
}

/// Writes one file, removes another and ends with 7; its folder is called `.`.
const EDITOR: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "new.txt")
  (data (i32.const 16) "old.txt")
  (data (i32.const 32) "hello\n")
  (data (i32.const 64) "\20\00\00\00\06\00\00\00")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 128)))
    (drop (call $write (i32.load (i32.const 128)) (i32.const 64) (i32.const 1) (i32.const 132)))
    (drop (call $unlink (i32.const 3) (i32.const 16) (i32.const 7)))
    (drop (call $write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 132)))
    (call $exit (i32.const 7))))"#;

#[test]
fn what_changed_is_written_back_and_the_exit_code_passes_through() {
    let Some(world) = World::start() else { return };
    let program = world.folder().join("editor.wasm");
    std::fs::write(&program, wat::parse_str(EDITOR).unwrap()).unwrap();
    let folder = world.folder().join("desk");
    std::fs::create_dir(&folder).unwrap();
    for name in ["old.txt", "kept.txt"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
    let ended = exec(&world, &program, &[&mount(&folder, ".")]);
    assert_eq!(
        (ended.status.code(), ended.stdout.as_slice()),
        (Some(7), &b"hello\n"[..])
    );
    assert_eq!(std::fs::read(folder.join("new.txt")).unwrap(), b"hello\n");
    assert_eq!(std::fs::read(folder.join("kept.txt")).unwrap(), b"kept.txt");
    assert!(!folder.join("old.txt").exists());
}

/// Without a folder there is none; the trap's exit code is that of other runners.
const NOTHING_OPEN: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_prestat_get"
    (func $prestat (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.ne (call $prestat (i32.const 3) (i32.const 0)) (i32.const 8))
      (then (unreachable)))))"#;

#[test]
fn a_folder_has_the_same_name_where_none_is_given_and_without_folders_nothing_is_open() {
    let Some(world) = World::start() else { return };
    let program = world.folder().join("nothing.wasm");
    std::fs::write(&program, wat::parse_str(NOTHING_OPEN).unwrap()).unwrap();
    assert_eq!(exec(&world, &program, &[]).status.code(), Some(0));
    let folder = world.folder().join("open");
    std::fs::create_dir(&folder).unwrap();
    let ended = exec(&world, &program, &[&format!("--dir={}", folder.display())]);
    assert_eq!(ended.status.code(), Some(134), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
}

/// Prints what comes in, as it comes.
const ECHO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read"
    (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (loop $again
      (i32.store (i32.const 4) (i32.const 1000))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
      (if (i32.load (i32.const 4))
        (then
          (br_if $again (i32.eqz
            (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))))))"#;

#[test]
fn one_can_speak_with_a_program_and_stop_listening() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    let Some(world) = World::start() else { return };
    let program = world.folder().join("echo.wasm");
    std::fs::write(&program, wat::parse_str(ECHO).unwrap()).unwrap();
    let mut child = Command::new(&world.executable)
        .arg("exec")
        .arg(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for said in ["one\n", "two\n"] {
        input.write_all(said.as_bytes()).unwrap();
        let mut heard = String::new();
        output.read_line(&mut heard).unwrap();
        assert_eq!(heard, said);
    }
    drop(output);
    input.write_all(b"three\n").unwrap();
    drop(input);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "told by an error, not killed");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}
