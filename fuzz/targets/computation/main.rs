//! Any order of events of a computation: no panic, and the rules that every participant relies on.
#![no_main]

mod bench;

use arbitrary::Arbitrary;
use bench::{ALLOWED_RUNS, Bench, FILES, NAMES, OUTPUT};
use libfuzzer_sys::fuzz_target;
use veracruz_protocol::{ComputationState, Presence, RunOutcome};

/// Something that happens.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Event {
    Approve { who: Who, bearer: Who, id: u8 },
    Withdraw { who: Who },
    Begin { who: Who, file: Which, first: u8 },
    Append { lease: u8, bytes: u8 },
    Suspend { lease: u8 },
    Commit { lease: u8, right: bool },
    Provide { file: Which },
    Delete { who: Who, file: Which },
    Compiled { right: bool },
    Start { who: Who, behind: bool },
    Ended { finished: bool },
    Receipt { made: bool },
}

/// One of [`NAMES`].
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Who(u8);

/// One of [`FILES`].
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Which(u8);

impl Who {
    pub fn index(self) -> usize {
        usize::from(self.0) % NAMES.len()
    }

    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }
}

impl Which {
    pub fn path(self) -> &'static str {
        FILES[usize::from(self.0) % FILES.len()]
    }
}

/// What stands when the events begin.
#[derive(Arbitrary, Debug)]
struct Start {
    /// The policy pins the program.
    pinned: bool,
    /// Everything is provided and approved.
    ready: bool,
}

fuzz_target!(|input: (Start, Vec<Event>)| {
    let (start, events) = input;
    let mut bench = Bench::new(start.pinned);
    if start.ready {
        bench.make_ready();
    }
    let mut tag = bench.machine.tag();
    for event in events.iter().take(100) {
        let before = bench.status();
        let started = bench.happen(*event);
        check(&bench);
        if started {
            let approved = |name| {
                let mut approvals = before.approvals.iter();
                approvals.any(|view| view.participant.as_str() == name && view.statement.is_some())
            };
            assert_eq!(before.state, ComputationState::Ready);
            assert!(approved("acme") && approved("globex"));
            assert!(before.runs.started < before.runs.allowed);
            let provided = before.files.iter().filter(|file| file.provider.is_some());
            assert!(provided.clone().count() == 3);
            assert!(
                provided
                    .clone()
                    .all(|file| file.presence == Presence::Present)
            );
        }
        assert!(bench.machine.tag() >= tag);
        tag = bench.machine.tag();
    }
});

/// What holds after every event.
fn check(bench: &Bench) {
    let status = bench.status();
    assert!(status.runs.started <= status.runs.allowed && status.runs.allowed == ALLOWED_RUNS);
    // An output is read by its receiver alone, and only after a run that went well.
    let finished = status
        .run
        .as_ref()
        .is_some_and(|run| run.outcome == RunOutcome::Finished);
    for name in NAMES {
        assert!(bench.read(name, OUTPUT).is_none() || finished && name == "acme");
        for file in FILES {
            assert!(
                bench
                    .read(name, file)
                    .is_none_or(|storage| !bench.erased(storage))
            );
        }
    }
}
