//! What a check says of programs, good, bad and hostile.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails here fails"
)]

use proptest::prelude::*;
use veracruz_intake::{Import, Kind, MOST_LISTED, Need, Offer, Problem, Report, check};

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a program")
}

fn report(text: &str) -> Report {
    check(&wat(text)).expect("a report")
}

fn names(report: &Report) -> Vec<&'static str> {
    let names = report.proposals.iter();
    names.map(|proposal| proposal.name).collect()
}

const HELLO: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 2 16)
    (table 3 10 funcref)
    (func (export "_start")))"#;

#[test]
fn a_program_that_fits_is_described() {
    let report = report(HELLO);
    assert!(report.fits(), "{:?}", report.problems);
    assert_eq!(report.kind, Kind::Module);
    let signatures = report.imports.iter().map(|import| {
        assert_eq!(import.offer, Offer::Offered);
        (
            import.name.as_str(),
            import.signature.as_deref().unwrap_or_default(),
        )
    });
    assert_eq!(
        signatures.collect::<Vec<_>>(),
        [
            ("fd_write", "(func (param i32 i32 i32 i32) (result i32))"),
            ("random_get", "(func (param i32 i32) (result i32))"),
            ("proc_exit", "(func (param i32))"),
        ]
    );
    let [memory] = report.memories.as_slice() else {
        panic!("one memory")
    };
    assert_eq!((memory.initial, memory.maximum), (2 << 16, Some(16 << 16)));
    let [table] = report.tables.as_slice() else {
        panic!("one table")
    };
    assert_eq!((table.initial, table.maximum), (3, Some(10)));
    assert_eq!(
        report.needs,
        [Need::Randomness, Need::StandardOutput, Need::StandardError]
    );
    assert_eq!(report.imports_left_out, 0);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let report = report(
        r#"(module
            (import "env" "missing" (func))
            (import "wasi_snapshot_preview1" "sock_open" (func))
            (import "wasi_snapshot_preview1" "fd_close" (func (param i64) (result i32)))
            (import "wasi_snapshot_preview1" "fd_sync" (global i32))
            (memory i64 1))"#,
    );
    assert!(!report.fits());
    let words: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "it uses the proposal `memory64`, which is off",
            "it imports `missing` from `env`, which is not offered",
            "it imports `sock_open` from `wasi_snapshot_preview1`, which is not offered",
            "it imports `wasi_snapshot_preview1` `fd_close` as (func (param i64) (result i32)), \
             but it is (func (param i32) (result i32))",
            "it imports `wasi_snapshot_preview1` `fd_sync` as (global), \
             but it is (func (param i32) (result i32))",
            "it does not export `_start` as (func)",
        ]
    );
}

#[test]
fn proposals_are_named_where_the_program_would_not_be_valid_without() {
    for (text, expected) in [
        ("", &[][..]),
        ("(func (drop (i32.const 1)))", &[]),
        (
            "(func (drop (i8x16.popcnt (v128.const i32x4 0 0 0 0))))",
            &["simd"],
        ),
        ("(func $f (return_call $f))", &["tail-call"]),
        (
            "(func (result i32 i32) (i32.const 1) (i32.const 2))",
            &["multi-value"],
        ),
        ("(memory 1 1 shared)", &["threads"]),
        (
            "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))",
            &["simd", "relaxed-simd"],
        ),
        ("(func (param externref))", &["reference-types", "gc"]),
    ] {
        let report = report(&format!("(module {text} (func (export \"_start\")))"));
        assert_eq!(names(&report), expected, "{text}");
        let all_on = report.proposals.iter().all(|proposal| proposal.on);
        assert_eq!(report.fits(), all_on, "{text}");
    }
}

