//! What runs, with which rights and limits.

use alloc::{format, string::String, vec::Vec};

use super::{Changes, Severity, without};
use crate::{
    Clock, Execution, FilePath, Nan, ParticipantName, Policy, Random, Rights, Stage, Strategy,
    explain::{Arg, LIMITS, all, code, plain, say},
};

pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    execution(changes, old.execution(), new.execution());
    let (before, after) = (old.pipeline(), new.pipeline());
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        stage(changes, index, before, after);
    }
    for (template, longer, count) in [
        ("Stage {} is gone; it ran {}.", before, after.len()),
        (
            "There is a stage {} now, which runs {}.",
            after,
            before.len(),
        ),
    ] {
        for (index, stage) in longer.iter().enumerate().skip(count) {
            let number = format!("{}", index.saturating_add(1));
            let segment = format!("{index}");
            let sentence = say(
                template,
                &[plain(number), code(&stage.program)],
                &["pipeline", &segment],
            );
            changes.all(Severity::Runs, sentence);
        }
    }
}

fn execution(changes: &mut Changes<'_>, before: &Execution, after: &Execution) {
    let words = |execution: &Execution| {
        [
            (
                "strategy",
                match execution.strategy {
                    Strategy::Compiled => "compiled",
                    Strategy::Interpreted => "interpreted",
                },
            ),
            (
                "random",
                match execution.random {
                    Random::Seeded => "seeded",
                },
            ),
            (
                "clock",
                match execution.clock {
                    Clock::Fixed => "fixed",
                },
            ),
            (
                "nan",
                match execution.nan {
                    Nan::Native => "native",
                    Nan::Canonical => "canonical",
                },
            ),
        ]
    };
    for ((field, before), (_, after)) in words(before).into_iter().zip(words(after)) {
        if before != after {
            let sentence = say(
                "{} is {} instead of {}.",
                &[code(field), code(after), code(before)],
                &["execution", field],
            );
            changes.all(Severity::Runs, sentence);
        }
    }
}

/// What a stage does with one file, or one text, before and after.
type Field = (&'static str, &'static str, Arg, Arg);

fn stage(changes: &mut Changes<'_>, index: usize, before: &Stage, after: &Stage) {
    let segment = format!("{index}");
    let number = || plain(format!("{}", index.saturating_add(1)));
    let (old, new) = changes.policies();
    let texts = |list: &[String]| all(list.iter().map(code), "none");
    let env = |stage: &Stage| {
        let each = stage
            .env
            .iter()
            .map(|(name, value)| code(format!("{name}={value}")));
        all(each, "none")
    };
    let path = |path: &Option<FilePath>| path.as_ref().map_or_else(|| plain("nothing"), code);
    let fields: [Field; 9] = [
        (
            "program",
            "runs",
            code(&before.program),
            code(&after.program),
        ),
        (
            "args",
            "has the arguments",
            texts(&before.args),
            texts(&after.args),
        ),
        ("env", "has the environment", env(before), env(after)),
        (
            "read",
            "can read",
            files(old, before, |rights| rights.read),
            files(new, after, |rights| rights.read),
        ),
        (
            "write",
            "can write",
            files(old, before, |rights| rights.write),
            files(new, after, |rights| rights.write),
        ),
        (
            "if_exists",
            "depends on",
            path(&before.if_exists),
            path(&after.if_exists),
        ),
        (
            "stdin",
            "has as its standard input",
            path(&before.stdin),
            path(&after.stdin),
        ),
        (
            "stdout",
            "prints to",
            path(&before.stdout),
            path(&after.stdout),
        ),
        (
            "stderr",
            "prints errors to",
            path(&before.stderr),
            path(&after.stderr),
        ),
    ];
    for (field, verb, before, after) in fields {
        if before != after {
            let sentence = say(
                "Stage {} {} {}; before: {}.",
                &[number(), plain(verb), after, before],
                &["pipeline", &segment, field],
            );
            changes.all(Severity::Runs, sentence);
        }
    }
    told(
        changes,
        &segment,
        "exit_code",
        &before.exit_code,
        &after.exit_code,
    );
    told(changes, &segment, "trap", &before.trap, &after.trap);
    for limit in LIMITS {
        if (limit.value)(&before.limits) != (limit.value)(&after.limits) {
            let sentence = say(
                "The limit of stage {} for {} is {} instead of {}.",
                &[
                    number(),
                    plain(limit.words),
                    plain(limit.of(&after.limits)),
                    plain(limit.of(&before.limits)),
                ],
                &["pipeline", &segment, "limits", limit.name],
            )
            .and(&["execution", limit.name]);
            changes.all(Severity::Limits, sentence);
        }
    }
}

/// The files to which a stage has a right.
fn files(policy: &Policy, stage: &Stage, wanted: fn(Rights) -> bool) -> Arg {
    let files = policy.files().iter();
    let files: Vec<Arg> = files
        .filter(|file| wanted(stage.rights(&file.path)))
        .map(|file| code(&file.path))
        .collect();
    all(files, "nothing")
}

/// Who learns how a stage ended.
fn told(
    changes: &mut Changes<'_>,
    segment: &str,
    field: &str,
    before: &[ParticipantName],
    after: &[ParticipantName],
) {
    let what = if field == "exit_code" {
        "the exit code"
    } else {
        "the reason of a failure"
    };
    let at = ["pipeline", segment, field];
    let number = segment
        .parse::<usize>()
        .unwrap_or_default()
        .saturating_add(1);
    for (template, names) in [
        ("{} learns {} of stage {} now.", without(after, before)),
        ("{} learns {} of stage {} no more.", without(before, after)),
    ] {
        for name in names {
            let args = [code(name), plain(what), plain(format!("{number}"))];
            changes.all(Severity::Learns, say(template, &args, &at));
        }
    }
}
