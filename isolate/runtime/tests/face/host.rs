//! What the host can say and do.

use crate::isolate::{Isolate, spawn};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use veracruz_protocol::ComputationState;
use veracruz_protocol::control::{ToHost, ToIsolate, refusal};

#[test]
fn the_isolate_ends_with_its_control_channel() {
    let mut isolate = Isolate::start();
    let connected = isolate.acme();
    let control = isolate.control.take().unwrap();
    control.shutdown(Shutdown::Write).unwrap();
    assert_eq!(isolate.child.wait().unwrap().code(), Some(0));
    drop(connected);
}

#[test]
fn a_second_policy_ends_the_isolate() {
    let mut isolate = Isolate::start();
    let policy = isolate.policy.document().to_vec();
    isolate.say(&ToIsolate::Install { policy });
    let class = refusal::SECOND_POLICY;
    assert_eq!(isolate.hear(), ToHost::Refused { class });
    assert_eq!(isolate.child.wait().unwrap().code(), Some(16));
}

#[test]
fn health_is_a_word_and_a_number() {
    let mut isolate = Isolate::start();
    let health = isolate.health();
    assert_eq!(health.state, ComputationState::Awaiting);
    assert_eq!(health.connections, 0);
    let mut client = isolate.acme();
    assert_eq!(client.get("/v1/status").status, 200);
    assert_eq!(isolate.health().connections, 1);
}

#[test]
fn crafted_descriptors_are_closed_and_the_isolate_goes_on() {
    let isolate = Isolate::start();
    let file = rustix::fs::memfd_create("crafted", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let (stream, accepted) = UnixStream::pair().unwrap();
    isolate.pass(&[file.as_fd()]);
    isolate.pass(&[accepted.as_fd(), accepted.as_fd()]);
    assert_eq!(isolate.acme().get("/v1/status").status, 200);
    // Both copies that the isolate got are closed, so this is the last one.
    drop(accepted);
    assert!(rustix::net::send(&stream, &[0], rustix::net::SendFlags::NOSIGNAL).is_err());
}

#[test]
fn every_thread_is_confined() {
    let isolate = Isolate::start();
    let tasks = format!("/proc/{}/task", isolate.child.id());
    let mut threads = 0;
    for task in std::fs::read_dir(tasks).unwrap() {
        let id = task.unwrap().file_name().into_string().unwrap();
        let says = |key| isolate.kernel_says(&format!("task/{id}/status"), key);
        assert_eq!(
            (says("Seccomp").as_str(), says("NoNewPrivs").as_str()),
            ("2", "1")
        );
        threads += 1;
    }
    // Main, doorman, evidence, runs, programs, and at least one server.
    assert!(threads >= 6, "{threads}");
}

#[test]
fn refuses_to_start_without_its_channels() {
    let pair = UnixStream::pair().unwrap();
    let (stream, other) = (pair.0.into(), pair.1.into());
    // Streams where there must be packets.
    let mut child = spawn([&stream, &other, &other], 64);
    assert_eq!(child.wait().unwrap().code(), Some(10));
}

#[test]
fn who_is_here_may_stay_when_the_host_brings_nobody_any_more() {
    let mut isolate = Isolate::start();
    let mut client = isolate.acme();
    isolate.connections = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(client.get("/v1/status").status, 200);
    assert_eq!(isolate.health().connections, 1);
}
