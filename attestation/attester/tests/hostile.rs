//! A hostile native program in the runtime's place: what it tries, and what it is answered.
//!
//! Everything is tried twice where that is possible: under an attester that runs as root, and under
//! one that runs as an ordinary user. `--nocapture` shows the tables.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests, too, end a test by panicking"
)]

mod support;

use std::fs::File;
use std::time::{Duration, Instant};

use support::{Attester, groups_of, is_root, policy, puppet, runs, tell, wait_until};
use veracruz_attester::{Exit, Keeper, Landlock, Launched, Limits};

/// The user of the second round: nobody.
const ORDINARY: u32 = 65534;

/// Small enough to be reached soon.
fn limits() -> Limits {
    Limits {
        memory: 96 << 20,
        file_bytes: 32 << 20,
        processes: 40,
        descriptors: 200,
        locked: 1 << 20,
        cpu: Some(300),
    }
}

/// An attester of each user that this test can be.
fn attesters() -> Vec<(&'static str, Attester)> {
    if is_root() {
        let ordinary = Attester::start_as(Some(ORDINARY));
        vec![("root", Attester::start()), ("an ordinary user", ordinary)]
    } else {
        eprintln!("skipped: the round as root, since this test does not run as root");
        vec![("an ordinary user", Attester::start())]
    }
}

fn launch(attester: &Attester, name: &str) -> Launched {
    let image = File::open(puppet()).unwrap();
    let digest = attester.client.register(&image).unwrap();
    let launched = attester.client.launch(&digest, &policy(name), &limits());
    launched.unwrap()
}

fn table(title: &str, report: &str) {
    println!("\n{title}\n");
    for (attempt, answer) in report.lines().filter_map(|line| line.split_once('=')) {
        println!("  {attempt:<44} {answer}");
    }
}

#[test]
fn whatever_it_tries_is_refused() {
    for (user, attester) in attesters() {
        let victim = launch(&attester, "victim");
        let hostile = launch(&attester, "hostile");
        assert_ne!(
            hostile.landlock,
            Landlock::None,
            "this kernel has no landlock"
        );
        let other = victim.pid.to_string();
        let report = tell(&hostile.control, b'p', Some(other.as_bytes()));
        let report = String::from_utf8(report).unwrap();
        table(&format!("attester of {user}"), &report);
        assert!(report.lines().count() > 150, "it came to its end");
        for line in report.lines() {
            let (_, answer) = line.split_once('=').unwrap();
            assert!(answer.starts_with("refused: "), "{line}");
        }
        // Its attempts reached neither the other isolate nor the attester.
        assert!(!tell(&victim.control, b'i', None).is_empty());
        assert_eq!(attester.client.list().unwrap().len(), 2);
        assert!(attester.client.hello().is_ok());
    }
}

#[test]
fn it_gets_no_more_than_its_limits() {
    for (user, attester) in attesters() {
        let kept = attester.client.hello().unwrap().limited_by;
        let greedy = launch(&attester, "greedy");
        let other = launch(&attester, "other");
        let report = String::from_utf8(tell(&greedy.control, b'g', None)).unwrap();
        table(
            &format!("attester of {user}, limits kept by {kept}"),
            &report,
        );
        let of = |name: &str| -> u64 {
            let line = report.lines().find_map(|line| line.strip_prefix(name));
            let amount = line.unwrap().trim_start_matches('=').split(' ').next();
            amount.unwrap().parse().unwrap()
        };
        let limits = limits();
        assert!(of("forks") < limits.processes.into());
        assert!(of("descriptors") < limits.descriptors.into());
        let memory = limits.memory >> 20;
        assert!(of("memory=") <= memory);
        if kept.memory == Keeper::ResourceLimits {
            println!("skipped: without control groups, memory is bounded for each process alone");
            assert!(of("memory of several processes") <= 4 * memory);
        } else {
            // Whom the kernel ended made room for the others, until the test looked.
            assert!(of("memory of several processes") < 2 * memory);
            assert!(of("files in memory") <= memory);
        }
        if kept.cpu == Keeper::Nobody {
            println!("skipped: without control groups, processor time is not bounded");
        } else {
            // Of 300, and what the measuring itself takes.
            assert!(of("processor") < 600, "{report}");
        }
        // It lives, and so does its neighbour.
        for isolate in [&greedy, &other] {
            assert!(!tell(&isolate.control, b'i', None).is_empty());
        }
    }
}

#[test]
fn its_control_groups_go_with_it() {
    let attester = Attester::start();
    let kept = attester.client.hello().unwrap().limited_by;
    println!("limits are kept by {kept}");
    let before = attester.groups();
    if before.is_empty() {
        println!("skipped: this attester may make no control groups here");
        return;
    }
    let stopped = launch(&attester, "stopped");
    let crashed = launch(&attester, "crashed");
    assert_eq!(attester.groups().len(), before.len() * 3);
    attester.client.stop(stopped.id).unwrap();
    std::io::Write::write_all(&mut File::from(crashed.control), b"s").unwrap();
    wait_until("both are gone", || attester.groups() == before);
    assert_eq!(attester.client.stop(crashed.id).unwrap(), Exit::Signal(11));
}

#[test]
fn nothing_is_left_of_an_attester_that_was_killed() {
    let mut attester = Attester::start();
    let isolate = launch(&attester, "a").pid;
    let (pid, socket) = (attester.pid(), attester.config.socket.clone());
    attester.kill();
    wait_until("isolates, control groups and the socket are gone", || {
        !runs(isolate) && groups_of(pid).is_empty() && !socket.exists()
    });
}

#[test]
fn what_an_attester_left_whose_janitor_died_too_is_removed_by_the_next() {
    use rustix::process::{Pid, Signal, kill_process};

    let mut attester = Attester::start();
    let _isolate = launch(&attester, "a");
    if attester.groups().is_empty() {
        println!("skipped: this attester may make no control groups here");
        return;
    }
    let children = format!("/proc/{0}/task/{0}/children", attester.pid());
    let janitor = std::fs::read_to_string(children).unwrap();
    let mut janitor = janitor.split_whitespace().filter(|pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        name.trim() == "janitor"
    });
    let janitor = janitor.next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(janitor).unwrap(), Signal::KILL).unwrap();
    let pid = attester.pid();
    attester.kill();
    assert!(!groups_of(pid).is_empty());
    let end = Instant::now() + Duration::from_secs(10);
    while !groups_of(pid).is_empty() {
        assert!(Instant::now() < end, "{:?}", groups_of(pid));
        drop(Attester::start());
    }
}
