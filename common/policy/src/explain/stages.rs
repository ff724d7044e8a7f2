//! What runs: each stage with what it may touch, and its limits.

use alloc::vec::Vec;

use super::{
    Arg, LIMITS, Limit, Section, Sentence, Subject, all, code, plain, say, subject::segment,
};
use crate::{Clock, File, Limits, Nan, PathPattern, Random, Rights, Stage, Strategy};

pub(super) fn sections(subject: &Subject<'_>) -> Vec<Section> {
    let stages = subject.policy.pipeline().iter().enumerate();
    let mut sections = alloc::vec![how(subject)];
    sections.extend(stages.map(|(index, stage)| self::stage(subject, index, stage)));
    sections
}

/// How every stage runs.
fn how(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("What runs");
    let count = u64::try_from(subject.policy.pipeline().len()).unwrap_or(u64::MAX);
    section.add(say(
        "{} in this order, each with its own rights and only those.",
        &[plain(alloc::format!(
            "{} run{}",
            super::words::plural(count, "stage"),
            if count == 1 { "s" } else { "" }
        ))],
        &["pipeline"],
    ));
    let execution = subject.policy.execution();
    let words = [
        (
            "strategy",
            match execution.strategy {
                Strategy::Compiled => "Programs are compiled to machine code inside the isolate",
                Strategy::Interpreted => {
                    "Programs are interpreted, and no memory becomes executable"
                }
            },
        ),
        (
            "random",
            match execution.random {
                Random::Seeded => {
                    "Random numbers come from secret shares of everyone who provides a file, so that \
                 no single party can compute them"
                }
            },
        ),
        (
            "clock",
            match execution.clock {
                Clock::Fixed => {
                    "Programs do not learn the time: their clock starts at a fixed date and moves only \
                 when they wait or look"
                }
            },
        ),
        (
            "nan",
            match execution.nan {
                Nan::Native => {
                    "Floating-point results are the same on machines of one kind; the bits of a NaN \
                 can differ between kinds"
                }
                Nan::Canonical => "Floating-point results are the same on all machines",
            },
        ),
    ];
    for (field, text) in words {
        let pointer = ["execution", field];
        section.add(say(
            "{}{}.",
            &[plain(text), subject.default(&pointer)],
            &pointer,
        ));
    }
    let given = |limit: &&Limit| subject.said(&["execution", limit.name]);
    let sentence = limits_in_words(
        "Limits of every stage that does not say otherwise: {}.",
        LIMITS.iter().filter(given),
        &execution.limits,
        &["execution"],
    );
    section.sentences.extend(sentence);
    section
}

fn stage(subject: &Subject<'_>, index: usize, stage: &Stage) -> Section {
    let number = segment(index);
    let at = |field| ["pipeline", number.as_str(), field];
    let mut section = Section::new(alloc::format!("Stage {}", index.saturating_add(1)));
    section.add(say("It runs {}.", &[code(&stage.program)], &at("program")));
    if let Some(text) = subject.text(&at("description")) {
        section.add(say(
            "The policy says of it: {}",
            &[code(text)],
            &at("description"),
        ));
    }
    if let Some(path) = &stage.if_exists {
        section.add(say(
            "It is left out where {} does not exist when its turn comes.",
            &[code(path)],
            &at("if_exists"),
        ));
    }
    let args = stage.args.iter().map(code);
    section.add(say("Its arguments: {}.", &[all(args, "none")], &at("args")));
    let env = stage
        .env
        .iter()
        .map(|(name, value)| code(alloc::format!("{name}={value}")));
    section.add(say(
        "Its environment: {}.",
        &[all(env, "empty")],
        &at("env"),
    ));
    rights(subject, stage, &mut section, &number);
    streams(stage, &mut section, &number);
    failure(stage, &mut section, &number);
    limits(subject, stage, &mut section, &number);
    section
}

