//! What holds in any order of events.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::*;
use veracruz_computation::{Effect, Failure, Lease, Resources, RunReport, WrittenFile};
use veracruz_policy::Sha256;
use veracruz_protocol::{ComputationState, Content, FailureClass, StateTag, header::Range};

const NAMES: [&str; 3] = ["acme", "globex", "lab"];
const FILES: [&str; 6] = [PROGRAM, ACME, GLOBEX, BETWEEN, OUTPUT, "/elsewhere"];

/// Something that happens, by indices so that sequences shrink.
#[derive(Clone, Debug)]
enum Event {
    Approve {
        who: usize,
        bearer: usize,
    },
    Withdraw {
        who: usize,
    },
    Upload {
        who: usize,
        file: usize,
        content: usize,
    },
    Begin {
        who: usize,
        file: usize,
    },
    Append {
        bytes: u64,
    },
    Suspend,
    Commit {
        right: bool,
    },
    Delete {
        who: usize,
        file: usize,
    },
    Compile,
    Start {
        who: usize,
        behind: u64,
    },
    Finish {
        right: bool,
    },
    Fail,
    Receipt,
}

fn event() -> impl Strategy<Value = Event> {
    let (who, file) = (0..3_usize, 0..6_usize);
    prop_oneof![
        3 => (who.clone(), 0..3_usize).prop_map(|(who, bearer)| Event::Approve { who, bearer }),
        3 => who.clone().prop_map(|who| Event::Approve { who, bearer: who }),
        1 => who.clone().prop_map(|who| Event::Withdraw { who }),
        2 => (who.clone(), file.clone(), 0..3_usize)
            .prop_map(|(who, file, content)| Event::Upload { who, file, content }),
        6 => (0..3_usize).prop_map(|n| Event::Upload { who: (n + 2) % 3, file: n, content: 0 }),
        1 => (who.clone(), file.clone()).prop_map(|(who, file)| Event::Begin { who, file }),
        1 => (0..12_u64).prop_map(|bytes| Event::Append { bytes }),
        1 => Just(Event::Suspend),
        1 => any::<bool>().prop_map(|right| Event::Commit { right }),
        1 => (who.clone(), file).prop_map(|(who, file)| Event::Delete { who, file }),
        4 => Just(Event::Compile),
        5 => (who, 0..2_u64).prop_map(|(who, behind)| Event::Start { who, behind }),
        2 => any::<bool>().prop_map(|right| Event::Finish { right }),
        1 => Just(Event::Fail),
        1 => Just(Event::Receipt),
    ]
}

fn happen(bench: &mut Bench, leases: &mut Vec<Lease>, event: &Event) {
    let contents: [&[u8]; 3] = [program_bytes(), b"0123456789", b""];
    match *event {
        Event::Approve { who, bearer } => {
            let compact = sign(&bench.statement(NAMES[who]), &key(NAMES[who]));
            let _ = bench.carry(NAMES[bearer], &compact);
        }
        Event::Withdraw { who } => {
            let session = bench.session(NAMES[who]);
            let reply = bench.machine.withdraw(&session);
            bench.take(reply).unwrap();
        }
        Event::Upload { who, file, content } => {
            let _ = bench.upload(NAMES[who], FILES[file], contents[content]);
        }
        Event::Begin { who, file } => {
            let session = bench.session(NAMES[who]);
            let upload = headers(contents[0]);
            let reply = bench
                .machine
                .begin_upload(&session, &path(FILES[file]), upload, NOW);
            leases.extend(bench.take(reply).map(|grant| grant.lease));
        }
        Event::Append { bytes } => {
            if let Some(lease) = leases.last() {
                let _ = bench.machine.append(lease, bytes);
            }
        }
        Event::Suspend => {
            leases
                .pop()
                .map(|lease| bench.machine.suspend_upload(lease));
        }
        Event::Commit { right } => {
            if let Some(lease) = leases.pop() {
                let digest = Sha256::of(if right { contents[0] } else { b"wrong" });
                let reply = bench.machine.commit_upload(lease, digest);
                let _ = bench.take(reply);
            }
        }
        Event::Delete { who, file } => {
            let session = bench.session(NAMES[who]);
            let reply = bench.machine.delete(&session, &path(FILES[file]));
            let _ = bench.take(reply);
        }
        Event::Compile => bench.compile(),
        Event::Start { who, behind } => start(bench, NAMES[who], behind),
        Event::Finish { right } => {
            let run = bench.status("lab").runs.started;
            let written = if right && run > 0 {
                written(bench)
            } else {
                vec![]
            };
            let report = RunReport::Finished {
                written,
                resources: Resources::default(),
            };
            let reply = bench.machine.run_ended(run, report);
            let _ = bench.take(reply);
        }
        Event::Fail => {
            let run = bench.status("lab").runs.started;
            let report = RunReport::Failed(Failure {
                stage: Some(1),
                class: FailureClass::Program,
                exit_code: None,
                reason: Some("a trap".into()),
            });
            let reply = bench.machine.run_ended(run, report);
            let _ = bench.take(reply);
        }
        Event::Receipt => {
            let run = bench.status("lab").runs.started;
            let reply = bench.machine.receipt_made(run, Some(vec![1]));
            let _ = bench.take(reply);
        }
    }
}

