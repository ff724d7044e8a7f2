//! Limits that are met or kept alike on every machine.

use veracruz_engine::{EngineError, LimitName, ProgramSettings, StageSettings};

use crate::support::{
    HELLO, Program, command, compile, compile_with, program_settings, run, settings,
    the_next_run_works, written,
};

crate::trials_of_both_strategies![
    the_same_run_takes_the_same_fuel,
    an_endless_loop_ends_with_its_fuel,
    fuel_that_is_just_enough_is_enough,
    a_start_function_takes_fuel_too,
    without_a_limit_fuel_is_counted_alone,
    fuel_needs_a_metered_program,
];

fn metered(body: &str) -> Program {
    let settings = ProgramSettings {
        metered: true,
        ..program_settings()
    };
    compile_with(&command(body), settings).unwrap()
}

fn with(fuel: u64) -> StageSettings {
    let mut settings = settings();
    settings.fuel = Some(fuel);
    settings
}

/// Counts to a thousand, and writes.
fn work() -> String {
    format!(
        "(local $i i32) (loop (br_if 0 (i32.lt_u (local.tee $i
            (i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))) {HELLO}"
    )
}

fn the_same_run_takes_the_same_fuel() {
    let program = metered(&work());
    let fuel = || run(&program, with(1_000_000)).unwrap().fuel;
    let first = fuel();
    assert!(first > Some(5000) && first < Some(10_000), "{first:?}");
    assert_eq!(fuel(), first);
}

fn an_endless_loop_ends_with_its_fuel() {
    match run(&metered("(loop br 0)"), with(100_000)) {
        Err(EngineError::Limit { name, allowed, .. }) => {
            assert_eq!((name, allowed), (LimitName::Fuel, 100_000));
            assert_eq!(name.to_string(), "fuel");
        }
        other => panic!("{other:?}"),
    }
    the_next_run_works();
}

fn fuel_that_is_just_enough_is_enough() {
    let program = metered(&work());
    let enough = run(&program, with(1_000_000)).unwrap().fuel.unwrap();
    let report = run(&program, with(enough)).unwrap();
    assert_eq!(report.fuel, Some(enough));
    assert_eq!(written(&report), b"hello, world");
    // Fuel is looked at where loops turn and functions begin: what is behind the last of these
    // is owed.
    assert!(matches!(
        run(&program, with(enough / 2)),
        Err(EngineError::Limit {
            name: LimitName::Fuel,
            ..
        })
    ));
}

fn a_start_function_takes_fuel_too() {
    let module = crate::support::wat(
        "(module (func $start (loop br 0)) (start $start) (func (export \"_start\")))",
    );
    let settings = ProgramSettings {
        metered: true,
        ..program_settings()
    };
    let program = compile_with(&module, settings).unwrap();
    assert!(matches!(
        run(&program, with(1000)),
        Err(EngineError::Limit {
            name: LimitName::Fuel,
            ..
        })
    ));
}

fn without_a_limit_fuel_is_counted_alone() {
    let report = run(&metered(&work()), settings()).unwrap();
    assert!(report.fuel > Some(5000));
    let report = run(&compile(&command(HELLO)).unwrap(), settings()).unwrap();
    assert_eq!(report.fuel, None);
}

fn fuel_needs_a_metered_program() {
    let program = compile(&command(HELLO)).unwrap();
    assert!(matches!(
        run(&program, with(1000)),
        Err(EngineError::InvalidSettings { .. })
    ));
    assert!(run(&program, settings()).is_ok());
}
