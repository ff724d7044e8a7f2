//! When a run starts, what it is given, and what remains of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::*;
use veracruz_computation::{Effect, Failure, Resources, RunReport, WrittenFile};
use veracruz_policy::Sha256;
use veracruz_protocol::{
    ComputationState, Content, ErrorCode, FailureClass, Presence, RunOutcome, StateTag,
    WithdrawnWhen, header::Range,
};
use veracruz_receipt::{Commitment, Outcome, ReceiptPayload};

/// The second stage exits with 3.
fn failure() -> Failure {
    Failure {
        stage: Some(2),
        class: FailureClass::Program,
        exit_code: Some(3),
        reason: None,
    }
}

fn failed(bench: &mut Bench) {
    let run = bench.plan().run;
    let reply = bench.machine.run_ended(run, RunReport::Failed(failure()));
    bench.take(reply).unwrap();
}

fn payload(bench: &Bench) -> &ReceiptPayload {
    let payloads = bench
        .effects
        .iter()
        .rev()
        .filter_map(|effect| match effect {
            Effect::MakeReceipt { payload, .. } => Some(&**payload),
            _ => None,
        });
    payloads.into_iter().next().unwrap()
}

#[test]
fn only_who_may_run_starts_a_run() {
    let mut bench = Bench::ready(&Variant::default());
    assert_eq!(bench.start("globex").unwrap_err(), ErrorCode::NotRunner);
    let state = bench.start("lab").unwrap();
    assert_eq!((state.run, state.outcome), (1, RunOutcome::Running));
    assert_eq!(bench.status("acme").state, ComputationState::Running);
}

#[test]
fn a_program_of_two_stages_is_compiled_once() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    assert_eq!(bench.plan().stages.len(), 2);
    let compile = |effect: &&Effect| matches!(effect, Effect::Compile { .. });
    assert_eq!(bench.effects.iter().filter(compile).count(), 1);
}

#[test]
fn a_run_names_the_state_that_its_starter_saw() {
    let mut bench = Bench::ready(&Variant::default());
    let session = bench.session("acme");
    let StateTag(now) = bench.machine.tag();
    for (seen, expected) in [
        (None, ErrorCode::IfMatchRequired),
        (Some(StateTag(now - 1)), ErrorCode::StateChanged),
        (Some(StateTag(now + 1)), ErrorCode::StateChanged),
    ] {
        let reply = bench.machine.start_run(&session, seen, NOW);
        assert_eq!(bench.take(reply).unwrap_err(), expected);
    }
    assert_eq!(bench.status("acme").runs.started, 0);
    // A program that is swapped after the look at its digest is another state.
    let mut bench = Bench::ready(&Variant {
        pinned: false,
        ..Variant::default()
    });
    let seen = bench.machine.tag();
    bench.upload("lab", PROGRAM, b"another").unwrap();
    let session = bench.session("acme");
    let reply = bench.machine.start_run(&session, Some(seen), NOW);
    assert_eq!(bench.take(reply).unwrap_err(), ErrorCode::StateChanged);
}

#[test]
fn there_is_no_run_while_anything_is_missing() {
    let mut bench = Bench::new(&Variant::default());
    let not_ready = |bench: &mut Bench| {
        assert_eq!(bench.status("acme").state, ComputationState::Awaiting);
        assert_eq!(bench.start("acme").unwrap_err(), ErrorCode::RunNotReady);
    };
    not_ready(&mut bench);
    bench.approve("acme").unwrap();
    bench.approve("globex").unwrap();
    not_ready(&mut bench);
    bench.upload("acme", ACME, b"a").unwrap();
    bench.upload("globex", GLOBEX, b"g").unwrap();
    not_ready(&mut bench);
    bench.upload("lab", PROGRAM, program_bytes()).unwrap();
    not_ready(&mut bench);
    bench.compile();
    assert!(bench.start("acme").is_ok());
}

#[test]
fn a_plan_gives_each_stage_its_files_and_only_those() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    let plan = bench.plan();
    let [first, second] = plan.stages.as_slice() else {
        panic!("two stages")
    };
    let names = |files: &[veracruz_computation::ReadPlan]| {
        files
            .iter()
            .map(|file| file.path.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&first.reads), [ACME, GLOBEX]);
    assert_eq!(names(&second.reads), [BETWEEN]);
    assert_eq!(
        first.reads[0].content.unwrap().sha256,
        Sha256::of(b"acme's")
    );
    assert_eq!(first.writes.len(), 1);
    assert_eq!(first.writes[0].path.as_str(), BETWEEN);
    assert_eq!(second.writes[0].path.as_str(), OUTPUT);
    assert_eq!(second.writes[0].max_bytes, 100);
    assert_eq!(second.reads[0].storage, first.writes[0].storage);
    assert_eq!(first.args, ["one"]);
    assert_eq!(first.program.sha256, Sha256::of(program_bytes()));
    assert_ne!(first.seed, second.seed);
    assert_eq!(format!("{:?}", first.seed), "Seed(..)");
}