/// Starts a run and checks that a run starts if and only if it may.
fn start(bench: &mut Bench, who: &str, behind: u64) {
    let before = bench.status(who);
    let required = ["acme", "globex"].iter().all(|name| bench.approved(name));
    let provided = [PROGRAM, ACME, GLOBEX]
        .iter()
        .all(|file| bench.present(file));
    let StateTag(tag) = bench.machine.tag();
    let session = bench.session(who);
    let seen = Some(StateTag(tag.saturating_sub(behind)));
    let reply = bench.machine.start_run(&session, seen, NOW);
    let started = bench.take(reply).is_ok();
    let ready = before.state == ComputationState::Ready;
    assert_eq!(started, ready && who != "globex" && behind == 0);
    if started {
        assert!(required, "a run without the required approvals");
        assert!(provided, "a run without its inputs");
        assert!(
            before.runs.started < before.runs.allowed,
            "a run beyond the policy's"
        );
    }
}

fn written(bench: &Bench) -> Vec<WrittenFile> {
    let content = Content {
        length: 1,
        sha256: Sha256::of(b"x"),
    };
    let files = bench.plan().written.iter();
    files
        .map(|file| WrittenFile {
            storage: file.storage,
            content,
        })
        .collect()
}

/// What holds after every event.
fn check(bench: &Bench) {
    let status = bench.status("acme");
    assert!(status.runs.started <= status.runs.allowed);
    for name in NAMES {
        let session = bench.session(name);
        let read = bench
            .machine
            .read(&session, &path(OUTPUT), Range::parse("bytes=0-"));
        let read = read.is_ok_and(|read| !bench.erased(read.storage));
        let released = status
            .run
            .as_ref()
            .is_some_and(|run| run.outcome == veracruz_protocol::RunOutcome::Finished);
        assert!(
            !read || (released && name == "acme"),
            "an output that is not released"
        );
    }
    let mut erased = std::collections::BTreeSet::new();
    for effect in &bench.effects {
        if let Effect::Erase(storage) = effect {
            assert!(erased.insert(*storage), "erased twice");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn in_any_order_of_events_the_rules_hold(
        events in proptest::collection::vec(event(), 1..60),
        pinned: bool,
        once: bool,
        runs in 1..3_u32,
        begin_ready: bool,
    ) {
        let approve = if once { "once" } else { "each-run" };
        let variant = Variant { pinned, approve, runs, ..Variant::default() };
        let mut bench = if begin_ready { Bench::ready(&variant) } else { Bench::new(&variant) };
        let mut leases = Vec::new();
        let mut tag = bench.machine.tag();
        for event in &events {
            happen(&mut bench, &mut leases, event);
            check(&bench);
            prop_assert!(bench.machine.tag() >= tag);
            tag = bench.machine.tag();
        }
    }
}
