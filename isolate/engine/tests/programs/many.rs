//! As many files as a policy can ask for by the million, and names as long as there can be.

use std::time::Duration;

use veracruz_engine::{EngineError, LimitName, Output, Strategy};

use crate::support::{
    Program, bytes, compile_with, input, out, program_settings, settings, the_next_run_works, wat,
};

crate::trials![
    a_million_files_are_made_and_one_more_is_refused_by_name,
    a_path_of_4096_bytes_is_a_path_and_a_longer_one_is_refused_by_name,
    a_name_of_4096_bytes_is_refused_by_name,
];

const MILLION: u64 = 1_000_000;

const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "path_open" (func $path_open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 100) "out")
    (func $open (param $at i32) (param $len i32) (param $flags i32) (param $rights i64) (result i32)
        (call $path_open (i32.const 3) (i32.const 0) (local.get $at) (local.get $len)
            (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))
    ;; Creates an empty file, and leaves it.
    (func $create (param $at i32) (param $len i32) (result i32) (local $error i32)
        (local.set $error (call $open (local.get $at) (local.get $len) (i32.const 1) (i64.const 64)))
        (if (i32.eqz (local.get $error)) (then (drop (call $fd_close (i32.load (i32.const 0))))))
        (local.get $error))
    (func $write (param $fd i32) (param $at i32) (param $len i32)
        (i32.store (i32.const 8) (local.get $at))
        (i32.store (i32.const 12) (local.get $len))
        (drop (call $fd_write (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 16))))
"#;

fn compile(definitions: &str, body: &str) -> Program {
    let settings = veracruz_engine::ProgramSettings {
        strategy: Strategy::Compiled,
        ..program_settings()
    };
    let text = format!("(module {IMPORTS} {definitions} (func (export \"_start\") {body}))");
    compile_with(&wat(&text), settings).expect("a program")
}

fn a_million_files_are_made_and_one_more_is_refused_by_name() {
    // Names are the number in letters, least significant first.
    let program = compile(
        "(func $name (param $number i32) (local $at i32)
            (local.set $at (i32.const 2000))
            (loop $digits
                (i32.store8 (local.get $at)
                    (i32.add (i32.const 97) (i32.and (local.get $number) (i32.const 15))))
                (local.set $number (i32.shr_u (local.get $number) (i32.const 4)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $digits (i32.lt_u (local.get $at) (i32.const 2008)))))",
        "(local $out i32) (local $count i32) (local $error i32)
        (drop (call $open (i32.const 100) (i32.const 3) (i32.const 1) (i64.const 64)))
        (local.set $out (i32.load (i32.const 0)))
        (loop $more
            (call $name (local.get $count))
            (local.set $error (call $create (i32.const 2000) (i32.const 8)))
            (if (i32.eqz (local.get $error)) (then
                (local.set $count (i32.add (local.get $count) (i32.const 1)))
                (br $more))))
        (i32.store (i32.const 1000) (local.get $count))
        (call $write (local.get $out) (i32.const 1000) (i32.const 4))
        (call $exit (local.get $error))",
    );
    let mut settings = settings();
    // One of them is the output.
    settings.files = MILLION + 1;
    settings.wall_time = Duration::from_secs(300);
    settings.cpu_time = Duration::from_secs(300);
    let report = program.run(settings, &[], &[out()]).expect("a report");
    // ENOSPC.
    assert_eq!(report.exit_code, 51);
    let met = report.limit_met.expect("a limit");
    assert_eq!((met.name, met.allowed), (LimitName::Files, MILLION + 1));
    let [made] = report.outputs.as_slice() else {
        panic!("{:?}", report.outputs)
    };
    let made = u32::from_le_bytes(bytes(&made.content).try_into().unwrap());
    assert_eq!(u64::from(made), MILLION);
    the_next_run_works();
}

/// The longest path that there is: sixteen names of 255 bytes, each after its slash.
fn longest() -> String {
    format!("/{}", "n".repeat(255)).repeat(16)
}

fn a_path_of_4096_bytes_is_a_path_and_a_longer_one_is_refused_by_name() {
    let path = longest();
    assert_eq!(path.len(), 4096);
    // The same below the root, and a file beside it: what the program opens is relative to `/`.
    let relative = &path[1..];
    let beside = format!("{}o", &relative[..relative.len() - 1]);
    let program = compile(
        &format!(
            "(data (i32.const 20000) \"{relative}\") (data (i32.const 30000) \"{beside}\")
            (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))"
        ),
        "(call $check (call $open (i32.const 20000) (i32.const 4095) (i32.const 0) (i64.const 2)))
        (i32.store (i32.const 8) (i32.const 1000))
        (i32.store (i32.const 12) (i32.const 5))
        (call $check (call $fd_read
            (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
        (call $check (call $open (i32.const 30000) (i32.const 4095) (i32.const 1) (i64.const 64)))
        (call $write (i32.load (i32.const 0)) (i32.const 1000) (i32.const 5))",
    );
    let output = format!("/{beside}");
    let asked = Output {
        path: output.clone(),
        max_bytes: 5,
    };
    let report = program
        .run(settings(), &[input(&path, b"hello")], &[asked])
        .expect("a report");
    assert_eq!(report.exit_code, 0);
    let [written] = report.outputs.as_slice() else {
        panic!("{:?}", report.outputs)
    };
    assert_eq!(
        (written.path.as_str(), bytes(&written.content)),
        (output.as_str(), b"hello".to_vec())
    );

    // A longer one is none, for the program's surroundings as for the program.
    let longer = format!("{path}/n");
    match program.run(settings(), &[input(&longer, b"")], &[]) {
        Err(EngineError::InvalidSettings { reason }) => {
            assert!(
                reason.starts_with("the name or path is too long: /nnn"),
                "{reason}"
            );
        }
        other => panic!("{other:?}"),
    }
    the_next_run_works();
}

fn a_name_of_4096_bytes_is_refused_by_name() {
    for length in [256, 4096, 100_000] {
        let program = compile(
            "",
            &format!(
                "(memory.fill (i32.const 20000) (i32.const 110) (i32.const {length}))
                (call $exit (call $create (i32.const 20000) (i32.const {length})))"
            ),
        );
        let report = program.run(settings(), &[], &[]).expect("a report");
        // ENAMETOOLONG.
        assert_eq!(report.exit_code, 37, "{length}");
    }
    the_next_run_works();
}