#[test]
fn a_component_is_described_by_its_interfaces() {
    let text = r#"(component
        (import "wasi:cli/environment@0.2.3" (instance
            (export "get-arguments" (func (result (list string))))))
        (import "wasi:io/error@0.2.3" (instance (export "error" (type (sub resource)))))
        (import "wasi:sockets/tcp-create-socket@0.2.0" (instance (export "any" (func))))
        (import "wasi:cli/stdin@0.2.0" (instance (export "other" (func))))
        (import "f" (func))
        (core module $m (memory 3) (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $command)))"#;
    let report = report(text);
    assert_eq!(report.kind, Kind::Component);
    let offers: Vec<_> = report
        .imports
        .iter()
        .map(
            |Import {
                 module,
                 name,
                 offer,
                 ..
             }| (module.as_str(), name.as_str(), offer.clone()),
        )
        .collect();
    assert_eq!(
        offers,
        [
            (
                "wasi:cli/environment@0.2.3",
                "get-arguments",
                Offer::Offered
            ),
            ("wasi:io/error@0.2.3", "", Offer::Offered),
            ("wasi:sockets/tcp-create-socket@0.2.0", "any", Offer::Trap),
            ("wasi:cli/stdin@0.2.0", "other", Offer::Missing),
            ("f", "", Offer::Missing),
        ]
    );
    assert_eq!(report.problems.len(), 2);
    assert_eq!(names(&report), ["component-model"]);
    let [memory] = report.memories.as_slice() else {
        panic!("one memory")
    };
    assert_eq!(memory.initial, 3 << 16);
    assert!(report.needs.contains(&Need::Network));
}

#[test]
fn a_component_must_run_as_a_command_does() {
    for (result, fits) in [
        ("(result (result))", true),
        ("", false),
        ("(result bool)", false),
    ] {
        let core = if result.is_empty() {
            ""
        } else {
            "(result i32)"
        };
        let value = if result.is_empty() {
            ""
        } else {
            "(i32.const 0)"
        };
        let report = report(&format!(
            r#"(component
            (core module $m (func (export "run") {core} {value}))
            (core instance $i (instantiate $m))
            (func $run {result} (canon lift (core func $i "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#
        ));
        assert_eq!(report.fits(), fits, "{result}");
    }
    assert!(matches!(
        report("(component)").problems.as_slice(),
        [Problem::Export { .. }]
    ));
}

/// A component with this in it, that can be run.
fn command(inner: &str) -> String {
    format!(
        r#"(component {inner}
        (core module $m (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $command)))"#
    )
}

/// What it has when it starts, without the one instance that every [`command`] has.
fn at_start(inner: &str) -> (u64, u64, u64, u64, u64) {
    let at_start = report(&command(inner)).at_start;
    (
        at_start.instances - 1,
        at_start.memories,
        at_start.memory_bytes,
        at_start.tables,
        at_start.table_elements,
    )
}

#[test]
fn what_a_component_starts_with_counts_once_for_each_instance() {
    let page = 1 << 16;
    let module = "(core module $n (memory 3) (table 7 funcref))";
    let twice = "(core instance (instantiate $n)) (core instance (instantiate $n))";
    // A module that is never instantiated takes nothing.
    assert_eq!(at_start(module), (0, 0, 0, 0, 0));
    assert_eq!(
        at_start(&format!("{module} {twice}")),
        (2, 2, 6 * page, 2, 14)
    );
    // In a component, which is itself instantiated three times; and through an alias out of it.
    let instance = "(instance (instantiate $c))";
    for inner in [
        format!("(component $c {module} {twice}) {}", instance.repeat(3)),
        format!(
            "{module} (component $c (alias outer 1 $n (core module $n)) {twice}) {}",
            instance.repeat(3)
        ),
        // Components of components: each level has the one before it three times.
        format!(
            "(component $d (component $c {module} {twice}) {}) (instance (instantiate $d))",
            instance.repeat(3)
        ),
    ] {
        assert_eq!(at_start(&inner), (6, 6, 18 * page, 6, 42), "{inner}");
    }
    // Of what comes from elsewhere, only that it is there.
    let given = "(component $c (import \"m\" (core module $n)) (core instance (instantiate $n)))";
    let given =
        format!("{module} {given} (instance (instantiate $c (with \"m\" (core module $n))))");
    assert_eq!(at_start(&given), (1, 0, 0, 0, 0));
}

#[test]
fn more_than_any_program_can_have_is_a_problem() {
    let with = |module: &str, count: usize| {
        let instances = "(core instance (instantiate $n))".repeat(count);
        report(&command(&format!("(core module $n {module}) {instances}"))).problems
    };
    assert_eq!(with("(memory 1)", 16), []);
    assert_eq!(
        with("(memory 1)", 17),
        [Problem::TooMany {
            what: "memories",
            most: 16,
            found: 17
        }]
    );
    let tables = "(table 0 funcref)".repeat(100);
    assert_eq!(
        with(&tables, 101),
        [Problem::TooMany {
            what: "tables",
            most: 10_000,
            found: 10_100
        }]
    );
    // Ten levels, each with the one before it ten times: nobody counts those one by one.
    let mut inner = "(core module $n) (core instance (instantiate $n))".to_owned();
    for _ in 0..10 {
        let ten = "(instance (instantiate $c))".repeat(10);
        inner = format!("(component $c {inner}) {ten}");
    }
    assert_eq!(
        report(&command(&inner)).problems,
        [Problem::TooMany {
            what: "core instances",
            most: 10_000,
            found: 10_000_000_001
        }]
    );
}

#[test]
fn long_lists_are_cut_and_what_is_wrong_behind_the_cut_is_found() {
    let one = r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))"#;
    let text = format!(
        r#"(module {} (import "env" "x" (func)) (func (export "_start")))"#,
        one.repeat(MOST_LISTED + 10)
    );
    let report = report(&text);
    assert_eq!(report.imports.len(), MOST_LISTED);
    assert_eq!(report.imports_left_out, 11);
    assert!(matches!(
        report.problems.as_slice(),
        [Problem::Import { name, .. }] if name == "x"
    ));
}

