//! Who must agree, who may start, how often, until when; and what the policy says of itself.

use super::{Changes, Severity, without};
use crate::{
    Approve,
    explain::{code, grouped, plain, say},
};

pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    let (before, after) = (old.approval(), new.approval());
    let lists = [
        (
            "required",
            "A run needs the approval of {} now.",
            without(&after.required, &before.required),
        ),
        (
            "required",
            "A run does not need the approval of {} any more.",
            without(&before.required, &after.required),
        ),
        (
            "run_by",
            "{} may start a run now.",
            without(&after.run_by, &before.run_by),
        ),
        (
            "run_by",
            "{} may not start a run any more.",
            without(&before.run_by, &after.run_by),
        ),
    ];
    for (field, template, names) in lists {
        for name in names {
            let sentence = say(template, &[code(name)], &["approval", field]);
            changes.all(Severity::Agrees, sentence);
        }
    }
    if before.runs != after.runs {
        let sentence = say(
            "An instance makes at most {} runs instead of {}.",
            &[
                plain(grouped(after.runs.into())),
                plain(grouped(before.runs.into())),
            ],
            &["approval", "runs"],
        );
        changes.all(Severity::Limits, sentence);
    }
    if before.approve != after.approve {
        let template = match after.approve {
            Approve::EachRun => "An approval holds for one run now.",
            Approve::Once => "An approval holds for all runs of an instance now.",
        };
        changes.all(
            Severity::Agrees,
            say(template, &[], &["approval", "approve"]),
        );
    }
    expiry(changes);
    words(changes);
}

fn expiry(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    let sentence = match (old.expires(), new.expires()) {
        (before, after) if before == after => return,
        (Some(before), Some(after)) => say(
            "The policy ends at {} instead of {}.",
            &[code(after), code(before)],
            &["expires"],
        ),
        (None, Some(after)) => say("The policy ends at {} now.", &[code(after)], &["expires"]),
        (_, None) => say("The policy does not end any more.", &[], &["expires"]),
    };
    changes.all(Severity::Limits, sentence);
}

fn words(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    if old.name() != new.name() {
        let sentence = say(
            "The computation is called {} instead of {}.",
            &[code(new.name()), code(old.name())],
            &["name"],
        );
        changes.all(Severity::Words, sentence);
    }
    if old.description() != new.description() {
        let sentence = say(
            "The authors say of it: {}",
            &[code(new.description().unwrap_or("nothing"))],
            &["description"],
        );
        changes.all(Severity::Words, sentence);
    }
}
