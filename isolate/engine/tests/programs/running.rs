//! What programs can do.

use veracruz_engine::{Clock, EngineError, Output, ProgramSettings};

use crate::support::{
    HELLO, bytes, command, compile, compile_with, input, out, program_settings, right, run,
    settings, try_body, wat, written,
};

crate::trials_of_both_strategies![
    a_program_writes_an_output,
    a_program_sees_its_arguments_and_environment,
    a_program_reads_its_inputs,
    what_may_not_be_read_is_not_there,
    what_may_not_be_written_stays_as_it_is,
    an_exit_code_is_no_error,
    an_output_that_was_not_made_is_left_out,
    standard_output_and_error_are_captured,
    what_nobody_keeps_can_be_printed_without_end,
    standard_input_is_one_of_the_inputs_or_empty,
    the_same_seed_gives_the_same_bytes,
    every_run_starts_anew,
    an_output_is_the_next_stages_input,
    a_program_needs_no_memory,
    the_proposals_that_are_on_work,
    canonical_nans_are_a_setting,
    the_clock_is_the_settings,
];

fn a_program_writes_an_output() {
    let report = try_body(HELLO, settings()).unwrap();
    assert_eq!(written(&report), b"hello, world");
    assert_eq!(report.peak_memory, 2 * 65536);
    assert_eq!(report.limit_met, None);
    assert!(report.wall_time <= settings().wall_time);
}

fn a_program_sees_its_arguments_and_environment() {
    let body = "(call $check (call $args_sizes (i32.const 32) (i32.const 36)))
        (call $check (call $env_sizes (i32.const 40) (i32.const 44)))
        (call $check (call $args (i32.const 512) (i32.const 2000)))
        (call $check (call $env (i32.const 512)
            (i32.add (i32.const 2000) (i32.load (i32.const 36)))))
        (call $out (i32.const 2000)
            (i32.add (i32.load (i32.const 36)) (i32.load (i32.const 44))))";
    let mut settings = settings();
    settings.args = vec!["program".into(), "--flag".into()];
    settings.env = vec![("KEY".into(), "value".into())];
    let report = try_body(body, settings).unwrap();
    assert_eq!(written(&report), b"program\0--flag\0KEY=value\0");
}

fn what_nobody_keeps_can_be_printed_without_end() {
    let body = "(local $i i32)
        (loop
            (call $write (i32.const 1) (i32.const 0) (i32.const 65536))
            (call $write (i32.const 2) (i32.const 0) (i32.const 65536))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.ne (local.get $i) (i32.const 100))))";
    let mut settings = settings();
    (settings.stdout_bytes, settings.stderr_bytes) = (None, None);
    let report = try_body(body, settings).unwrap();
    assert_eq!((report.exit_code, report.limit_met), (0, None));
    assert!(bytes(&report.stdout).is_empty() && bytes(&report.stderr).is_empty());
}

fn standard_input_is_one_of_the_inputs_or_empty() {
    // Copies descriptor 0 to /out.
    let body = "(i32.store (i32.const 8) (i32.const 8192))
        (i32.store (i32.const 12) (i32.const 4096))
        (call $check (call $fd_read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 16)))
        (call $out (i32.const 8192) (i32.load (i32.const 16)))";
    let program = compile(&command(body)).unwrap();
    let inputs = [input("/in", b"not this"), input("/typed", b"this")];
    let with = |stdin: Option<&str>| {
        let mut settings = settings();
        settings.stdin = stdin.map(str::to_owned);
        program.run(settings, &inputs, &[out()])
    };
    assert_eq!(written(&with(Some("/typed")).unwrap()), b"this");
    assert_eq!(written(&with(None).unwrap()), b"");
    assert!(matches!(
        with(Some("/absent")),
        Err(EngineError::InvalidSettings { .. })
    ));
}

const COPY: &str = "(call $out (i32.const 8192) (call $in))";

fn a_program_reads_its_inputs() {
    let program = compile(&command(COPY)).unwrap();
    let mut settings = settings();
    settings.rights = vec![right("/in", true, false), right("/out", false, true)];
    let report = program
        .run(settings, &[input("/in", b"some data")], &[out()])
        .unwrap();
    assert_eq!(written(&report), b"some data");
}

fn what_may_not_be_read_is_not_there() {
    let program = compile(&command(COPY)).unwrap();
    let mut settings = settings();
    settings.rights = vec![right("/out", false, true)];
    let report = program
        .run(settings, &[input("/in", b"secret")], &[out()])
        .unwrap();
    // 44 is ENOENT.
    assert_eq!(report.exit_code, 144);
    assert!(report.outputs.is_empty());
}

fn what_may_not_be_written_stays_as_it_is() {
    let program = compile(&command(HELLO)).unwrap();
    let mut settings = settings();
    settings.rights = vec![right("/out", true, false)];
    let report = program
        .run(settings, &[input("/out", b"old")], &[out()])
        .unwrap();
    assert!(report.exit_code > 100);
    assert_eq!(bytes(&report.outputs[0].content), b"old");
}

