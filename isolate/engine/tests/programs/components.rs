//! Components, over the same files as modules: programs in Rust, compiled by the test for both.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::Command,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use veracruz_engine::{
    EngineError, LimitName, Output, ProgramSettings, StageReport, StageSettings, Trap,
};
use veracruz_intake::{Kind, Need, check};

use crate::support::{
    Program, bytes, compile, compile_with, input, out, program_settings, right, settings,
    the_next_run_works, wat, written,
};

crate::trials_of_both_strategies![
    a_component_does_what_the_module_does,
    a_component_ends_with_its_exit_code,
    a_component_that_panics_is_an_error,
    a_component_gets_its_randomness_from_the_seed,
    a_component_meets_its_limits,
    a_component_sees_what_it_may_and_no_more,
    a_component_takes_the_same_fuel_each_time,
    a_network_can_be_imported_and_ends_the_component_that_uses_it,
    every_module_of_a_component_may_have_a_memory_and_all_count,
    a_component_made_from_python_runs,
    a_component_made_from_javascript_runs,
];

/// By target.
type Guests = BTreeMap<&'static str, Option<Vec<u8>>>;

/// The test program compiled for a target, once; nothing where the compiler has no such target.
fn guest(target: &'static str) -> Option<Vec<u8>> {
    static BUILT: OnceLock<Mutex<Guests>> = OnceLock::new();
    let built = BUILT.get_or_init(Mutex::default);
    let guest = built
        .lock()
        .unwrap()
        .entry(target)
        .or_insert_with(|| build(target))
        .clone();
    if guest.is_none() {
        println!("skipped: the target {target} is not installed (rustup target add {target})");
    }
    guest
}

fn build(target: &str) -> Option<Vec<u8>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let found = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .expect("rustc");
    let libraries = String::from_utf8(found.stdout).expect("a path");
    if !Path::new(libraries.trim()).is_dir() {
        return None;
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/command.rs");
    // A file of this process's own: test runners run each test in a process, several at once.
    let name = format!("{target}-{}.wasm", std::process::id());
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new(&rustc)
        .args(["--edition", "2024", "-O", "--target", target, source, "-o"])
        .arg(&output)
        .status()
        .expect("rustc");
    assert!(status.success(), "the test program does not compile");
    let program = fs::read(&output).expect("the program");
    fs::remove_file(output).expect("it is not needed any more");
    Some(program)
}

fn component() -> Option<Vec<u8>> {
    guest("wasm32-wasip2")
}

fn all_settings() -> StageSettings {
    let mut settings = settings();
    settings.rights = vec![
        right("/in", true, false),
        right("/out", true, true),
        right("/made/", true, true),
    ];
    settings.args = vec!["program".into(), "deeds".into(), "ü".into()];
    settings.env = vec![
        ("KEY".into(), "a=b".into()),
        ("EMPTY".into(), String::new()),
    ];
    settings.written_bytes = 16 << 20;
    settings
}

fn run(program: &Program, settings: StageSettings) -> Result<StageReport, EngineError> {
    program.run(settings, &[input("/in", b"some input")], &[out()])
}

fn run_with(program: &Program, argument: &str) -> Result<StageReport, EngineError> {
    let mut settings = all_settings();
    settings.args = vec!["program".into(), argument.into()];
    run(program, settings)
}

fn a_component_does_what_the_module_does() {
    let (Some(component), Some(module)) = (component(), guest("wasm32-wasip1")) else {
        return;
    };
    assert_eq!(check(&component).unwrap().kind, Kind::Component);
    let reports = [component, module].map(|program| {
        let program = compile(&program).unwrap();
        let report = run(&program, all_settings()).unwrap();
        let texts = [&report.stdout, &report.stderr]
            .map(|stream| String::from_utf8(bytes(stream)).unwrap());
        (String::from_utf8(written(&report)).unwrap(), texts)
    });
    assert_eq!(reports[0], reports[1]);
    let (deeds, [stdout, stderr]) = &reports[0];
    assert_eq!(stdout, "to standard output\n");
    assert_eq!(stderr, "to standard error\n");
    for line in [
        r#"arguments: ["program", "deeds", "ü"]"#,
        r#"environment: [("KEY", "a=b"), ("EMPTY", "")]"#,
        r#"stdin: Ok("")"#,
        r#"input: "some input""#,
        "no such file: Err(NotFound)",
        "may not: Err(PermissionDenied)",
        "twice: Err(AlreadyExists)",
        r#"rest: "6789""#,
        "length: 8",
        r#"whole: "012abc67end""#,
        r#"names: [("two", true), ("three", true), ("four", true)]"#,
        "full: true",
        "large: true",
        "too much: true",
        "slept: true",
        "wall: Ok(946684800s)",
        "later: Ok(3600s)",
    ] {
        assert!(deeds.lines().any(|found| found == line), "{line}\n{deeds}");
    }
}