#[test]
fn no_output_is_read_before_the_run_has_finished() {
    let mut bench = Bench::ready(&Variant::default());
    let acme = bench.session("acme");
    let read = |bench: &Bench| bench.machine.read(&acme, &path(OUTPUT), None).map_err(code);
    assert_eq!(read(&bench), Err(ErrorCode::NotReleased));
    bench.start("acme").unwrap();
    assert_eq!(read(&bench), Err(ErrorCode::NotReleased));
    bench.finish(b"result");
    assert_eq!(read(&bench).unwrap().content.sha256, Sha256::of(b"result"));
}

#[test]
fn outputs_go_to_their_receivers_alone() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    bench.finish(b"result");
    for name in ["globex", "lab"] {
        let session = bench.session(name);
        let read = bench
            .machine
            .read(&session, &path(OUTPUT), None)
            .map_err(code);
        assert_eq!(read, Err(ErrorCode::NotReceiver));
        let head = bench.machine.head(&session, &path(OUTPUT)).map_err(code);
        assert_eq!(head, Err(ErrorCode::NotReceiver));
        let status = bench.status(name);
        let view = status
            .files
            .iter()
            .find(|view| view.path == path(OUTPUT))
            .unwrap();
        assert_eq!((view.presence, view.content), (Presence::Hidden, None));
        assert!(status.run.unwrap().outputs.is_empty());
    }
    let status = bench.status("acme");
    assert_eq!(status.run.unwrap().outputs, [path(OUTPUT)]);
    for name in ["acme", "globex", "lab"] {
        let session = bench.session(name);
        let read = bench
            .machine
            .read(&session, &path(BETWEEN), None)
            .map_err(code);
        assert_eq!(read, Err(ErrorCode::NotReceiver));
    }
}

#[test]
fn a_range_of_an_output_can_be_fetched() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    bench.finish(b"result");
    let acme = bench.session("acme");
    let read = bench
        .machine
        .read(&acme, &path(OUTPUT), Range::parse("bytes=2-3"))
        .unwrap();
    assert_eq!(read.part.unwrap().to_string(), "bytes 2-3/6");
    let read = bench
        .machine
        .read(&acme, &path(OUTPUT), Range::parse("bytes=6-"))
        .map_err(code);
    assert_eq!(read, Err(ErrorCode::RangeUnsatisfiable));
}

#[test]
fn an_output_that_was_not_written_is_empty_so_that_nobody_else_can_tell() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    let resources = Resources::default();
    let reply = bench.machine.run_ended(
        1,
        RunReport::Finished {
            written: vec![],
            resources,
        },
    );
    bench.take(reply).unwrap();
    let acme = bench.session("acme");
    let read = bench.machine.read(&acme, &path(OUTPUT), None).unwrap();
    assert_eq!(
        (read.content.length, read.content.sha256),
        (0, Sha256::of(b""))
    );
    assert_eq!(payload(&bench).outputs.len(), 1);
}

#[test]
fn a_failed_run_counts_releases_nothing_and_tells_nobody_why() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    failed(&mut bench);
    for name in ["acme", "globex", "lab"] {
        let status = bench.status(name);
        assert_eq!(status.state, ComputationState::Failed);
        assert_eq!(status.runs.started, 1);
        assert_eq!(status.run.unwrap().failure, None);
    }
    let acme = bench.session("acme");
    let read = bench.machine.read(&acme, &path(OUTPUT), None).map_err(code);
    assert_eq!(read, Err(ErrorCode::NotReleased));
    assert_eq!(bench.start("acme").unwrap_err(), ErrorCode::RunsExhausted);
    let written: Vec<_> = bench
        .plan()
        .written
        .iter()
        .map(|file| file.storage)
        .collect();
    assert!(written.iter().all(|storage| bench.erased(*storage)));
    assert!(payload(&bench).outputs.is_empty());
    assert_eq!(payload(&bench).outcome, Outcome::Failed);
    // Figures of the stages before would say how far it came.
    let none = veracruz_receipt::Resources::rounded(0, 0, 0);
    assert_eq!(payload(&bench).resources, none);
}