/// What it may touch, file by file.
fn rights(subject: &Subject<'_>, stage: &Stage, section: &mut Section, number: &str) {
    let files = |wanted: fn(Rights) -> bool| -> Vec<Arg> {
        let files = subject.policy.files().iter();
        let files = files.filter(|file: &&File| wanted(stage.rights(&file.path)));
        files.map(|file| code(&file.path)).collect()
    };
    let by = |entries: &[PathPattern]| {
        let folders: Vec<Arg> = entries
            .iter()
            .filter(|entry| entry.is_subtree())
            .map(code)
            .collect();
        if folders.is_empty() {
            return Vec::new();
        }
        let mut arg = plain(", by its right to everything below ");
        arg.extend(all(folders, ""));
        arg
    };
    section.add(say(
        "It can read {}{}.",
        &[all(files(|rights| rights.read), "no file"), by(&stage.read)],
        &["pipeline", number, "read"],
    ));
    section.add(say(
        "It can write {}{}.",
        &[
            all(files(|rights| rights.write), "no file"),
            by(&stage.write),
        ],
        &["pipeline", number, "write"],
    ));
}

fn streams(stage: &Stage, section: &mut Section, number: &str) {
    section.add(match &stage.stdin {
        Some(path) => say(
            "Its standard input is {}.",
            &[code(path)],
            &["pipeline", number, "stdin"],
        ),
        None => say(
            "Its standard input is empty.",
            &[],
            &["pipeline", number, "stdin"],
        ),
    });
    let streams = [
        ("stdout", "standard output", &stage.stdout),
        ("stderr", "standard error", &stage.stderr),
    ];
    for (field, words, path) in streams {
        let at = ["pipeline", number, field];
        section.add(match path {
            Some(path) => say("Its {} goes to {}.", &[plain(words), code(path)], &at),
            None => say("Its {} is discarded.", &[plain(words)], &at),
        });
    }
}

/// Who learns why it failed.
fn failure(stage: &Stage, section: &mut Section, number: &str) {
    let names = |list: &[crate::ParticipantName]| all(list.iter().map(code), "nobody");
    section.add(say(
        "Where it ends with an exit code other than 0, the code is told to {}.",
        &[names(&stage.exit_code)],
        &["pipeline", number, "exit_code"],
    ));
    section.add(say(
        "Where it ends in any other way, the reason is told to {}.",
        &[names(&stage.trap)],
        &["pipeline", number, "trap"],
    ));
}

fn limits(subject: &Subject<'_>, stage: &Stage, section: &mut Section, number: &str) {
    let at = ["pipeline", number, "limits"];
    let own = |limit: &Limit| subject.said(&["pipeline", number, "limits", limit.name]);
    let general = |limit: &Limit| subject.said(&["execution", limit.name]);
    // Streams that go nowhere have no limit.
    let has = |limit: &Limit| match limit.name {
        "stdout_bytes" => stage.stdout.is_some(),
        "stderr_bytes" => stage.stderr.is_some(),
        _ => true,
    };
    let groups: [Group<'_>; 3] = [
        ("Its own limits: {}.", &own),
        ("Its limits as of every stage: {}.", &|limit| {
            !own(limit) && general(limit)
        }),
        ("Its limits by default: {}.", &|limit| {
            !own(limit) && !general(limit)
        }),
    ];
    for (template, belongs) in groups {
        let limits = LIMITS.iter().filter(|limit| has(limit) && belongs(limit));
        let sentence = limits_in_words(template, limits, &stage.limits, &at);
        section.sentences.extend(sentence);
    }
}

/// How limits are introduced, and which of them belong there.
type Group<'a> = (&'a str, &'a dyn Fn(&Limit) -> bool);

/// Several limits in one sentence; none where there is none.
fn limits_in_words<'l>(
    template: &str,
    limits: impl Iterator<Item = &'l Limit> + Clone,
    values: &Limits,
    at: &[&str],
) -> Option<Sentence> {
    limits.clone().next()?;
    let words = limits
        .clone()
        .map(|limit| plain(alloc::format!("{} {}", limit.words, limit.of(values))));
    let mut sentence = Sentence::new(template, &[all(words, "")]);
    for limit in limits {
        let pointer: Vec<&str> = at.iter().chain([&limit.name]).copied().collect();
        sentence = sentence.and(&pointer);
    }
    Some(sentence)
}