fn a_component_ends_with_its_exit_code() {
    let Some(component) = component() else { return };
    let report = run_with(&compile(&component).unwrap(), "exit").unwrap();
    // `wasi:cli/exit` in 0.2 knows success and failure alone.
    assert_eq!(report.exit_code, 1);
}

fn a_component_that_panics_is_an_error() {
    let Some(component) = component() else { return };
    let program = compile(&component).unwrap();
    assert!(matches!(
        run_with(&program, "panic"),
        Err(EngineError::Trap {
            trap: Trap::Unreachable
        })
    ));
    the_next_run_works();
    assert!(run(&program, all_settings()).is_ok());
}

fn a_component_gets_its_randomness_from_the_seed() {
    let Some(component) = component() else { return };
    let program = compile(&component).unwrap();
    let with_seed = |seed: u8| {
        let mut settings = all_settings();
        settings.args = vec!["program".into(), "random".into()];
        settings.seed = [seed; 32].into();
        written(&run(&program, settings).unwrap())
    };
    assert_eq!(with_seed(1), with_seed(1));
    assert_ne!(with_seed(1), with_seed(2));
}

fn a_component_meets_its_limits() {
    let Some(component) = component() else { return };
    let program = compile(&component).unwrap();
    let limit = |result| match result {
        Err(EngineError::Limit { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let mut short = all_settings();
    short.args = vec!["program".into(), "loop".into()];
    short.wall_time = Duration::from_millis(200);
    assert_eq!(limit(run(&program, short)), LimitName::Time);
    let mut small = all_settings();
    small.args = vec!["program".into(), "grow".into()];
    small.memory = 8 << 20;
    assert_eq!(limit(run(&program, small)), LimitName::Memory);
    let report = run_with(&program, "print").unwrap();
    assert_eq!(report.exit_code, 1);
    assert!(bytes(&report.stdout).len() <= 64 << 10);
    the_next_run_works();
}

fn a_component_sees_what_it_may_and_no_more() {
    let Some(component) = component() else { return };
    let program = compile(&component).unwrap();
    let mut settings = all_settings();
    settings.rights.remove(0);
    // Its first deed with the input fails.
    assert!(matches!(
        run(&program, settings),
        Err(EngineError::Trap {
            trap: Trap::Unreachable
        })
    ));
}

fn a_component_takes_the_same_fuel_each_time() {
    let Some(component) = component() else { return };
    let metered = ProgramSettings {
        metered: true,
        ..program_settings()
    };
    let program = compile_with(&component, metered).unwrap();
    let fuel = || run(&program, all_settings()).unwrap().fuel;
    let first = fuel();
    assert!(first > Some(100_000));
    assert_eq!(fuel(), first);
    let mut little = all_settings();
    little.fuel = Some(100_000);
    assert!(matches!(
        run(&program, little),
        Err(EngineError::Limit {
            name: LimitName::Fuel,
            ..
        })
    ));
}

/// Imports two interfaces of networks, one using the other's resource, and calls or does not.
fn networked(call: &str) -> Vec<u8> {
    wat(&format!(
        r#"(component
        (import "wasi:sockets/network@0.2.0" (instance $network
            (export "network" (type (sub resource)))))
        (alias export $network "network" (type $of))
        (import "wasi:sockets/instance-network@0.2.0" (instance $instance
            (alias outer 1 $of (type $of))
            (export "network" (type $n (eq $of)))
            (export "instance-network" (func (result (own $n))))))
        (core func $get (canon lower (func $instance "instance-network")))
        (core module $m
            (import "" "get" (func $get (result i32)))
            (func (export "run") (result i32) {call} (i32.const 0)))
        (core instance $i (instantiate $m
            (with "" (instance (export "get" (func $get))))))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $command)))"#
    ))
}

