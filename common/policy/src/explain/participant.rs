//! One participant's point of view: what it gives, who can learn something of it, what it gets.

use alloc::{collections::BTreeMap, string::ToString as _, vec::Vec};

use super::{
    Arg, Learns, Section, Subject, all, code, plain, say,
    subject::{each, people, stage},
    words::bytes,
};
use crate::{File, Participant, Trust};

pub(super) fn section(subject: &Subject<'_>, reader: &Participant) -> Section {
    let mut section = Section::new(alloc::format!("For {}", reader.name));
    who(subject, reader, &mut section);
    for file in subject.given_by(reader) {
        given(subject, reader, file, &mut section);
    }
    received(subject, reader, &mut section);
    told(subject, reader, &mut section);
    not_seen(subject, reader, &mut section);
    agrees(subject, reader, &mut section);
    section
}

fn who(subject: &Subject<'_>, reader: &Participant, section: &mut Section) {
    let name = reader.name.as_str();
    section.add(say(
        "You are the key {} (SHA-256), whose certificate is valid from {} to {}.",
        &[
            code(reader.key),
            code(reader.not_before),
            code(reader.not_after),
        ],
        &["participants", name, "certificate"],
    ));
    let description = ["participants", name, "description"];
    if let Some(text) = subject.text(&description) {
        section.add(say(
            "The policy says of you: {}",
            &[code(text)],
            &description,
        ));
    }
    let trust = ["participants", name, "trust"];
    section.add(match reader.trust {
        Trust::Connection => say(
            "Your client checks the evidence for the isolate itself, on its own connection{}.",
            &[subject.default(&trust)],
            &trust,
        ),
        Trust::Verifier => {
            let names = subject.policy.verifiers().iter().map(|one| code(&one.name));
            say(
                "Your client believes a certificate that {} issued, and sees no evidence itself: \
                 you trust that service to have checked the isolate, and how long ago it did so \
                 is for that service to decide.",
                &[super::any(names, "nobody")],
                &trust,
            )
            .caution()
        }
    });
}

fn given(subject: &Subject<'_>, reader: &Participant, file: &File, section: &mut Section) {
    let path = file.path.as_str();
    section.add(
        say(
            "You give {}, at most {}{}.",
            &[
                code(path),
                plain(bytes(file.max_bytes)),
                subject.default(&["files", path, "max_bytes"]),
            ],
            &["files", path, "provider"],
        )
        .and(&["files", path, "max_bytes"]),
    );
    pinned(file, section);
    described(subject, path, section);
    used(subject, file, section);
    let shown = people(&file.receivers, Some(reader));
    section.add(if shown.is_empty() && subject.policy.unprotected() {
        // Whoever reads no further must not believe that it is safe from everybody.
        say(
            "No other participant sees {} itself; whoever runs the machine can.",
            &[code(path)],
            &["files", path],
        )
        .caution()
    } else if shown.is_empty() {
        say(
            "Nobody but you sees {} itself.",
            &[code(path)],
            &["files", path],
        )
    } else {
        say(
            "{} is shown as it is to {}, as soon as it is there.",
            &[code(path), all(shown, "nobody")],
            &["files", path, "receivers"],
        )
        .caution()
    });
    learned(subject, reader, file, section);
}

/// What the authors say of a file.
fn described(subject: &Subject<'_>, path: &str, section: &mut Section) {
    let description = ["files", path, "description"];
    if let Some(text) = subject.text(&description) {
        section.add(say(
            "The policy says of {}: {}",
            &[code(path), code(text)],
            &description,
        ));
    }
}

fn pinned(file: &File, section: &mut Section) {
    let path = file.path.as_str();
    if !file.sha256.is_empty() {
        section.add(say(
            "Its content is fixed: SHA-256 {}.",
            &[super::any(each(&file.sha256), "")],
            &["files", path, "sha256"],
        ));
    }
}

/// Which stages read it or run it.
fn used(subject: &Subject<'_>, file: &File, section: &mut Section) {
    let stages = |numbers: Vec<usize>| numbers.into_iter().map(|n| stage(subject.policy, n));
    let path = file.path.as_str();
    let run = subject.run_by(&file.path);
    if !run.is_empty() {
        section.add(say(
            "It is the program of {}.",
            &[all(stages(run.clone()), "")],
            &["files", path],
        ));
    }
    let read = subject.read_by(&file.path);
    if !read.is_empty() {
        section.add(say(
            "It is read by {} alone.",
            &[all(stages(read), "")],
            &["files", path],
        ));
    } else if run.is_empty() {
        section.add(say("No stage reads it.", &[], &["files", path]));
    }
}

