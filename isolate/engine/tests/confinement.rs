//! What an escaped program would meet: native code under the same restrictions as a worker.
//!
//! Each attempt runs in a child of its own, since some of them kill.
#![expect(unsafe_code, reason = "hostile code talks to the kernel as it pleases")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests panic; clippy knows only those under its own harness"
)]

use std::{io, mem, ptr, time::Duration};

use libtest_mimic::{Arguments, Trial};
use veracruz_engine::{
    ProgramSettings, Spawner, StageSettings, Strategy,
    confinement::{Bounds, HOSTILE, Level, confine, refuse_executable_memory},
    memfd::Sealed,
};

const EPERM: i32 = libc::EPERM;
const LEVELS: [Level; 3] = [Level::Compiling, Level::Locked, Level::Stage];

fn main() {
    let mut arguments = Arguments::from_args();
    // Children are forked from this thread, and it must be the only one.
    arguments.test_threads = Some(1);
    let tests: [(&str, fn()); 17] = [
        ("hostile_calls_kill", hostile_calls_kill),
        ("no_file_can_be_opened", no_file_can_be_opened),
        (
            "nobody_outside_can_be_signalled",
            nobody_outside_can_be_signalled,
        ),
        (
            "executable_memory_ends_with_compiling",
            executable_memory_ends_with_compiling,
        ),
        (
            "written_memory_cannot_become_executable",
            written_memory_cannot_become_executable,
        ),
        (
            "shared_memory_ends_with_compiling",
            shared_memory_ends_with_compiling,
        ),
        ("threads_end_with_compiling", threads_end_with_compiling),
        ("processes_end_with_the_stage", processes_end_with_the_stage),
        ("namespaces_cannot_be_made", namespaces_cannot_be_made),
        (
            "a_stage_gets_no_new_descriptors",
            a_stage_gets_no_new_descriptors,
        ),
        (
            "a_stage_cannot_unseal_or_resize",
            a_stage_cannot_unseal_or_resize,
        ),
        ("a_stages_memory_is_bounded", a_stages_memory_is_bounded),
        (
            "a_stages_processor_time_is_bounded",
            a_stages_processor_time_is_bounded,
        ),
        (
            "limits_cannot_be_raised_again",
            limits_cannot_be_raised_again,
        ),
        (
            "what_a_worker_needs_is_permitted",
            what_a_worker_needs_is_permitted,
        ),
        (
            "an_interpreting_worker_never_has_executable_memory",
            an_interpreting_worker_never_has_executable_memory,
        ),
        (
            "a_program_is_interpreted_where_nothing_may_be_executable",
            a_program_is_interpreted_where_nothing_may_be_executable,
        ),
    ];
    let tests = tests
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, tests).exit();
}

const BOUNDS: Bounds = Bounds {
    data: 256 << 20,
    address_space: 16 << 30,
    cpu_time: Some(Duration::from_millis(100)),
};

#[derive(Debug, PartialEq)]
enum Ended {
    /// With what the attempt returned.
    Returned(i32),
    Killed(i32),
}

/// Runs an attempt at a level, in a child.
fn at(level: Level, attempt: impl FnOnce() -> i32) -> Ended {
    in_a_child(|| {
        let confined = LEVELS
            .iter()
            .filter(|each| **each <= level)
            .all(|each| confine(*each, &BOUNDS).is_ok());
        if confined { attempt() } else { 255 }
    })
}

fn in_a_child(attempt: impl FnOnce() -> i32) -> Ended {
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let code = attempt();
        // SAFETY: ends the child.
        unsafe { libc::_exit(code) }
    }
    let mut status = 0;
    // SAFETY: the pointer is to a local variable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if libc::WIFSIGNALED(status) {
        Ended::Killed(libc::WTERMSIG(status))
    } else {
        Ended::Returned(libc::WEXITSTATUS(status))
    }
}

/// What a call answers: 0, or the `errno`.
fn answer(result: i64) -> i32 {
    if result >= 0 {
        0
    } else {
        io::Error::last_os_error().raw_os_error().unwrap()
    }
}

