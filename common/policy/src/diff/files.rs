//! Files: who gives them, who receives them, and who can learn something of them.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString as _},
    vec::Vec,
};

use super::{Changes, Severity, without};
use crate::{
    File, FilePath, ParticipantName,
    explain::{Arg, Learns, Subject, all, bytes, code, plain, say},
};

pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    for before in old.files() {
        match new.file(&before.path) {
            Some(after) => file(changes, before, after),
            None => changes.some(
                Severity::Learns,
                say(
                    "There is no {} any more.",
                    &[code(&before.path)],
                    &["files", before.path.as_str()],
                ),
                concerned(before),
            ),
        }
    }
    for after in new.files() {
        if old.file(&after.path).is_none() {
            let sentence = say(
                "There is a file {} now, at most {}: {}.",
                &[
                    code(&after.path),
                    plain(bytes(after.max_bytes)),
                    role(after),
                ],
                &["files", after.path.as_str()],
            );
            changes.some(Severity::Learns, sentence, concerned(after));
        }
    }
    learning(changes);
}

/// What a file is for.
fn role(file: &File) -> Arg {
    let receivers = || all(file.receivers.iter().map(code), "nobody");
    match &file.provider {
        Some(provider) => {
            let mut arg = code(provider);
            arg.extend(plain(" gives it, and it is shown to "));
            arg.extend(receivers());
            arg
        }
        None if file.intermediate => plain("stages write it for each other"),
        None => {
            let mut arg = plain("an output for ");
            arg.extend(receivers());
            arg
        }
    }
}

fn concerned(file: &File) -> impl Iterator<Item = &ParticipantName> {
    file.provider.iter().chain(&file.receivers)
}

fn file(changes: &mut Changes<'_>, before: &File, after: &File) {
    let path = before.path.as_str();
    let both = || concerned(before).chain(concerned(after));
    if before.provider != after.provider || before.intermediate != after.intermediate {
        let sentence = say(
            "{} is something else now: {}; before: {}.",
            &[code(path), role(after), role(before)],
            &["files", path],
        );
        changes.some(Severity::Learns, sentence, both());
    } else {
        receivers(changes, before, after);
    }
    pinned(changes, before, after);
    if before.max_bytes != after.max_bytes {
        let more = after.max_bytes > before.max_bytes;
        let template = match (more, after.is_written() && !after.receivers.is_empty()) {
            (true, true) => "{} may have {} instead of {}: it can carry out more.",
            _ => "{} may have {} instead of {}.",
        };
        let sentence = say(
            template,
            &[
                code(path),
                plain(bytes(after.max_bytes)),
                plain(bytes(before.max_bytes)),
            ],
            &["files", path, "max_bytes"],
        );
        changes.some(Severity::Limits, sentence, both());
    }
}

fn receivers(changes: &mut Changes<'_>, before: &File, after: &File) {
    let path = before.path.as_str();
    let lists = [
        (
            "{} receives {} now.",
            without(&after.receivers, &before.receivers),
        ),
        (
            "{} receives {} no more.",
            without(&before.receivers, &after.receivers),
        ),
    ];
    for (template, names) in lists {
        for name in names {
            let sentence = say(
                template,
                &[code(name), code(path)],
                &["files", path, "receivers"],
            );
            let affects = [name].into_iter().chain(&before.provider);
            changes.some(Severity::Learns, sentence, affects);
        }
    }
}

fn pinned(changes: &mut Changes<'_>, before: &File, after: &File) {
    let path = before.path.as_str();
    let at = ["files", path, "sha256"];
    let digests = |file: &File| {
        let each = file.sha256.iter().map(code);
        all(each, "anything")
    };
    let (severity, sentence) = match (before.is_pinned(), after.is_pinned()) {
        (true, false) => (
            Severity::Weakens,
            say(
                "The content of {} is not fixed any more: its provider can give anything.",
                &[code(path)],
                &at,
            ),
        ),
        (false, true) => (
            Severity::Strengthens,
            say(
                "The content of {} is fixed now: SHA-256 {}.",
                &[code(path), digests(after)],
                &at,
            ),
        ),
        (true, true) if before.sha256 != after.sha256 => (
            Severity::Runs,
            say(
                "{} is something else: SHA-256 {} instead of {}.",
                &[code(path), digests(after), digests(before)],
                &at,
            ),
        ),
        _ => return,
    };
    changes.all(severity, sentence);
}

/// Who can learn something of a provided file, by what ways.
type Ways = BTreeMap<(ParticipantName, FilePath), BTreeSet<String>>;

fn ways(subject: &Subject<'_>) -> Ways {
    let mut ways = Ways::new();
    let provided = subject
        .policy
        .files()
        .iter()
        .filter(|file| !file.is_written());
    for file in provided {
        for (name, how) in subject.flow.learns(&file.path) {
            if file.provider.as_ref() == Some(name) {
                continue;
            }
            let how = how.iter().map(|way| match way {
                Learns::Itself => file.path.to_string(),
                Learns::From(path) => path.to_string(),
                Learns::ExitCode(number) => alloc::format!("exit code of stage {number}"),
                Learns::Trap(number) => alloc::format!("failure of stage {number}"),
            });
            let key = (name.clone(), file.path.clone());
            ways.entry(key).or_default().extend(how);
        }
    }
    ways
}

/// Who can learn more or less of what others give, whatever was changed to make it so.
fn learning(changes: &mut Changes<'_>) {
    let (before, after) = (ways(&changes.old), ways(&changes.new));
    let none = BTreeSet::new();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (name, path) = key;
        let was = before.get(key).unwrap_or(&none);
        let is = after.get(key).unwrap_or(&none);
        let said = [
            ("{} can learn something of {} now, by {}.", is, was),
            ("{} can learn nothing of {} any more by {}.", was, is),
        ];
        for (template, these, those) in said {
            let difference: Vec<Arg> = these.difference(those).map(code).collect();
            if difference.is_empty() {
                continue;
            }
            let sentence = say(
                template,
                &[code(name), code(path), all(difference, "")],
                &["files", path.as_str()],
            );
            let (old, new) = changes.policies();
            let providers = [old.file(path), new.file(path)];
            let providers = providers
                .into_iter()
                .flatten()
                .filter_map(|file| file.provider.as_ref());
            changes.some(Severity::Learns, sentence, providers.chain([name]));
        }
    }
}