#[test]
fn a_name_is_cut() {
    let report = report(&format!(
        r#"(module (import "env" "{}" (func)) (func (export "_start")))"#,
        "é".repeat(5000)
    ));
    assert!(
        report
            .imports
            .iter()
            .all(|import| import.name.chars().count() == 500)
    );
}

#[test]
fn what_is_no_program_is_an_error() {
    for bytes in [&b""[..], b"\0asm", b"no module", &[0xff; 1000]] {
        let error = check(bytes).expect_err("no program");
        assert!(!error.reason.is_empty() && error.reason.len() < 1000);
    }
    // A body that does not fit its type.
    let mut module = wat("(module (func (export \"_start\") (drop (i32.const 1))))");
    let last = module.len() - 2;
    if let Some(byte) = module.get_mut(last) {
        *byte = 0x01;
    }
    assert!(check(&module).is_err());
}

/// Whatever it says, it says it.
fn survives(bytes: &[u8]) {
    if let Ok(report) = check(bytes) {
        assert!(report.imports.len() <= MOST_LISTED);
    }
}

fn component() -> Vec<u8> {
    wat(r#"(component
        (import "wasi:cli/stdin@0.2.0" (instance (export "get-stdin" (func))))
        (core module $m (memory 3) (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $command)))"#)
}

#[test]
fn a_program_cut_anywhere_does_no_harm() {
    for program in [wat(HELLO), component()] {
        for length in 0..program.len() {
            survives(program.get(..length).unwrap_or_default());
        }
    }
}

#[test]
fn a_program_with_any_bit_flipped_does_no_harm() {
    for program in [wat(HELLO), component()] {
        for index in 0..program.len() {
            for bit in 0..8 {
                let mut flipped = program.clone();
                if let Some(byte) = flipped.get_mut(index) {
                    *byte ^= 1 << bit;
                }
                survives(&flipped);
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes: Vec<u8>) {
        survives(&bytes);
    }

    #[test]
    fn random_sections_do_no_harm(kind in 0u8..14, content: Vec<u8>, is_component: bool) {
        let mut bytes = b"\0asm".to_vec();
        bytes.extend(if is_component { [13, 0, 1, 0] } else { [1, 0, 0, 0] });
        bytes.push(kind);
        // Proptest's vectors are shorter than one byte can say.
        bytes.push(u8::try_from(content.len().min(127)).unwrap_or(0));
        bytes.extend(content);
        survives(&bytes);
    }
}