fn an_exit_code_is_no_error() {
    let body = format!("{HELLO} (call $exit (i32.const 7)) unreachable");
    let report = try_body(&body, settings()).unwrap();
    assert_eq!(report.exit_code, 7);
    assert_eq!(bytes(&report.outputs[0].content), b"hello, world");
}

fn an_output_that_was_not_made_is_left_out() {
    let outputs = ["/a", "/out", "/b/c"].map(|path| Output {
        path: path.into(),
        max_bytes: 100,
    });
    let program = compile(&command(HELLO)).unwrap();
    let report = program.run(settings(), &[], &outputs).unwrap();
    assert_eq!(written(&report), b"hello, world");
}

fn standard_output_and_error_are_captured() {
    let body = "(call $write (i32.const 1) (i32.const 1000) (i32.const 5))
        (call $write (i32.const 2) (i32.const 1007) (i32.const 5))";
    let report = try_body(body, settings()).unwrap();
    assert_eq!(bytes(&report.stdout), b"hello");
    assert_eq!(bytes(&report.stderr), b"world");
}

fn the_same_seed_gives_the_same_bytes() {
    let body = "(call $check (call $random (i32.const 2000) (i32.const 32)))
        (call $out (i32.const 2000) (i32.const 32))";
    let program = compile(&command(body)).unwrap();
    let with_seed = |seed: u8| {
        let mut settings = settings();
        settings.seed = [seed; 32].into();
        written(&run(&program, settings).unwrap())
    };
    assert_eq!(with_seed(1), with_seed(1));
    assert_ne!(with_seed(1), with_seed(2));
    assert_ne!(with_seed(1), vec![0; 32]);
}

fn every_run_starts_anew() {
    // Counts up in memory, and writes the count.
    let body = "(i32.store (i32.const 2000) (i32.add (i32.const 1) (i32.load (i32.const 2000))))
        (call $out (i32.const 2000) (i32.const 4))";
    let program = compile(&command(body)).unwrap();
    for _ in 0..20 {
        assert_eq!(written(&run(&program, settings()).unwrap()), [1, 0, 0, 0]);
    }
}

fn an_output_is_the_next_stages_input() {
    let first = try_body(HELLO, settings()).unwrap();
    let mut next = input("/in", b"");
    next.content = first.outputs[0].content.clone();
    let program = compile(&command(COPY)).unwrap();
    let report = program.run(settings(), &[next], &[out()]).unwrap();
    assert_eq!(written(&report), b"hello, world");
}

fn a_program_needs_no_memory() {
    let program = compile(&wat("(module (func (export \"_start\")))")).unwrap();
    assert_eq!(run(&program, settings()).unwrap().exit_code, 0);
}

fn the_proposals_that_are_on_work() {
    let program = compile(&wat(r#"(module
            (global (export "g") (mut i32) (i32.add (i32.const 1) (i32.const 2)))
            (table $t 1 funcref)
            (memory (export "memory") 1)
            (func $two (result i32 i32) (i32.const 1) (i32.const 2))
            (func $tail (return_call $last))
            (func $last)
            (func (export "_start")
                (drop (i8x16.popcnt (v128.const i32x4 1 2 3 4)))
                (drop (i32.extend8_s (i32.const 1)))
                (drop (i32.trunc_sat_f32_s (f32.const 1)))
                (memory.fill (i32.const 0) (i32.const 1) (i32.const 10))
                (drop (table.grow $t (ref.null func) (i32.const 3)))
                (call $two) drop drop
                (call $tail)))"#))
    .unwrap();
    assert_eq!(run(&program, settings()).unwrap().exit_code, 0);
}

fn canonical_nans_are_a_setting() {
    // The NaN of 0/0, with a sign on x86 and none when canonical.
    let body = "(f64.store (i32.const 2000) (f64.div (f64.load (i32.const 2000)) (f64.const 0)))
        (call $out (i32.const 2000) (i32.const 8))";
    let canonical = ProgramSettings {
        nan_canonical: true,
        ..program_settings()
    };
    let program = compile_with(&command(body), canonical).unwrap();
    let nan = written(&run(&program, settings()).unwrap());
    assert_eq!(nan, 0x7ff8_0000_0000_0000u64.to_le_bytes());
}

fn the_clock_is_the_settings() {
    let module = wat(r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get"
            (func $time (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $time (i32.const 0) (i64.const 1) (i32.const 0)))
            (call $exit (i32.load (i32.const 0)))))"#);
    let mut settings = settings();
    settings.clock = Clock::Fixed { realtime_ns: 42 };
    let report = run(&compile(&module).unwrap(), settings).unwrap();
    assert_eq!(report.exit_code, 42);
}
