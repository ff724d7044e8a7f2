//! What the tests share: one spawner, and small programs.

use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};

use veracruz_engine::{
    EngineError, Input, Output, ProgramSettings, Right, Spawner, StageReport, StageSettings,
    Strategy, memfd::Sealed,
};

static SPAWNER: OnceLock<Spawner> = OnceLock::new();

/// How programs are compiled now, and what runs of them came to: tests run one after the other.
static STRATEGY: Mutex<Strategy> = Mutex::new(Strategy::Compiled);
static TRANSCRIPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// To be called first in `main`.
pub(crate) fn fork_spawner() {
    let spawner = Spawner::fork().expect("a spawner");
    SPAWNER.set(spawner).expect("one spawner");
}

pub(crate) fn spawner() -> &'static Spawner {
    SPAWNER.get().expect("main has forked it")
}

/// Calls a test with programs compiled in this way, and says what all runs in it came to.
pub(crate) fn under(strategy: Strategy, test: fn()) -> Vec<String> {
    *STRATEGY.lock().unwrap() = strategy;
    TRANSCRIPT.lock().unwrap().clear();
    let ended = std::panic::catch_unwind(test);
    *STRATEGY.lock().unwrap() = Strategy::Compiled;
    if let Err(panic) = ended {
        eprintln!("this was with {strategy:?}");
        std::panic::resume_unwind(panic);
    }
    std::mem::take(&mut *TRANSCRIPT.lock().unwrap())
}

pub(crate) fn strategy() -> Strategy {
    *STRATEGY.lock().unwrap()
}

/// Test functions that say something about programs: they hold, and every run comes to the same
/// bytes, compiled and interpreted.
#[macro_export]
macro_rules! trials_of_both_strategies {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn tests() -> Vec<libtest_mimic::Trial> {
            vec![$(libtest_mimic::Trial::test(stringify!($name), || {
                let compiled = $crate::support::under(veracruz_engine::Strategy::Compiled, $name);
                let interpreted =
                    $crate::support::under(veracruz_engine::Strategy::Interpreted, $name);
                assert_eq!(compiled, interpreted);
                Ok(())
            })),*]
        }
    };
}

/// A list of test functions under their names.
#[macro_export]
macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn tests() -> Vec<libtest_mimic::Trial> {
            vec![$(libtest_mimic::Trial::test(stringify!($name), || {
                $name();
                Ok(())
            })),*]
        }
    };
}

/// Functions that programs in these tests call, and the memory they have. A failing call makes
/// the exit code 100 + errno.
const PRELUDE: &str = r#"
    (import "wasi_snapshot_preview1" "path_open" (func $path_open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 100) "out")
    (data (i32.const 110) "in")
    (data (i32.const 1000) "hello, world")
    (func $check (param i32)
        (if (local.get 0) (then (call $exit (i32.add (i32.const 100) (local.get 0))))))
    (func $write (param $fd i32) (param $at i32) (param $len i32)
        (i32.store (i32.const 8) (local.get $at))
        (i32.store (i32.const 12) (local.get $len))
        (call $check (call $fd_write (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 16))))
    ;; Opens /out, created and emptied, for writing.
    (func $create (result i32)
        (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 3)
            (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))
        (i32.load (i32.const 0)))
    (func $out (param $at i32) (param $len i32)
        (call $write (call $create) (local.get $at) (local.get $len)))
    ;; Reads up to 4 KiB of /in to 8192; returns how many bytes.
    (func $in (result i32)
        (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 110) (i32.const 2)
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
        (i32.store (i32.const 8) (i32.const 8192))
        (i32.store (i32.const 12) (i32.const 4096))
        (call $check (call $fd_read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
        (i32.load (i32.const 16)))
"#;

/// Writes "hello, world" to /out.
pub(crate) const HELLO: &str = "(call $out (i32.const 1000) (i32.const 12))";

/// A module with the prelude and this body of `_start`.
pub(crate) fn command(body: &str) -> Vec<u8> {
    wat(&format!(
        "(module {PRELUDE} (func (export \"_start\") {body}))"
    ))
}

/// As [`command`], with more definitions.
pub(crate) fn command_with(definitions: &str, body: &str) -> Vec<u8> {
    wat(&format!(
        "(module {PRELUDE} {definitions} (func (export \"_start\") {body}))"
    ))
}

pub(crate) fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module")
}

pub(crate) fn sealed(bytes: &[u8]) -> Sealed {
    Sealed::copy_of("test", bytes).expect("memory")
}

/// Defaults, under the present strategy.
pub(crate) fn program_settings() -> ProgramSettings {
    ProgramSettings {
        strategy: strategy(),
        ..ProgramSettings::default()
    }
}

pub(crate) fn compile(module: &[u8]) -> Result<Program, EngineError> {
    compile_with(module, program_settings())
}

pub(crate) fn compile_with(
    module: &[u8],
    settings: ProgramSettings,
) -> Result<Program, EngineError> {
    spawner().compile(&sealed(module), settings).map(Program)
}

/// A program whose runs are noted.
#[derive(Debug)]
pub(crate) struct Program(veracruz_engine::Program);

impl Program {
    pub(crate) fn run(
        &self,
        settings: StageSettings,
        inputs: &[Input],
        outputs: &[Output],
    ) -> Result<StageReport, EngineError> {
        let ended = self.0.run(settings, inputs, outputs);
        let note = match &ended {
            Ok(report) => format!(
                "exit code {}, {:?}, {:?}, outputs {:?}, fuel {:?}, memory {}, met {:?}",
                report.exit_code,
                bytes(&report.stdout).escape_ascii().to_string(),
                bytes(&report.stderr).escape_ascii().to_string(),
                report
                    .outputs
                    .iter()
                    .map(|output| (
                        &output.path,
                        bytes(&output.content).escape_ascii().to_string()
                    ))
                    .collect::<Vec<_>>(),
                report.fuel,
                report.peak_memory,
                report.limit_met,
            ),
            Err(error) => error.to_string(),
        };
        TRANSCRIPT.lock().unwrap().push(note);
        ended
    }
}

pub(crate) fn settings() -> StageSettings {
    let mut settings = StageSettings::new([1; 32].into());
    settings.rights = vec![right("/", true, true)];
    settings.wall_time = Duration::from_secs(30);
    settings
}

pub(crate) fn right(pattern: &str, read: bool, write: bool) -> Right {
    Right {
        pattern: pattern.into(),
        read,
        write,
    }
}

pub(crate) fn input(path: &str, content: &[u8]) -> Input {
    Input {
        path: path.into(),
        content: sealed(content),
    }
}

pub(crate) fn out() -> Output {
    Output {
        path: "/out".into(),
        max_bytes: 1 << 20,
    }
}

/// Runs with one possible output, /out.
pub(crate) fn run(program: &Program, settings: StageSettings) -> Result<StageReport, EngineError> {
    program.run(settings, &[], &[out()])
}

/// Compiles and runs.
pub(crate) fn try_body(body: &str, settings: StageSettings) -> Result<StageReport, EngineError> {
    run(&compile(&command(body))?, settings)
}

/// Bytes of a file.
pub(crate) fn bytes(file: &Sealed) -> Vec<u8> {
    file.to_vec().expect("its bytes")
}

/// The content of /out.
pub(crate) fn written(report: &StageReport) -> Vec<u8> {
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.outputs.len(), 1);
    assert_eq!(report.outputs[0].path, "/out");
    bytes(&report.outputs[0].content)
}

/// A new program runs.
pub(crate) fn the_next_run_works() {
    let report = try_body(HELLO, settings()).expect("a report");
    assert_eq!(written(&report), b"hello, world");
}
