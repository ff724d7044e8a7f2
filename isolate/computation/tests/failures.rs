//! Who is told which stage failed, and why.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::*;
use veracruz_computation::{Failure, RunReport};
use veracruz_protocol::{FailureClass, RunOutcome, StageFailure};

const NAMES: [&str; 3] = ["acme", "globex", "lab"];

/// acme learns the second stage's exit code, globex how it broke off, lab both; of the first stage
/// acme alone learns how it broke off.
const TOLD: Variant = Variant {
    pinned: true,
    approve: "each-run",
    runs: 1,
    expires: None,
    required: r#"["acme", "globex"]"#,
    shown_to: None,
    mallory: false,
    first: r#", "trap": ["acme"]"#,
    second: r#", "exit_code": ["acme", "lab"], "trap": ["globex", "lab"]"#,
};

/// What each participant is told of a failure, in the order of [`NAMES`]: in `status` and of the
/// run, which say the same.
fn told(variant: &Variant, failure: Failure) -> [Option<StageFailure>; 3] {
    let mut bench = Bench::ready(variant);
    bench.start("acme").unwrap();
    let reply = bench.machine.run_ended(1, RunReport::Failed(failure));
    bench.take(reply).unwrap();
    NAMES.map(|name| {
        let session = bench.session(name);
        let run = bench.machine.run(&session, 1).unwrap();
        assert_eq!(run.outcome, RunOutcome::Failed);
        assert_eq!(bench.status(name).run.as_ref(), Some(&run));
        run.failure
    })
}

fn exited(stage: u32, reason: Option<&str>) -> Failure {
    Failure {
        stage: Some(stage),
        class: match reason {
            Some(_) => FailureClass::Memory,
            None => FailureClass::Program,
        },
        exit_code: Some(3),
        reason: reason.map(str::to_owned),
    }
}

fn broke_off(stage: Option<u32>) -> Failure {
    Failure {
        stage,
        class: FailureClass::Time,
        exit_code: None,
        reason: Some("the limit `time`".into()),
    }
}

fn view(class: FailureClass, exit_code: Option<u32>, reason: Option<&str>) -> Option<StageFailure> {
    Some(StageFailure {
        stage: Some(2),
        class,
        exit_code,
        reason: reason.map(str::to_owned),
    })
}

#[test]
fn an_exit_code_is_for_those_whom_the_stage_names_for_it() {
    let code = view(FailureClass::Program, Some(3), None);
    assert_eq!(told(&TOLD, exited(2, None)), [code.clone(), None, code]);
}

#[test]
fn a_trap_or_a_limit_is_for_those_whom_the_stage_names_for_it() {
    let reason = view(FailureClass::Time, None, Some("the limit `time`"));
    assert_eq!(
        told(&TOLD, broke_off(Some(2))),
        [None, reason.clone(), reason]
    );
}

#[test]
fn of_an_exit_code_after_a_limit_each_learns_his_half() {
    let limit = Some("the limit `memory`");
    assert_eq!(
        told(&TOLD, exited(2, limit)),
        [
            view(FailureClass::Program, Some(3), None),
            view(FailureClass::Memory, None, limit),
            view(FailureClass::Memory, Some(3), limit),
        ]
    );
}

#[test]
fn each_stage_tells_those_whom_it_names_itself() {
    let reason = Some(StageFailure {
        stage: Some(1),
        class: FailureClass::Time,
        exit_code: None,
        reason: Some("the limit `time`".into()),
    });
    assert_eq!(told(&TOLD, broke_off(Some(1))), [reason, None, None]);
    assert_eq!(told(&TOLD, exited(1, None)), [None, None, None]);
}

#[test]
fn a_policy_that_names_nobody_tells_nobody() {
    for failure in [exited(2, None), broke_off(Some(2)), broke_off(None)] {
        assert_eq!(told(&Variant::default(), failure), [None, None, None]);
    }
}

#[test]
fn what_follows_the_last_stage_is_for_those_who_may_know_of_every_stage() {
    let variant = Variant {
        first: r#", "trap": ["globex", "acme"]"#,
        second: r#", "trap": ["globex"], "exit_code": ["acme"]"#,
        ..Variant::default()
    };
    let [acme, globex, lab] = told(&variant, broke_off(None));
    assert_eq!((acme, lab), (None, None));
    assert_eq!(globex.unwrap().stage, None);
}

#[test]
fn a_stage_that_does_not_exist_is_nobodys() {
    for stage in [0, 3, u32::MAX] {
        assert_eq!(told(&TOLD, broke_off(Some(stage))), [None, None, None]);
    }
}

#[test]
fn a_reason_is_one_line_of_bounded_length() {
    let failure = Failure {
        reason: Some("é\n".repeat(2000)),
        ..broke_off(Some(2))
    };
    let [_, globex, _] = told(&TOLD, failure);
    let reason = globex.unwrap().reason.unwrap();
    assert!(reason.len() <= 1024 && !reason.contains('\n'));
}

#[test]
fn a_plan_says_where_streams_go_and_on_what_a_stage_depends() {
    let variant = Variant {
        second: r#", "if_exists": "/between/rows", "stdin": "/between/rows""#,
        ..Variant::default()
    };
    let mut bench = Bench::ready(&variant);
    bench.start("acme").unwrap();
    let [first, second] = &bench.plan().stages[..] else {
        panic!("two stages")
    };
    assert_eq!((&first.if_exists, &first.stdin), (&None, &None));
    assert_eq!((&first.stdout, &first.stderr), (&None, &None));
    let rows = second.stdin.clone().unwrap();
    assert_eq!(second.if_exists.as_ref(), Some(&rows));
    assert_eq!((rows.path.as_str(), rows.content), (BETWEEN, None));
    assert_eq!(first.writes[0].storage, rows.storage);
}
