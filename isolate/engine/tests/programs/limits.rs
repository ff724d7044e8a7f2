//! How programs fail, and how each limit looks from outside. After each the next run works.

use std::time::{Duration, Instant};

use veracruz_engine::{
    Cancel, EngineError, LimitName, Output, ProgramSettings, StageSettings, Trap,
};

use crate::support::{
    HELLO, bytes, command, compile, compile_with, out, program_settings, run, sealed, settings,
    spawner, the_next_run_works, try_body, wat, written,
};

crate::trials_of_both_strategies![
    a_trap_is_told_by_its_kind,
    an_endless_loop_is_killed_at_its_deadline,
    an_endless_loop_is_killed_when_its_processor_time_is_over,
    a_program_that_needs_more_memory_than_allowed_fails_for_that_reason,
    a_program_that_lives_with_less_memory_succeeds,
    initial_memory_counts,
    tables_are_limited,
    endless_recursion_meets_the_stack_limit,
    a_start_function_that_recurses_forever_meets_the_stack_limit,
    a_start_function_that_loops_forever_is_killed,
    endless_output_is_bounded,
    an_output_longer_than_agreed_is_refused,
    endless_standard_output_is_bounded,
    a_program_that_gives_up_at_a_limit_of_its_files_and_streams_met_that_limit,
    a_program_that_breaks_off_at_a_limit_of_its_streams_fails_for_that_reason,
    more_memories_instances_or_tables_than_any_program_may_have_are_refused,
    arguments_and_environment_are_bounded,
    compiling_has_a_deadline,
    compiling_can_be_cancelled,
    memory_to_compile_in_is_a_limit_with_a_name,
    the_same_program_runs_again_after_each_failure,
];

fn limit(result: Result<impl std::fmt::Debug, EngineError>) -> (LimitName, u64, Option<u64>) {
    match result {
        Err(EngineError::Limit {
            name,
            allowed,
            wanted,
        }) => (name, allowed, wanted),
        other => panic!("{other:?}"),
    }
}

