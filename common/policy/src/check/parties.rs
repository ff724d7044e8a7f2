//! Participants, approval and isolates.

use alloc::{borrow::ToOwned, collections::BTreeMap};

use super::Report;
use crate::{Cause, ParticipantName, decode::nearest, json::Pointer, policy::Content};

pub(super) fn check(content: &Content, report: &mut Report<'_>) {
    keys_are_distinct(content, report);
    approval(content, report);
    unprotected_is_said(content, report);
}

fn keys_are_distinct(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let participants = root.name("participants");
    let mut seen = BTreeMap::new();
    for participant in &content.participants {
        if let Some(first) = seen.insert(participant.key, &participant.name) {
            let entry = participants.name(participant.name.as_str());
            let cause = Cause::SharedKey {
                first: first.clone(),
                second: participant.name.clone(),
            };
            report.value(&entry.name("certificate"), cause);
        }
    }
}

fn approval(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let section = root.name("approval");
    let lists = [
        ("required", &content.approval.required),
        ("run_by", &content.approval.run_by),
    ];
    for (field, names) in lists {
        let list = section.name(field);
        // Names that are there by default are looked at where they come from: in `files`.
        if !list.is_in(report.root) {
            continue;
        }
        for (index, name) in names.iter().enumerate() {
            is_participant(content, name, &list.index(index), report);
        }
    }
}

fn unprotected_is_said(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let isolates = root.name("isolates");
    match (&content.isolates.process, content.unprotected) {
        (Some(_), false) => {
            let cause = Cause::UnprotectedNotSaid { kind: "process" };
            report.name(&isolates.name("process"), cause);
        }
        (None, true) => report.name(&root.name("unprotected"), Cause::UnprotectedSaidInVain),
        (Some(_), true) | (None, false) => {}
    }
}

/// Refuses a name that no participant has.
pub(super) fn is_participant(
    content: &Content,
    name: &ParticipantName,
    at: &Pointer<'_>,
    report: &mut Report<'_>,
) {
    let names = || content.participants.iter().map(|other| &other.name);
    if !names().any(|other| other == name) {
        let cause = Cause::UnknownParticipant {
            found: name.as_str().to_owned(),
            nearest: nearest(name.as_str(), names().map(ParticipantName::as_str))
                .map(ToOwned::to_owned),
        };
        report.value(at, cause);
    }
}
