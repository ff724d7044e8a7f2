//! What surrounds a program: processes, descriptors, and what happens when they die.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};
use veracruz_engine::{Death, EngineError, Phase};

use crate::support::{
    HELLO, Program, command, compile, input, out, run, settings, spawner, the_next_run_works,
    written,
};

crate::trials![
    programs_run_at_once,
    a_worker_has_no_descriptor_but_its_files,
    a_worker_is_confined,
    a_stage_that_is_killed_is_an_error_and_the_program_goes_on,
    a_program_whose_process_is_killed_compiles_again,
    a_worker_that_does_not_answer_is_killed,
    a_program_that_runs_twice_is_compiled_once,
    a_dropped_program_leaves_no_process,
    an_ended_stage_leaves_no_process,
];

const LOOP: &str = "(loop br 0)";

fn looping() -> Program {
    compile(&command(LOOP)).unwrap()
}

/// Processes below one.
fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// The spawner: the one child that this process forked.
fn spawner_pid() -> i32 {
    let _ = spawner();
    children(rustix::process::getpid().as_raw_nonzero().get())[0]
}

/// Processes of programs.
pub(crate) fn programs() -> Vec<i32> {
    children(spawner_pid())
}

/// Runs an endless loop for a while, and calls `look` with the numbers of its program's process
/// and of its stage's.
fn while_running<T>(
    program: &Program,
    wall_time: Duration,
    look: impl FnOnce(i32, i32) -> T,
) -> (T, Result<veracruz_engine::StageReport, EngineError>) {
    let before = all();
    thread::scope(|scope| {
        let ended = scope.spawn(|| {
            let mut settings = settings();
            settings.wall_time = wall_time;
            program.run(settings, &[input("/in", b"some input")], &[out()])
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        let (worker, stage) = loop {
            let found = all()
                .into_iter()
                .find(|pair| !before.contains(pair) && busy(pair.1));
            if let Some(found) = found {
                break found;
            }
            assert!(Instant::now() < deadline, "no stage was started");
            thread::sleep(Duration::from_millis(5));
        };
        let result = look(worker, stage);
        (result, ended.join().unwrap())
    })
}

/// Whether a process has computed for 50 ms: then it is in the program's loop.
fn busy(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // User time is the 14th field, in hundredths of a second; the 2nd is in parentheses.
    stat.rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(11))
        .and_then(|ticks| ticks.parse::<u64>().ok())
        .is_some_and(|ticks| ticks >= 5)
}

fn all() -> Vec<(i32, i32)> {
    children(spawner_pid())
        .into_iter()
        .flat_map(|worker| {
            children(worker)
                .into_iter()
                .map(move |stage| (worker, stage))
        })
        .collect()
}

fn programs_run_at_once() {
    let program = looping();
    let (took, ended) = while_running(&program, Duration::from_secs(4), |_, _| {
        let start = Instant::now();
        the_next_run_works();
        start.elapsed()
    });
    assert!(took < Duration::from_secs(4));
    assert!(matches!(ended, Err(EngineError::Limit { .. })));
}

/// What the descriptors of a process are.
fn descriptors(pid: i32) -> Vec<(i32, PathBuf)> {
    let mut all: Vec<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("these tests look at workers' descriptors, which takes root")
        .map(|entry| {
            let path = entry.unwrap().path();
            let number = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            (number, fs::read_link(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

fn a_worker_has_no_descriptor_but_its_files() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let program = looping();
    let (stage, _) = while_running(&program, Duration::from_secs(2), |_, stage| {
        descriptors(stage)
    });
    let memfd = |path: &Path, names: &[&str]| {
        let path = path.to_str().unwrap();
        names
            .iter()
            .any(|name| path == format!("/memfd:{name} (deleted)"))
    };
    for (number, path) in &stage {
        let expected: &[&str] = if *number < 3 {
            &["empty"]
        } else {
            &[
                "report",
                "stdout",
                "stderr",
                "output",
                "test",
                "wasm-memory-image",
            ]
        };
        assert!(memfd(path, expected), "{number} is {path:?}");
    }
    // The standard streams, report, captured output and error, /out, perhaps the input (which
    // is closed once mapped) and initial data: nothing else.
    assert!(stage.len() <= 9, "{stage:?}");
}

fn a_worker_is_confined() {
    let program = looping();
    let (status, _) = while_running(&program, Duration::from_secs(2), |worker, stage| {
        [worker, stage].map(|pid| {
            (
                fs::read_to_string(format!("/proc/{pid}/status")).unwrap(),
                fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default(),
            )
        })
    });
    for (status, maps) in status {
        for line in ["Seccomp:\t2", "NoNewPrivs:\t1", "Threads:\t1"] {
            assert!(status.contains(line), "no {line} in {status}");
        }
        assert!(!maps.lines().any(|line| line.contains("wx")));
    }
}

fn kill(pid: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn a_stage_that_is_killed_is_an_error_and_the_program_goes_on() {
    let program = looping();
    for signal in [Signal::KILL, Signal::SEGV] {
        let ((), ended) = while_running(&program, Duration::from_secs(20), |_, stage| {
            kill(stage, signal);
            // The engine's handler finds no fault of the program behind the first, and gives up
            // handling it.
            thread::sleep(Duration::from_millis(100));
            let _ = rustix::process::kill_process(Pid::from_raw(stage).unwrap(), signal);
        });
        match ended {
            Err(EngineError::WorkerLost { phase, cause }) => {
                assert_eq!(phase, Phase::Running);
                assert_eq!(cause, Death::Signal(signal.as_raw()));
            }
            other => panic!("{other:?}"),
        }
    }
    the_next_run_works();
}

fn a_program_whose_process_is_killed_compiles_again() {
    let program = looping();
    let (stage, ended) = while_running(&program, Duration::from_secs(20), |worker, stage| {
        kill(worker, Signal::KILL);
        stage
    });
    assert!(matches!(
        ended,
        Err(EngineError::WorkerLost {
            cause: Death::Signal(9),
            ..
        })
    ));
    // Its stage is gone with it.
    assert!(!Path::new(&format!("/proc/{stage}")).exists());
    let ((), ended) = while_running(&program, Duration::from_millis(500), |_, _| ());
    assert!(matches!(ended, Err(EngineError::Limit { .. })));
}

fn a_worker_that_does_not_answer_is_killed() {
    let program = looping();
    let start = Instant::now();
    let (pids, ended) = while_running(&program, Duration::from_millis(500), |worker, stage| {
        kill(worker, Signal::STOP);
        [worker, stage]
    });
    assert!(matches!(
        ended,
        Err(EngineError::WorkerLost {
            cause: Death::Unresponsive,
            ..
        })
    ));
    assert!(start.elapsed() < Duration::from_secs(20));
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
    the_next_run_works();
}

fn a_program_that_runs_twice_is_compiled_once() {
    let program = compile(&command(HELLO)).unwrap();
    let compiled = programs();
    assert_eq!(compiled.len(), 1);
    // A process compiles one module, at its start, and then can compile no other: what still is
    // the same process has not compiled again.
    for _ in 0..3 {
        assert_eq!(
            written(&run(&program, settings()).unwrap()),
            b"hello, world"
        );
        assert_eq!(programs(), compiled);
    }
}

fn a_dropped_program_leaves_no_process() {
    let program = looping();
    let (worker, _) = while_running(&program, Duration::from_millis(300), |worker, _| worker);
    assert!(Path::new(&format!("/proc/{worker}")).exists());
    drop(program);
    assert!(!Path::new(&format!("/proc/{worker}")).exists());
}

fn an_ended_stage_leaves_no_process() {
    let program = compile(&command(HELLO)).unwrap();
    for _ in 0..3 {
        assert_eq!(
            written(&run(&program, settings()).unwrap()),
            b"hello, world"
        );
    }
    let program = looping();
    let (stage, _) = while_running(&program, Duration::from_millis(300), |_, stage| stage);
    assert!(!Path::new(&format!("/proc/{stage}")).exists());
}
