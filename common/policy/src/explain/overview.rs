//! The policy as a whole: its name, who takes part, until when.

use super::{
    Arg, Section, Subject, all, code, plain, say,
    words::{bytes, plural},
};
use crate::Policy;

pub(super) fn section(subject: &Subject<'_>) -> Section {
    let policy = subject.policy;
    let mut section = Section::new("The policy");
    let names = || policy.participants().iter().map(|one| code(&one.name));
    section.add(say(
        "{} is a computation of {}.",
        &[code(policy.name()), all(names(), "nobody")],
        &["name"],
    ));
    section.add(say(
        "Its hash is {}: whoever has the same hash has the same policy.",
        &[code(policy.hash())],
        &[],
    ));
    section.add(say(
        "It is written in version 1 of the policy format, which fixes every default for ever.",
        &[],
        &["veracruz"],
    ));
    if let Some(description) = policy.description() {
        section.add(say(
            "The authors say of it: {}",
            &[code(description)],
            &["description"],
        ));
    }
    section.add(say(
        "{} take part: each is its key, and its name proves nothing.",
        &[plain(plural(
            u64::try_from(policy.participants().len()).unwrap_or(u64::MAX),
            "participant",
        ))],
        &["participants"],
    ));
    section.add(files(policy));
    section.add(intermediates(subject));
    section
        .sentences
        .retain(|sentence| !sentence.pieces.is_empty());
    section
}

fn files(policy: &Policy) -> super::Sentence {
    let count = u64::try_from(policy.files().len()).unwrap_or(u64::MAX);
    let total = policy
        .files()
        .iter()
        .fold(0_u64, |sum, file| sum.saturating_add(file.max_bytes));
    say(
        "There are {}, with at most {} together, and no others: what is not granted is refused.",
        &[plain(plural(count, "file")), plain(bytes(total))],
        &["files"],
    )
}

/// Files that stages write for each other.
fn intermediates(subject: &Subject<'_>) -> super::Sentence {
    let files = || {
        subject
            .policy
            .files()
            .iter()
            .filter(|file| file.intermediate)
    };
    if files().next().is_none() {
        return super::Sentence::default();
    }
    let list = files().map(|file| -> Arg {
        let mut arg = code(&file.path);
        arg.extend(plain(alloc::format!(
            " (at most {})",
            bytes(file.max_bytes)
        )));
        arg
    });
    let mut sentence = say(
        "Stages write {} for each other, and nobody sees it.",
        &[all(list, "nothing")],
        &[],
    );
    for file in files() {
        let path = file.path.as_str();
        for field in ["intermediate", "max_bytes", "description"] {
            if subject.said(&["files", path, field]) {
                sentence = sentence.and(&["files", path, field]);
            }
        }
    }
    sentence
}