fn a_network_can_be_imported_and_ends_the_component_that_uses_it() {
    let idle = compile(&networked("")).unwrap();
    let none: &[Output] = &[];
    assert_eq!(idle.run(settings(), &[], none).unwrap().exit_code, 0);
    let calling = compile(&networked("(drop (call $get))")).unwrap();
    assert!(matches!(
        calling.run(settings(), &[], none),
        Err(EngineError::Trap { trap: Trap::Other })
    ));
    the_next_run_works();
}

fn every_module_of_a_component_may_have_a_memory_and_all_count() {
    // Each of one page; the last one's `run` is the command.
    let with = |memories: usize| {
        let instance = |index| format!("(core instance $i{index} (instantiate $m))");
        let instances: String = (0..memories).map(instance).collect();
        let text = format!(
            r#"(component
            (core module $m (memory 1) (func (export "run") (result i32) (i32.const 0)))
            {instances}
            (func $run (result (result)) (canon lift (core func $i0 "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#
        );
        compile(&wat(&text)).unwrap()
    };
    let none: &[Output] = &[];
    let report = with(16).run(settings(), &[], none).unwrap();
    assert_eq!(report.peak_memory, 16 * 65536);
    let mut small = settings();
    small.memory = 8 * 65536;
    assert!(matches!(
        with(9).run(small, &[], none),
        Err(EngineError::Limit {
            name: LimitName::Memory,
            ..
        })
    ));
    the_next_run_works();
}

/// Eighteen megabytes with an interpreter in them, so only where the tool for it is installed.
fn a_component_made_from_python_runs() {
    static BUILT: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let component = BUILT.get_or_init(|| {
        componentize(
            "componentize-py",
            "app.py",
            "--quiet --world app --wit-path {wit} componentize app --output app.wasm",
        )
    });
    let Some(program) = component.as_deref().map(large) else {
        return;
    };
    let report = run(&program, all_settings()).unwrap();
    assert_eq!(written(&report), b"SOME INPUT AND NO MORE");
    let stdout = String::from_utf8(bytes(&report.stdout)).unwrap();
    assert_eq!(stdout, "hello ['deeds', 'ü'] a=b\n");
}

/// Likewise.
fn a_component_made_from_javascript_runs() {
    static BUILT: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let component = BUILT.get_or_init(|| {
        componentize(
            "componentize-js",
            "app.js",
            "app.js --wit {wit} --world-name app --out app.wasm",
        )
    });
    let Some(program) = component.as_deref().map(large) else {
        return;
    };
    let report = run(&program, all_settings()).unwrap();
    let stdout = String::from_utf8(bytes(&report.stdout)).unwrap();
    assert_eq!(stdout, "{\"squares\":[1,4,9],\"numbers\":10,\"now\":0}\n");
}

/// Compiles a program that comes with its language.
fn large(component: &[u8]) -> Program {
    let report = check(component).unwrap();
    assert!(report.fits(), "{:?}", report.problems);
    assert!(report.needs.contains(&Need::Network), "it never uses it");
    let settings = ProgramSettings {
        compile_time: Duration::from_secs(600),
        ..program_settings()
    };
    compile_with(component, settings).unwrap()
}

/// Makes a component by a tool that may not be there.
fn componentize(tool: &str, source: &str, arguments: &str) -> Option<Vec<u8>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    // A copy, since these tools leave files of their own beside what they read.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(tool);
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(sources.join(source), folder.join(source)).expect("a copy");
    let wit = sources.join("wit");
    let ended = Command::new(tool)
        .args(arguments.split(' ').map(|argument| match argument {
            "{wit}" => wit.as_os_str(),
            other => other.as_ref(),
        }))
        .current_dir(&folder)
        .status();
    if ended.is_err() {
        println!("skipped: {tool} is not on the path");
        return None;
    }
    assert!(ended.is_ok_and(|status| status.success()), "{tool}");
    Some(fs::read(folder.join("app.wasm")).expect("the component"))
}
