//! The whole in a few sentences, for whoever reads nothing else: who gives what, who gets what,
//! where it runs, how often and until when.

use alloc::{format, vec::Vec};

use super::{Arg, Section, Subject, all, any, code, plain, say, words::plural};
use crate::{File, Participant};

/// Most files that a sentence names; of the others it gives the number.
const NAMED: usize = 4;

pub(super) fn section(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("In short");
    for participant in subject.policy.participants() {
        parts(subject, participant, &mut section);
    }
    place(subject, &mut section);
    terms(subject, &mut section);
    section
}

/// What a participant gives and gets.
fn parts(subject: &Subject<'_>, participant: &Participant, section: &mut Section) {
    let name = &participant.name;
    let is_program = |file: &&File| !subject.run_by(&file.path).is_empty();
    let (programs, data): (Vec<_>, Vec<_>) = subject.given_by(participant).partition(is_program);
    let files = subject.policy.files().iter();
    let received: Vec<_> = files
        .filter(|file| file.is_written() && file.is_received_by(name))
        .collect();
    let mut gives = Vec::new();
    if !data.is_empty() {
        gives.push(named(&data));
    }
    if !programs.is_empty() {
        let mut arg = plain(if programs.len() == 1 {
            "the program "
        } else {
            "the programs "
        });
        arg.extend(named(&programs));
        gives.push(arg);
    }
    section.add(say(
        "{} gives {}, and receives {}.",
        &[code(name), all(gives, "nothing"), named(&received)],
        &["participants", name.as_str()],
    ));
}

/// Some files by their paths; the others by their number.
fn named(files: &[&File]) -> Arg {
    let shown = files.iter().take(NAMED).map(|file| code(&file.path));
    let more = files.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| plain(format!("{more} more")));
    all(shown.chain(more), "nothing")
}

/// Where it runs, and what that is worth.
fn place(subject: &Subject<'_>, section: &mut Section) {
    let kinds = subject.policy.isolates().kinds();
    let kinds = kinds.map(|kind| code(kind.name()));
    let kinds = if subject.policy.quorum().is_empty() {
        any(kinds, "nothing")
    } else {
        // Each has everything that is secret, and all have to agree on the outputs.
        all(kinds, "nothing")
    };
    if subject.policy.unprotected() {
        let sentence = say(
            "It runs in {}, where whoever runs the machine can read and change everything.",
            &[kinds],
            &["isolates"],
        );
        section.add(sentence.caution());
    } else {
        section.add(say(
            "It runs in {}, which keeps out the machine's administrators, as far as its maker is right.",
            &[kinds],
            &["isolates"],
        ));
    }
}

/// After whose approval, how often and until when.
fn terms(subject: &Subject<'_>, section: &mut Section) {
    let policy = subject.policy;
    let approval = policy.approval();
    let required = all(approval.required.iter().map(code), "nobody");
    let runs = plain(plural(approval.runs.into(), "run"));
    section.add(match policy.expires() {
        Some(expires) => say(
            "After the approval of {}, an isolate makes at most {}; the policy ends at {}.",
            &[required, runs, code(expires)],
            &["approval"],
        ),
        None => say(
            "After the approval of {}, an isolate makes at most {}; the policy has no end.",
            &[required, runs],
            &["approval"],
        ),
    });
    section.add(say(
        "Files are in the isolate's memory and on no disk, and are gone when it ends.",
        &[],
        &[],
    ));
    let not_protected = "The last section says what none of this protects.";
    section.add(say(not_protected, &[], &[]));
}