fn call(number: libc::c_long, arguments: [usize; 6]) -> i32 {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the arguments are harmless if the call were permitted; a child alone is at risk.
    answer(unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

fn hostile_calls_kill() {
    for level in LEVELS {
        for number in HOSTILE {
            let ended = at(level, || call(*number, [0; 6]));
            assert_eq!(
                ended,
                Ended::Killed(libc::SIGSYS),
                "call {number} at {level:?}"
            );
        }
        let dialled = at(level, || {
            i32::from(std::net::TcpStream::connect("127.0.0.1:1").is_ok())
        });
        assert_eq!(dialled, Ended::Killed(libc::SIGSYS));
    }
}

fn no_file_can_be_opened() {
    for level in LEVELS {
        for path in [c"/", c"/etc/passwd", c"/proc/self/mem", c"/tmp/x"] {
            for flags in [libc::O_RDONLY, libc::O_RDWR | libc::O_CREAT, libc::O_PATH] {
                let ended = at(level, || {
                    // SAFETY: the path is a C string.
                    answer(unsafe { libc::open(path.as_ptr(), flags, 0o600) }.into())
                });
                assert_eq!(ended, Ended::Returned(EPERM), "{path:?} at {level:?}");
            }
        }
        let openat2 = at(level, || call(libc::SYS_openat2, [0; 6]));
        assert_eq!(openat2, Ended::Returned(EPERM));
    }
}

fn nobody_outside_can_be_signalled() {
    let parent = usize::try_from(std::process::id()).unwrap();
    for level in LEVELS {
        for number in [libc::SYS_kill, libc::SYS_tkill] {
            let ended = at(level, || call(number, [parent, 0, 0, 0, 0, 0]));
            assert_eq!(ended, Ended::Returned(EPERM));
        }
    }
    // By a descriptor of the process it is Landlock that refuses, from Linux 6.12 on.
    let ended = at(Level::Locked, || {
        // SAFETY: no pointers are passed.
        let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, parent, 0) };
        let pidfd = usize::try_from(pidfd).unwrap();
        call(libc::SYS_pidfd_send_signal, [pidfd, 0, 0, 0, 0, 0])
    });
    assert_eq!(ended, Ended::Returned(EPERM));
}

/// The call itself: the C library has its own idea of what to answer.
fn map(protection: i32, flags: i32) -> i32 {
    let argument = |value: i32| usize::try_from(value).unwrap();
    let no_file = usize::MAX;
    call(
        libc::SYS_mmap,
        [0, 4096, argument(protection), argument(flags), no_file, 0],
    )
}

fn executable_memory_ends_with_compiling() {
    let attempt = || {
        map(
            libc::PROT_READ | libc::PROT_EXEC,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        )
    };
    assert_eq!(at(Level::Compiling, attempt), Ended::Returned(0));
    assert_eq!(at(Level::Locked, attempt), Ended::Returned(EPERM));
    assert_eq!(at(Level::Stage, attempt), Ended::Returned(EPERM));
}

fn written_memory_cannot_become_executable() {
    for level in [Level::Locked, Level::Stage] {
        for number in [libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
            let ended = at(level, || {
                let page = mem::ManuallyDrop::new(vec![0u8; 8192]);
                let start = (page.as_ptr() as usize).next_multiple_of(4096);
                let protection = usize::try_from(libc::PROT_READ | libc::PROT_EXEC).unwrap();
                call(number, [start, 4096, protection, 0, 0, 0])
            });
            assert_eq!(ended, Ended::Returned(EPERM));
        }
    }
}

fn shared_memory_ends_with_compiling() {
    let attempt = || {
        map(
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
        )
    };
    assert_eq!(at(Level::Locked, attempt), Ended::Returned(EPERM));
    assert_eq!(at(Level::Stage, attempt), Ended::Returned(EPERM));
}

fn threads_end_with_compiling() {
    let attempt = || {
        let thread = std::thread::Builder::new().spawn(|| 1);
        thread.map_or(2, |thread| i32::from(thread.join().is_err()))
    };
    assert_eq!(at(Level::Compiling, attempt), Ended::Returned(0));
    assert_eq!(at(Level::Locked, attempt), Ended::Returned(2));
    assert_eq!(at(Level::Stage, attempt), Ended::Returned(2));
}

fn processes_end_with_the_stage() {
    let attempt = || {
        // SAFETY: this process has one thread.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) }
        }
        let answer = answer(child.into());
        // SAFETY: a null pointer is allowed for the status.
        unsafe { libc::wait4(child, ptr::null_mut(), 0, ptr::null_mut()) };
        answer
    };
    assert_eq!(at(Level::Locked, attempt), Ended::Returned(0));
    assert_eq!(at(Level::Stage, attempt), Ended::Returned(EPERM));
}

fn namespaces_cannot_be_made() {
    let flags = usize::try_from(libc::CLONE_NEWUSER | libc::SIGCHLD).unwrap();
    for level in LEVELS {
        let ended = at(level, || call(libc::SYS_clone, [flags, 0, 0, 0, 0, 0]));
        assert_eq!(ended, Ended::Returned(EPERM));
        let clone3 = at(level, || call(libc::SYS_clone3, [0; 6]));
        assert!(matches!(clone3, Ended::Returned(EPERM | libc::ENOSYS)));
    }
}