/// Who can learn something of it, from what.
fn learned(subject: &Subject<'_>, reader: &Participant, file: &File, section: &mut Section) {
    let path = file.path.as_str();
    let others: Vec<_> = subject
        .flow
        .learns(&file.path)
        .filter(|(name, _)| **name != reader.name)
        .collect();
    // Who sees the file itself learns nothing more from what is made of it.
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, how) in &others {
        if !how.contains(&Learns::Itself) {
            groups.entry(*how).or_default().push(*name);
        }
    }
    for (how, names) in groups {
        let ways = how.iter().filter_map(|way| said_way(subject, *way));
        section.add(say(
            "What {} can learn of {} is what the programs put into {}.",
            &[
                all(people(names, Some(reader)), ""),
                code(path),
                all(ways, "nothing"),
            ],
            &["files", path],
        ));
    }
    if others.is_empty() {
        section.add(say(
            "Nothing that anybody else receives can depend on {}.",
            &[code(path)],
            &["files", path],
        ));
    }
}

fn said_way(subject: &Subject<'_>, way: Learns<'_>) -> Option<Arg> {
    let with = |words: &str, number: usize| {
        let mut arg = plain(words);
        arg.extend(stage(subject.policy, number));
        arg
    };
    match way {
        Learns::Itself => None,
        Learns::From(path) => Some(code(path)),
        Learns::ExitCode(number) => Some(with("the exit code of ", number)),
        Learns::Trap(number) => Some(with("how it breaks off in ", number)),
    }
}

fn received(subject: &Subject<'_>, reader: &Participant, section: &mut Section) {
    let files = || {
        let files = subject.policy.files().iter();
        files.filter(|file| file.is_received_by(&reader.name))
    };
    for file in files() {
        let path = file.path.as_str();
        let everyone = people(&file.receivers, Some(reader));
        match &file.provider {
            Some(provider) if *provider == reader.name => {}
            Some(provider) => section.add(say(
                "{} receive {} as {} gives it, as soon as it is there.",
                &[all(everyone, ""), code(path), code(provider)],
                &["files", path, "receivers"],
            )),
            None => {
                section.add(
                    say(
                        "{} receive {}, at most {}{}, when a run has ended well.",
                        &[
                            all(everyone, ""),
                            code(path),
                            plain(bytes(file.max_bytes)),
                            subject.default(&["files", path, "max_bytes"]),
                        ],
                        &["files", path, "receivers"],
                    )
                    .and(&["files", path, "max_bytes"]),
                );
                origin(subject, file, section);
            }
        }
    }
    if files().next().is_none() {
        section.add(say("You receive no file.", &[], &["files"]));
    }
}

/// What an output is made of.
fn origin(subject: &Subject<'_>, file: &File, section: &mut Section) {
    let path = file.path.as_str();
    described(subject, path, section);
    let writers = subject.written_by(&file.path);
    let writers = writers.into_iter().map(|n| stage(subject.policy, n));
    let sources = subject.flow.sources(&file.path);
    let provided = sources
        .iter()
        .filter(|source| {
            subject
                .policy
                .file(source)
                .is_some_and(|file| !file.is_written())
        })
        .map(code);
    section.add(say(
        "{} is written by {}, and can depend on {}.",
        &[
            code(path),
            all(writers, "no stage"),
            all(provided, "nothing"),
        ],
        &["files", path],
    ));
}

/// What it learns of stages that fail.
fn told(subject: &Subject<'_>, reader: &Participant, section: &mut Section) {
    for (index, entry) in subject.policy.pipeline().iter().enumerate() {
        let number = index.saturating_add(1);
        let segment = index.to_string();
        if entry.exit_code.contains(&reader.name) {
            section.add(say(
                "You learn the exit code of {} where it is not 0.",
                &[stage(subject.policy, number)],
                &["pipeline", &segment, "exit_code"],
            ));
        }
        if entry.trap.contains(&reader.name) {
            section.add(say(
                "You learn how {} broke off, where it did: its trap, or the limit.",
                &[stage(subject.policy, number)],
                &["pipeline", &segment, "trap"],
            ));
        }
    }
}

/// What others give and it does not see.
fn not_seen(subject: &Subject<'_>, reader: &Participant, section: &mut Section) {
    for other in subject.policy.participants() {
        let hidden = subject
            .given_by(other)
            .filter(|file| !file.is_received_by(&reader.name))
            .map(|file| code(&file.path));
        let hidden: Vec<Arg> = hidden.collect();
        if other.name != reader.name && !hidden.is_empty() {
            section.add(say(
                "You do not see {}, which {} gives; you see whether it is there.",
                &[all(hidden, ""), code(&other.name)],
                &["files"],
            ));
        }
    }
}

fn agrees(subject: &Subject<'_>, reader: &Participant, section: &mut Section) {
    let approval = subject.policy.approval();
    section.add(if approval.required.contains(&reader.name) {
        say(
            "Nothing runs before you have approved; until it runs you can withdraw, and what you \
             gave is erased.",
            &[],
            &["approval", "required"],
        )
    } else {
        say(
            "It can run without your approval.",
            &[],
            &["approval", "required"],
        )
    });
    section.add(if approval.run_by.contains(&reader.name) {
        say("You may start a run.", &[], &["approval", "run_by"])
    } else {
        say("You may not start a run.", &[], &["approval", "run_by"])
    });
    super::quorum::for_reader(subject, approval.required.contains(&reader.name), section);
}
