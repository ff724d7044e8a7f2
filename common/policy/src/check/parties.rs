//! Participants, approval and isolates.

use alloc::{borrow::ToOwned, collections::BTreeMap, vec::Vec};

use super::Report;
use crate::{Cause, ParticipantName, Trust, decode::nearest, json::Pointer, policy::Content};

pub(super) fn check(content: &Content, report: &mut Report<'_>) {
    keys_are_distinct(content, report);
    approval(content, report);
    unprotected_is_said(content, report);
    verifiers(content, report);
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

/// The host chooses among the isolates: one that does not protect from it stands for all.
fn unprotected_is_said(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let isolates = root.name("isolates");
    let (protecting, unprotecting): (Vec<_>, Vec<_>) = content
        .isolates
        .kinds()
        .partition(|kind| kind.protects_from_host());
    for kind in &unprotecting {
        let kind = kind.name();
        let cause = match protecting.first() {
            Some(beside) => Cause::UnprotectedBeside {
                kind,
                beside: beside.name(),
            },
            None if !content.unprotected => Cause::UnprotectedNotSaid { kind },
            None => continue,
        };
        report.name(&isolates.name(kind), cause);
    }
    if unprotecting.is_empty() && content.unprotected {
        report.name(&root.name("unprotected"), Cause::UnprotectedSaidInVain);
    }
}

/// Who relies on a verifier has one.
fn verifiers(content: &Content, report: &mut Report<'_>) {
    let root = Pointer::Root;
    let participants = root.name("participants");
    let relying = content
        .participants
        .iter()
        .filter(|participant| participant.trust == Trust::Verifier);
    for participant in relying.filter(|_| content.verifiers.is_empty()) {
        let entry = participants.name(participant.name.as_str());
        let participant = participant.name.clone();
        report.value(
            &entry.name("trust"),
            Cause::TrustWithoutVerifier { participant },
        );
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