fn a_stage_gets_no_new_descriptors() {
    for number in [
        libc::SYS_memfd_create,
        libc::SYS_dup,
        libc::SYS_dup3,
        libc::SYS_pipe2,
        libc::SYS_eventfd2,
        libc::SYS_epoll_create1,
        libc::SYS_timerfd_create,
        libc::SYS_inotify_init1,
        libc::SYS_recvmsg,
        libc::SYS_sendmsg,
        libc::SYS_pidfd_open,
        libc::SYS_landlock_create_ruleset,
        libc::SYS_memfd_secret,
    ] {
        let ended = at(Level::Stage, || call(number, [0; 6]));
        assert_eq!(ended, Ended::Returned(EPERM), "call {number}");
    }
    let duplicated = at(Level::Stage, || {
        call(libc::SYS_fcntl, [0, libc::F_DUPFD as usize, 0, 0, 0, 0])
    });
    assert_eq!(duplicated, Ended::Returned(EPERM));
}

fn a_stage_cannot_unseal_or_resize() {
    for arguments in [
        [0, libc::F_ADD_SEALS as usize, 0, 0, 0, 0],
        [0, libc::F_SETFL as usize, 0, 0, 0, 0],
    ] {
        let ended = at(Level::Stage, || call(libc::SYS_fcntl, arguments));
        assert_eq!(ended, Ended::Returned(EPERM));
    }
    for number in [libc::SYS_ftruncate, libc::SYS_fallocate, libc::SYS_ioctl] {
        let ended = at(Level::Stage, || call(number, [0; 6]));
        assert_eq!(ended, Ended::Returned(EPERM));
    }
}

fn a_stages_memory_is_bounded() {
    let allocate = |bytes: usize| {
        move || {
            let mut memory: Vec<u8> = Vec::new();
            i32::from(memory.try_reserve_exact(bytes).is_err())
        }
    };
    assert_eq!(at(Level::Stage, allocate(64 << 20)), Ended::Returned(0));
    assert_eq!(at(Level::Stage, allocate(512 << 20)), Ended::Returned(1));
}

fn a_stages_processor_time_is_bounded() {
    let ended = at(Level::Stage, || {
        loop {
            std::hint::spin_loop();
        }
    });
    assert_eq!(ended, Ended::Killed(libc::SIGKILL));
}

fn limits_cannot_be_raised_again() {
    let none = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    let ended = at(Level::Stage, || {
        // SAFETY: the pointer is to a value of the right type.
        answer(unsafe { libc::setrlimit(libc::RLIMIT_CPU, &raw const none) }.into())
    });
    assert_eq!(ended, Ended::Returned(EPERM));
}

fn what_a_worker_needs_is_permitted() {
    let ended = at(Level::Stage, || {
        let memory = vec![1u8; 10 << 20];
        let map: std::collections::HashMap<usize, u8> = memory
            .iter()
            .step_by(1 << 20)
            .copied()
            .enumerate()
            .collect();
        eprintln!("seen where standard error is open");
        i32::from(map.len() != 10 || std::time::Instant::now().elapsed() > Duration::from_secs(9))
    });
    assert_eq!(ended, Ended::Returned(0));
}

fn an_interpreting_worker_never_has_executable_memory() {
    let attempt = || {
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        if refuse_executable_memory().is_err() || map(libc::PROT_READ, anonymous) != 0 {
            return 255;
        }
        map(libc::PROT_READ | libc::PROT_EXEC, anonymous)
    };
    assert_eq!(at(Level::Compiling, attempt), Ended::Returned(EPERM));
    for number in [libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
        let ended = at(Level::Compiling, || {
            let page = mem::ManuallyDrop::new(vec![0u8; 8192]);
            let start = (page.as_ptr() as usize).next_multiple_of(4096);
            let protection = usize::try_from(libc::PROT_READ | libc::PROT_EXEC).unwrap();
            if refuse_executable_memory().is_err() {
                return 255;
            }
            call(number, [start, 4096, protection, 0, 0, 0])
        });
        assert_eq!(ended, Ended::Returned(EPERM));
    }
}

/// In a process, and so in all that it forks, where the kernel refuses to make anything
/// executable: an isolate of a kind that allows no code made at run time.
fn a_program_is_interpreted_where_nothing_may_be_executable() {
    let run = |strategy| {
        in_a_child(|| {
            // SAFETY: `prctl` with this option takes numbers alone.
            let alone = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
            if alone != 0 || refuse_executable_memory().is_err() {
                return 255;
            }
            let text = "(module
                (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
                (func $twice (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
                (func (export \"_start\") (call $exit (call $twice (i32.const 21)))))";
            let settings = ProgramSettings {
                strategy,
                ..ProgramSettings::default()
            };
            let spawner = Spawner::fork().expect("a spawner");
            let module = wat::parse_str(text).expect("a module");
            let module = Sealed::copy_of("module", &module).expect("memory");
            let Ok(program) = spawner.compile(&module, settings) else {
                return 254;
            };
            let ended = program.run(StageSettings::new([1; 32].into()), &[], &[]);
            ended.map_or(253, |report| report.exit_code.cast_signed())
        })
    };
    assert_eq!(run(Strategy::Interpreted), Ended::Returned(42));
    assert_eq!(run(Strategy::Compiled), Ended::Returned(254));
}