#[test]
fn an_output_larger_than_its_limit_is_never_released() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    let storage = bench.plan().stages[1].writes[0].storage;
    let content = Content {
        length: 101,
        sha256: Sha256::of(b""),
    };
    let written = vec![WrittenFile { storage, content }];
    let report = RunReport::Finished {
        written,
        resources: Resources::default(),
    };
    let reply = bench.machine.run_ended(1, report);
    bench.take(reply).unwrap();
    assert_eq!(bench.status("acme").state, ComputationState::Failed);
    assert!(bench.erased(storage));
}

#[test]
fn there_are_never_more_runs_than_the_policy_has() {
    let variant = Variant {
        runs: 3,
        approve: "once",
        ..Variant::default()
    };
    let mut bench = Bench::ready(&variant);
    for run in 1..=3 {
        assert_eq!(bench.start("acme").unwrap().run, run);
        assert_eq!(bench.start("acme").unwrap_err(), ErrorCode::ApprovalBarred);
        failed(&mut bench);
    }
    assert_eq!(bench.start("acme").unwrap_err(), ErrorCode::RunsExhausted);
    assert_eq!(bench.status("acme").state, ComputationState::Failed);
}

#[test]
fn the_next_run_needs_fresh_approvals_unless_the_policy_says_once() {
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        ..Variant::default()
    });
    bench.start("acme").unwrap();
    bench.finish(b"one");
    assert_eq!(bench.status("acme").state, ComputationState::Awaiting);
    assert!(!bench.approved("acme") && bench.present(ACME));
    bench.approve("acme").unwrap();
    bench.approve("globex").unwrap();
    assert_eq!(bench.start("acme").unwrap().run, 2);

    let mut bench = Bench::ready(&Variant {
        runs: 2,
        approve: "once",
        ..Variant::default()
    });
    bench.start("acme").unwrap();
    bench.finish(b"one");
    assert_eq!(bench.status("acme").state, ComputationState::Ready);
    assert_eq!(bench.start("acme").unwrap().run, 2);
}

#[test]
fn the_output_of_one_run_is_not_left_for_the_next() {
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        approve: "once",
        ..Variant::default()
    });
    bench.start("acme").unwrap();
    bench.finish(b"one");
    let acme = bench.session("acme");
    let first = bench.machine.read(&acme, &path(OUTPUT), None).unwrap();
    bench.start("acme").unwrap();
    assert!(bench.erased(first.storage));
    let read = bench.machine.read(&acme, &path(OUTPUT), None).map_err(code);
    assert_eq!(read, Err(ErrorCode::NotReleased));
    bench.finish(b"one");
    let second = bench.machine.read(&acme, &path(OUTPUT), None).unwrap();
    assert_ne!(first.storage, second.storage);
    assert_ne!(first.opening, second.opening);
}

#[test]
fn inputs_do_not_change_between_runs() {
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        approve: "once",
        ..Variant::default()
    });
    bench.start("acme").unwrap();
    bench.finish(b"one");
    assert_eq!(
        bench.upload("acme", ACME, b"varied"),
        Err(ErrorCode::InputsFixed)
    );
    assert_eq!(
        bench.upload("lab", PROGRAM, program_bytes()),
        Err(ErrorCode::InputsFixed)
    );
    let acme = bench.session("acme");
    let reply = bench.machine.delete(&acme, &path(ACME));
    assert_eq!(bench.take(reply), Err(ErrorCode::InputsFixed));
}

#[test]
fn nothing_changes_during_a_run() {
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        ..Variant::default()
    });
    let acme = bench.session("acme");
    let reply = bench
        .machine
        .begin_upload(&acme, &path(ACME), headers(b"late"), NOW);
    let grant = bench.take(reply).unwrap();
    bench.start("acme").unwrap();
    assert_eq!(bench.approve("acme"), Err(ErrorCode::ApprovalBarred));
    assert_eq!(
        bench.upload("acme", ACME, b"x"),
        Err(ErrorCode::ApprovalBarred)
    );
    let reply = bench.machine.delete(&acme, &path(ACME));
    assert_eq!(bench.take(reply), Err(ErrorCode::ApprovalBarred));
    // An upload that was under way is gone.
    assert!(bench.erased(grant.storage));
    assert_eq!(
        bench.machine.append(&grant.lease, 1).map_err(code),
        Err(ErrorCode::UploadErased)
    );
}