fn a_trap_is_told_by_its_kind() {
    for (body, expected) in [
        ("unreachable", Trap::Unreachable),
        ("(drop (i32.load (i32.const -4)))", Trap::MemoryOutOfBounds),
        (
            "(drop (i32.div_s (i32.load (i32.const 2000)) (i32.load (i32.const 2000))))",
            Trap::DivisionByZero,
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            Trap::IntegerOverflow,
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            Trap::BadConversion,
        ),
    ] {
        match try_body(body, settings()) {
            Err(EngineError::Trap { trap }) => assert_eq!(trap, expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    for (index, expected) in [(0, Trap::CallToNull), (5, Trap::TableOutOfBounds)] {
        let module = wat(&format!(
            "(module (table 1 funcref) (func (export \"_start\") (call_indirect (i32.const {index}))))"
        ));
        match run(&compile(&module).unwrap(), settings()) {
            Err(EngineError::Trap { trap }) => assert_eq!(trap, expected),
            other => panic!("{other:?}"),
        }
    }
    the_next_run_works();
}

const LOOP: &str = "(loop br 0)";

fn an_endless_loop_is_killed_at_its_deadline() {
    let program = compile(&command(LOOP)).unwrap();
    let mut settings = settings();
    settings.wall_time = Duration::from_millis(300);
    let start = Instant::now();
    let met = limit(run(&program, settings));
    assert_eq!(met, (LimitName::Time, 300, None));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(4));
    the_next_run_works();
}

fn an_endless_loop_is_killed_when_its_processor_time_is_over() {
    let program = compile(&command(LOOP)).unwrap();
    let mut settings = settings();
    settings.cpu_time = Duration::from_millis(100);
    let met = limit(run(&program, settings));
    assert_eq!(met, (LimitName::CpuTime, 100, None));
    the_next_run_works();
}

/// Grows until that fails, then does this.
fn grow_then(then: &str) -> String {
    format!("(loop (br_if 0 (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) {then}")
}

fn small() -> StageSettings {
    let mut settings = settings();
    settings.memory = 4 << 20;
    settings
}

fn a_program_that_needs_more_memory_than_allowed_fails_for_that_reason() {
    let (name, allowed, wanted) = limit(try_body(&grow_then("unreachable"), small()));
    assert_eq!((name, allowed), (LimitName::Memory, 4 << 20));
    assert!(wanted > Some(4 << 20) && wanted <= Some(5 << 20));
    the_next_run_works();
}

fn a_program_that_lives_with_less_memory_succeeds() {
    let report = try_body(&grow_then(HELLO), small()).unwrap();
    assert_eq!(written(&report), b"hello, world");
    assert_eq!(report.limit_met.unwrap().name, LimitName::Memory);
    assert!(report.peak_memory > 3 << 20 && report.peak_memory <= 4 << 20);
}

fn initial_memory_counts() {
    let module = wat("(module (memory 1000) (func (export \"_start\")))");
    let met = limit(run(&compile(&module).unwrap(), small()));
    assert_eq!(met, (LimitName::Memory, 4 << 20, Some(1000 << 16)));
    the_next_run_works();
}

fn tables_are_limited() {
    let module = wat("(module (table 5000 funcref) (func (export \"_start\")))");
    let program = compile(&module).unwrap();
    let mut settings = settings();
    settings.table_elements = 4000;
    let met = limit(run(&program, settings));
    assert_eq!(met, (LimitName::Tables, 4000, Some(5000)));
}

const RECURSION: &str = "(func $again (param i32) (result i32)
    (i32.add (i32.const 1) (call $again (i32.add (i32.const 1) (local.get 0)))))";

fn endless_recursion_meets_the_stack_limit() {
    let module = wat(&format!(
        "(module {RECURSION} (func (export \"_start\") (drop (call $again (i32.const 0)))))"
    ));
    let met = limit(run(&compile(&module).unwrap(), settings()));
    assert_eq!(met, (LimitName::Stack, 512 << 10, None));
    // The greatest that can be asked for is there.
    let deep = ProgramSettings {
        max_wasm_stack: veracruz_engine::GREATEST_WASM_STACK,
        ..program_settings()
    };
    let program = compile_with(&module, deep).unwrap();
    let met = limit(run(&program, settings()));
    assert_eq!(
        met,
        (LimitName::Stack, veracruz_engine::GREATEST_WASM_STACK, None)
    );
    the_next_run_works();
}

fn a_start_function_that_recurses_forever_meets_the_stack_limit() {
    let module = wat(&format!(
        "(module {RECURSION}
            (func $start (drop (call $again (i32.const 0))))
            (start $start) (func (export \"_start\")))"
    ));
    let met = limit(run(&compile(&module).unwrap(), settings()));
    assert_eq!(met.0, LimitName::Stack);
    the_next_run_works();
}

fn a_start_function_that_loops_forever_is_killed() {
    let module = wat(&format!(
        "(module (func $start {LOOP}) (start $start) (func (export \"_start\")))"
    ));
    let mut settings = settings();
    settings.wall_time = Duration::from_millis(200);
    let met = limit(run(&compile(&module).unwrap(), settings));
    assert_eq!(met.0, LimitName::Time);
}

fn endless_output_is_bounded() {
    let body = "(local $fd i32) (local.set $fd (call $create))
        (loop (call $write (local.get $fd) (i32.const 0) (i32.const 65536)) (br 0))";
    let program = compile(&command(body)).unwrap();
    let mut settings = settings();
    settings.written_bytes = 1 << 20;
    let report = run(&program, settings).unwrap();
    // 51 is ENOSPC.
    assert_eq!(report.exit_code, 151);
    assert!(report.outputs[0].content.len() <= 1 << 20);
    the_next_run_works();
}

fn an_output_longer_than_agreed_is_refused() {
    let program = compile(&command(HELLO)).unwrap();
    let short = Output {
        max_bytes: 11,
        ..out()
    };
    match program.run(settings(), &[], &[short]) {
        Err(EngineError::OutputTooLarge {
            path,
            allowed,
            found,
        }) => assert_eq!((path.as_str(), allowed, found), ("/out", 11, 12)),
        other => panic!("{other:?}"),
    }
}

fn endless_standard_output_is_bounded() {
    for stream in [1, 2] {
        let body = format!(
            "(loop (call $write (i32.const {stream}) (i32.const 0) (i32.const 65536)) (br 0))"
        );
        let mut settings = settings();
        settings.stdout_bytes = Some(100_000);
        settings.stderr_bytes = Some(100_000);
        settings.wall_time = Duration::from_secs(2);
        // Whether the program is told or not, it must end, and what is kept is bounded.
        match try_body(&body, settings) {
            Ok(report) => {
                assert!(bytes(&report.stdout).len() <= 100_000);
                assert!(bytes(&report.stderr).len() <= 100_000);
            }
            Err(EngineError::Limit { name, .. }) => assert_eq!(name, LimitName::Time),
            Err(other) => panic!("{other:?}"),
        }
    }
    the_next_run_works();
}

fn a_program_that_gives_up_at_a_limit_of_its_files_and_streams_met_that_limit() {
    // 51 is ENOSPC, 33 EMFILE.
    let created = "(loop (drop (call $create)) (br 0))";
    let printed = "(loop (call $write (i32.const 1) (i32.const 0) (i32.const 65536)) (br 0))";
    let written = "(local $fd i32) (local.set $fd (call $create))
        (loop (call $write (local.get $fd) (i32.const 0) (i32.const 65536)) (br 0))";
    let with = |name| {
        let mut settings = settings();
        match name {
            LimitName::Files => settings.files = 0,
            LimitName::OpenFiles => settings.open_files = 9,
            LimitName::StdoutBytes => settings.stdout_bytes = Some(100_000),
            _ => settings.written_bytes = 1 << 20,
        }
        settings
    };
    for (body, name, allowed, exit_code) in [
        (created, LimitName::Files, 0, 151),
        (created, LimitName::OpenFiles, 9, 133),
        (printed, LimitName::StdoutBytes, 100_000, 151),
        (written, LimitName::WrittenBytes, 1 << 20, 151),
    ] {
        let report = try_body(body, with(name)).unwrap();
        let met = report.limit_met.unwrap();
        assert_eq!(
            (report.exit_code, met.name, met.allowed),
            (exit_code, name, allowed)
        );
    }
    the_next_run_works();
}

fn a_program_that_breaks_off_at_a_limit_of_its_streams_fails_for_that_reason() {
    // As Rust's `println!` does where it cannot print.
    let body = "(i32.store (i32.const 12) (i32.const 65536))
        (loop (br_if 0 (i32.eqz
            (call $fd_write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 16)))))
        unreachable";
    let mut settings = settings();
    settings.stderr_bytes = Some(100_000);
    let met = limit(try_body(body, settings));
    assert_eq!(met, (LimitName::StderrBytes, 100_000, None));
}

fn more_memories_instances_or_tables_than_any_program_may_have_are_refused() {
    // So many instances of a module, in as many components as that takes.
    let with = |module: &str, count: usize| {
        let instances = |count: usize| "(core instance (instantiate $m))".repeat(count);
        let inner = |number: usize, count: usize| {
            let instances = instances(count);
            format!(
                "(component $c{number} (core module $m {module}) {instances}) (instance (instantiate $c{number}))"
            )
        };
        let all: String = (0..count.div_ceil(900))
            .map(|number| inner(number, (count - number * 900).min(900)))
            .collect();
        wat(&format!(
            r#"(component {all}
            (core module $m (func (export "run") (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func $run (result (result)) (canon lift (core func $i "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#
        ))
    };
    // Those are known before anything runs.
    let met = limit(compile(&with("(memory 1)", 17)));
    assert_eq!(met, (LimitName::Memories, 16, Some(17)));
    let tables = "(table 0 funcref)".repeat(100);
    let met = limit(compile(&with(&tables, 101)));
    assert_eq!(met, (LimitName::TableCount, 10_000, Some(10_100)));
    // These are not.
    let many = compile(&with("", 10_000)).unwrap();
    let met = limit(many.run(settings(), &[], &[]));
    assert_eq!(met, (LimitName::Instances, 10_000, None));
    the_next_run_works();
}

fn arguments_and_environment_are_bounded() {
    let program = compile(&command(HELLO)).unwrap();
    let mut long = settings();
    long.args = vec!["x".repeat(1000); 100];
    assert_eq!(
        limit(run(&program, long)),
        (LimitName::Arguments, 65536, Some(100_000))
    );
    let mut long = settings();
    long.env = vec![("x".repeat(1000), "y".repeat(100_000))];
    assert_eq!(limit(run(&program, long)).0, LimitName::Environment);
}

fn compiling_has_a_deadline() {
    let hasty = ProgramSettings {
        compile_time: Duration::from_micros(10),
        ..program_settings()
    };
    let met = limit(compile_with(&command(HELLO), hasty));
    assert_eq!(met.0, LimitName::CompileTime);
    the_next_run_works();
}

/// Seconds of compiling.
fn long() -> Vec<u8> {
    let bodies = "(func (param i32) (result i32)
            (i32.mul (i32.add (local.get 0) (i32.const 3)) (local.get 0)))"
        .repeat(60_000);
    wat(&format!("(module {bodies} (func (export \"_start\")))"))
}

fn memory_to_compile_in_is_a_limit_with_a_name() {
    let module = long();
    // Whatever it is that finds none: the allocator, a thread, the place for the code.
    for mebibytes in [8, 12, 16, 20, 24, 32, 40, 48, 64] {
        let narrow = ProgramSettings {
            compile_memory: mebibytes << 20,
            ..program_settings()
        };
        match compile_with(&module, narrow) {
            Ok(_) => assert!(mebibytes > 40, "{mebibytes} MiB are too few"),
            Err(EngineError::Limit {
                name: LimitName::CompileMemory,
                allowed,
                wanted: None,
            }) => assert_eq!(allowed, mebibytes << 20),
            Err(other) => panic!("{mebibytes} MiB: {other:?}"),
        }
    }
    the_next_run_works();
}

fn compiling_can_be_cancelled() {
    let module = sealed(&long());
    let cancel = Cancel::new();
    let start = Instant::now();
    let cancelled = std::thread::scope(|scope| {
        let compiling =
            scope.spawn(|| spawner().compile_unless(&module, program_settings(), &cancel));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!compiling.is_finished(), "there is something to cancel");
        cancel.cancel();
        compiling.join().unwrap()
    });
    assert!(
        matches!(cancelled, Err(EngineError::Cancelled)),
        "{cancelled:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(
        crate::isolation::programs().is_empty(),
        "its process is gone"
    );
    // What was cancelled before it began is not begun.
    let late = spawner().compile_unless(&module, program_settings(), &cancel);
    assert!(matches!(late, Err(EngineError::Cancelled)), "{late:?}");
    the_next_run_works();
}

fn the_same_program_runs_again_after_each_failure() {
    // Does what its one argument says.
    let body = format!(
        "(call $check (call $args (i32.const 512) (i32.const 2000)))
        (if (i32.eq (i32.load8_u (i32.const 2000)) (i32.const 0x74)) (then unreachable))
        (if (i32.eq (i32.load8_u (i32.const 2000)) (i32.const 0x6c)) (then {LOOP}))
        {HELLO}"
    );
    let program = compile(&command(&body)).unwrap();
    let with = |argument: &str| {
        let mut settings = settings();
        settings.args = vec![argument.into()];
        settings.wall_time = Duration::from_millis(500);
        run(&program, settings)
    };
    for _ in 0..2 {
        assert!(matches!(with("t"), Err(EngineError::Trap { .. })));
        assert!(with("h").is_ok());
        assert_eq!(limit(with("l")).0, LimitName::Time);
        assert!(with("h").is_ok());
    }
}
