//! What a participant is told when something is refused says nothing about another's data: two
//! computations that differ in one party's input, in what the program says and in the output look
//! alike to all others, in every problem, in every status, at every step.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::*;
use veracruz_computation::{Failure, Reply, RunReport};
use veracruz_policy::Sha256;
use veracruz_protocol::{FailureClass, Problem};

/// Everybody but acme, to whom alone input and output belong.
const OTHERS: [&str; 3] = ["globex", "lab", "mallory"];

/// What is different, and secret.
struct Secret {
    input: &'static [u8],
    output: &'static [u8],
    exit_code: u32,
    class: FailureClass,
    reason: &'static str,
}

const ONE: Secret = Secret {
    input: b"alice,42",
    output: b"",
    exit_code: 3,
    class: FailureClass::Program,
    reason: "trap: alice is 42",
};

const ANOTHER: Secret = Secret {
    input: b"bob,1900000000000000000,and more than the other has",
    output: b"bob",
    exit_code: 77,
    class: FailureClass::Memory,
    reason: "the limit `memory`",
};

/// What all others were told, in order.
#[derive(Default)]
struct Heard(Vec<String>);

impl Heard {
    fn answer<T>(&mut self, what: &str, answer: Result<T, Problem>) {
        let said = answer.map_or_else(|problem| problem.to_json(), |_| "done".to_owned());
        self.0.push(format!("{what}: {said}"));
    }

    fn reply<T>(&mut self, what: &str, reply: Reply<T>) {
        self.answer(what, reply.answer);
    }
}

/// Everybody else tries everything that changes nothing for others, and looks at everything.
fn try_everything(bench: &mut Bench, step: &str, heard: &mut Heard) {
    for name in OTHERS {
        let session = bench.session(name);
        for file in [PROGRAM, ACME, GLOBEX, BETWEEN, OUTPUT, "/elsewhere"] {
            let what = |verb: &str| format!("{step}: {name} {verb} {file}");
            heard.answer(&what("looks at"), bench.machine.head(&session, &path(file)));
            let read = bench.machine.read(&session, &path(file), None);
            heard.answer(&what("reads"), read);
            // What is its own it could change: that is another test.
            if [ACME, BETWEEN, OUTPUT, "/elsewhere"].contains(&file) {
                let upload = headers(b"mine");
                let reply = bench
                    .machine
                    .begin_upload(&session, &path(file), upload, NOW);
                heard.reply(&what("uploads"), reply);
                let reply = bench.machine.delete(&session, &path(file));
                heard.reply(&what("deletes"), reply);
            }
        }
        let status = serde_json::to_string(&bench.status(name)).unwrap();
        heard.0.push(format!("{step}: {name} sees {status}"));
        let seen = bench.machine.tag();
        if name != "lab" {
            let reply = bench.machine.start_run(&session, Some(seen), NOW);
            heard.reply(&format!("{step}: {name} starts"), reply);
        }
        for run in [0, 1, 2] {
            let view = bench.machine.run(&session, run);
            let view = view.map(|run| serde_json::to_string(&run).unwrap());
            let view = view.unwrap_or_else(|problem| problem.to_json());
            heard
                .0
                .push(format!("{step}: {name} sees run {run}: {view}"));
            let receipt = bench.machine.receipt(&session, run).map(|_| ());
            heard.answer(
                &format!("{step}: {name} fetches the receipt {run}"),
                receipt,
            );
        }
    }
}

/// A computation from its start to its end, as all others see it.
fn heard(secret: &Secret, fails: bool) -> Heard {
    let variant = Variant {
        mallory: true,
        ..Variant::default()
    };
    let mut heard = Heard::default();
    let mut bench = Bench::new(&variant);
    bench.provide_program();
    bench.approve("acme").unwrap();
    bench.approve("globex").unwrap();
    try_everything(&mut bench, "approved", &mut heard);

    // acme's upload is cut, is another than announced, and then is there.
    let acme = bench.session("acme");
    let begin = |bench: &mut Bench| {
        let upload = headers(secret.input);
        let reply = bench.machine.begin_upload(&acme, &path(ACME), upload, NOW);
        bench.take(reply).unwrap()
    };
    let grant = begin(&mut bench);
    bench.machine.append(&grant.lease, 1).unwrap();
    try_everything(&mut bench, "begun", &mut heard);
    bench.machine.suspend_upload(grant.lease).unwrap();
    try_everything(&mut bench, "cut", &mut heard);
    let reply = bench.machine.delete(&acme, &path(ACME));
    let _ = bench.take(reply);
    let grant = begin(&mut bench);
    let length = u64::try_from(secret.input.len()).unwrap();
    bench.machine.append(&grant.lease, length).unwrap();
    let reply = bench
        .machine
        .commit_upload(grant.lease, Sha256::of(b"something else"));
    assert!(bench.take(reply).is_err());
    try_everything(&mut bench, "refused", &mut heard);
    bench.upload("acme", ACME, secret.input).unwrap();
    try_everything(&mut bench, "there", &mut heard);

    bench.upload("globex", GLOBEX, b"globex's").unwrap();
    bench.start("acme").unwrap();
    try_everything(&mut bench, "running", &mut heard);
    if fails {
        let failure = Failure {
            stage: Some(2),
            class: secret.class,
            exit_code: Some(secret.exit_code),
            reason: Some(secret.reason.to_owned()),
        };
        let reply = bench.machine.run_ended(1, RunReport::Failed(failure));
        bench.take(reply).unwrap();
    } else {
        bench.finish(secret.output);
    }
    try_everything(&mut bench, "ended", &mut heard);
    heard
}

#[test]
fn nothing_that_others_are_told_depends_on_an_input_an_output_or_how_a_program_fails() {
    for fails in [false, true] {
        let (one, another) = (heard(&ONE, fails), heard(&ANOTHER, fails));
        assert!(one.0.len() > 400, "{}", one.0.len());
        for (one, another) in one.0.iter().zip(&another.0) {
            assert_eq!(one, another);
        }
        assert_eq!(one.0.len(), another.0.len());
    }
}

#[test]
fn no_problem_repeats_a_digest_or_a_byte_of_what_others_gave() {
    let secrets = [
        "alice",
        "trap: ",
        &Sha256::of(ONE.input).to_string(),
        &Sha256::of(b"globex's").to_string(),
        // Salt and share, as JSON or hexadecimal would have them.
        "0505050505",
        "0606060606",
        "BQUFBQUF",
        "BgYGBgYG",
    ];
    for line in heard(&ONE, true).0 {
        // Its own file's digest stands in its status.
        if line.contains(": globex sees {") {
            continue;
        }
        for secret in secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}

/// So that the tests above cannot pass because nothing depends on anything.
#[test]
fn who_owns_the_data_sees_the_difference() {
    let length = |secret: &Secret| {
        let mut bench = Bench::new(&Variant::default());
        bench.provide_program();
        bench.approve("acme").unwrap();
        bench.upload("acme", ACME, secret.input).unwrap();
        let head = bench.machine.head(&bench.session("acme"), &path(ACME));
        head.unwrap().content.unwrap().length
    };
    assert_ne!(length(&ONE), length(&ANOTHER));
}