#[test]
fn a_withdrawal_is_answered_as_before_during_or_after_a_run() {
    let acme_withdraws = |bench: &mut Bench| {
        let acme = bench.session("acme");
        let reply = bench.machine.withdraw(&acme);
        let answer = bench.take(reply).unwrap();
        (answer.withdrawn, answer.run)
    };
    let mut bench = Bench::ready(&Variant::default());
    assert_eq!(acme_withdraws(&mut bench), (WithdrawnWhen::BeforeRun, None));
    assert!(!bench.present(ACME) && bench.present(GLOBEX));

    let mut bench = Bench::ready(&Variant {
        runs: 2,
        ..Variant::default()
    });
    bench.start("acme").unwrap();
    assert_eq!(
        acme_withdraws(&mut bench),
        (WithdrawnWhen::DuringRun, Some(1))
    );
    assert!(bench.present(ACME));
    bench.finish(b"result");
    assert!(!bench.present(ACME));
    assert_eq!(bench.status("acme").state, ComputationState::Finished);
    assert_eq!(bench.start("lab").unwrap_err(), ErrorCode::RunsExhausted);

    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    bench.finish(b"result");
    assert_eq!(
        acme_withdraws(&mut bench),
        (WithdrawnWhen::AfterRun, Some(1))
    );
}

#[test]
fn a_run_that_a_withdrawal_prevents_is_refused_with_who_withdrew_and_when() {
    let refusal = |bench: &mut Bench| {
        let (lab, seen) = (bench.session("lab"), bench.machine.tag());
        let reply = bench.machine.start_run(&lab, Some(seen), NOW);
        let problem = reply.answer.unwrap_err();
        (problem.code, problem.detail)
    };
    let withdraw = |bench: &mut Bench, name| {
        let session = bench.session(name);
        let reply = bench.machine.withdraw(&session);
        bench.take(reply).unwrap();
    };
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        ..Variant::default()
    });
    withdraw(&mut bench, "acme");
    let said = Some("acme withdrew before any run".into());
    assert_eq!(refusal(&mut bench), (ErrorCode::RunNotReady, said));
    bench.approve("acme").unwrap();
    assert_eq!(refusal(&mut bench), (ErrorCode::RunNotReady, None));

    bench.upload("acme", ACME, b"again").unwrap();
    bench.start("acme").unwrap();
    withdraw(&mut bench, "globex");
    bench.finish(b"result");
    withdraw(&mut bench, "acme");
    let said = "acme withdrew after run 1, globex withdrew during run 1";
    let said = Some(said.into());
    assert_eq!(refusal(&mut bench), (ErrorCode::RunsExhausted, said));
}

#[test]
fn a_receipt_names_what_the_run_began_with() {
    let mut bench = Bench::ready(&Variant::default());
    let approvals = bench.status("acme").approvals;
    bench.start("acme").unwrap();
    bench.finish(b"result");
    let payload = payload(&bench);
    assert_eq!(payload.policy, bench.machine.policy().hash());
    assert_eq!(
        (payload.instance, payload.measurement),
        (INSTANCE, MEASUREMENT.into())
    );
    assert_eq!((payload.run, payload.outcome), (1, Outcome::Finished));
    for view in approvals.iter().filter(|view| view.statement.is_some()) {
        let digest = Sha256::of(view.statement.as_ref().unwrap().as_bytes());
        assert_eq!(payload.approvals[&view.participant], digest);
    }
    assert_eq!(payload.approvals.len(), 2);
    assert_eq!(
        payload.programs[&path(PROGRAM)],
        Sha256::of(program_bytes())
    );
    let input = Commitment::to(&[5; 32], &Sha256::of(b"acme's"));
    assert_eq!(payload.inputs[&path(ACME)], input);
    assert_eq!(payload.inputs.len(), 2);
    // The opening of an output is with the output.
    let acme = bench.session("acme");
    let read = bench.machine.read(&acme, &path(OUTPUT), None).unwrap();
    let output = Commitment::to(&read.opening.unwrap(), &Sha256::of(b"result"));
    assert_eq!(payload.outputs[&path(OUTPUT)], output);
    assert_eq!(payload.outputs.len(), 1);
}

#[test]
fn every_participant_fetches_the_receipt_when_it_is_made() {
    let mut bench = Bench::ready(&Variant::default());
    let globex = bench.session("globex");
    let receipt = |bench: &Bench| {
        bench
            .machine
            .receipt(&globex, 1)
            .map(<[u8]>::to_vec)
            .map_err(code)
    };
    assert_eq!(receipt(&bench), Err(ErrorCode::RunUnknown));
    bench.start("acme").unwrap();
    assert_eq!(receipt(&bench), Err(ErrorCode::ReceiptNotReady));
    bench.finish(b"result");
    assert_eq!(receipt(&bench), Err(ErrorCode::ReceiptNotReady));
    let reply = bench.machine.receipt_made(1, Some(b"signed".to_vec()));
    bench.take(reply).unwrap();
    assert_eq!(receipt(&bench), Ok(b"signed".to_vec()));
    assert!(bench.machine.run(&globex, 1).unwrap().receipt);
    // It is made once.
    let reply = bench.machine.receipt_made(1, Some(b"other".to_vec()));
    assert!(bench.take(reply).is_err());
}

#[test]
fn a_receipt_without_evidence_is_not_given() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    bench.finish(b"result");
    let reply = bench.machine.receipt_made(1, None);
    bench.take(reply).unwrap();
    let acme = bench.session("acme");
    let refused = bench.machine.receipt(&acme, 1).map_err(code);
    assert_eq!(refused, Err(ErrorCode::ReceiptUnavailable));
}

#[test]
fn there_is_no_run_after_the_policy_expired() {
    let variant = Variant {
        expires: Some("2027-01-15T08:05:00Z"),
        ..Variant::default()
    };
    let mut bench = Bench::ready(&variant);
    let (acme, seen) = (bench.session("acme"), bench.machine.tag());
    let reply = bench.machine.start_run(&acme, Some(seen), NOW + 300);
    assert_eq!(bench.take(reply).unwrap_err(), ErrorCode::PolicyExpired);
    let reply = bench.machine.start_run(&acme, Some(seen), NOW + 299);
    assert!(bench.take(reply).is_ok());
}

#[test]
fn only_the_run_that_is_at_work_can_end() {
    let mut bench = Bench::ready(&Variant {
        runs: 2,
        ..Variant::default()
    });
    let report = || RunReport::Failed(failure());
    for run in [0, 1, 2] {
        let reply = bench.machine.run_ended(run, report());
        assert_eq!(bench.take(reply), Err(ErrorCode::RunUnknown));
    }
    bench.start("acme").unwrap();
    let reply = bench.machine.run_ended(2, report());
    assert_eq!(bench.take(reply), Err(ErrorCode::RunUnknown));
    failed(&mut bench);
    let reply = bench.machine.run_ended(1, report());
    assert_eq!(bench.take(reply), Err(ErrorCode::RunUnknown));
}

#[test]
fn closing_erases_everything() {
    let mut bench = Bench::ready(&Variant::default());
    let reply = bench.machine.close();
    bench.take(reply).unwrap();
    assert_eq!(bench.stored.len(), 3);
    assert!(bench.stored.iter().all(|storage| bench.erased(*storage)));
    assert_eq!(bench.status("acme").state, ComputationState::Closed);
    assert_eq!(bench.approve("acme"), Err(ErrorCode::Closed));
}

#[test]
fn closing_during_a_run_erases_what_it_writes_and_does_not_listen_to_its_end() {
    let mut bench = Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    let reply = bench.machine.close();
    bench.take(reply).unwrap();
    let written: Vec<_> = bench
        .plan()
        .written
        .iter()
        .map(|file| file.storage)
        .collect();
    assert!(written.iter().all(|storage| bench.erased(*storage)));
    let reply = bench.machine.run_ended(1, RunReport::Failed(failure()));
    assert_eq!(bench.take(reply), Err(ErrorCode::RunUnknown));
}

#[test]
fn who_withdraws_during_a_run_bars_further_ones_until_it_approves_again() {
    let variant = Variant {
        runs: 3,
        approve: "once",
        mallory: true,
        ..Variant::default()
    };
    let mut bench = Bench::ready(&variant);
    bench.start("acme").unwrap();
    let mallory = bench.session("mallory");
    let reply = bench.machine.withdraw(&mallory);
    assert_eq!(
        bench.take(reply).unwrap().withdrawn,
        WithdrawnWhen::DuringRun
    );
    bench.finish(b"result");
    assert_eq!(bench.status("acme").state, ComputationState::Awaiting);
    assert_eq!(bench.start("acme").unwrap_err(), ErrorCode::RunNotReady);
    bench.approve("mallory").unwrap();
    assert_eq!(bench.start("acme").unwrap().run, 2);
}
