//! Who must agree, who may start, how often, until when, and whose word is believed.

use alloc::vec::Vec;

use super::{Section, Subject, all, code, plain, say, subject::segment, words::plural};
use crate::{Approve, Sha256};

pub(super) fn sections(subject: &Subject<'_>) -> Vec<Section> {
    let mut sections = alloc::vec![agreement(subject)];
    if !subject.policy.verifiers().is_empty() {
        sections.push(verifiers(subject));
    }
    sections
}

fn agreement(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("Who must agree");
    let approval = subject.policy.approval();
    let lists = [
        (
            "required",
            "A run needs the approval of {}{}.",
            &approval.required,
            " (everyone who provides a file: the default)",
        ),
        (
            "run_by",
            "It may be started by {}{}.",
            &approval.run_by,
            " (everyone who must approve: the default)",
        ),
    ];
    for (field, template, names, default) in lists {
        let said = subject.said(&["approval", field]);
        let note = plain(if said { "" } else { default });
        let names = all(names.iter().map(code), "nobody");
        section.add(say(template, &[names, note], &["approval", field]));
    }
    section.add(say(
        "One instance makes at most {}{}; a failed run counts.",
        &[
            plain(plural(approval.runs.into(), "run")),
            subject.default(&["approval", "runs"]),
        ],
        &["approval", "runs"],
    ));
    let holds = match approval.approve {
        Approve::EachRun => "An approval holds for one run",
        Approve::Once => "An approval holds for all runs of an instance",
    };
    section.add(say(
        "{}{}.",
        &[plain(holds), subject.default(&["approval", "approve"])],
        &["approval", "approve"],
    ));
    section.add(match subject.policy.expires() {
        Some(expires) => say(
            "From {} on, clients refuse to attest, to approve and to upload.",
            &[code(expires)],
            &["expires"],
        ),
        None => say("The policy does not expire.", &[], &["expires"]).caution(),
    });
    section
}

fn verifiers(subject: &Subject<'_>) -> Section {
    let mut section = Section::new("Whose word is believed");
    for (index, verifier) in subject.policy.verifiers().iter().enumerate() {
        let number = segment(index);
        let at = |field| ["verifiers", number.as_str(), field];
        section.add(say(
            "{} appraises the isolate by this very policy, and says so to those who rely on it.",
            &[code(&verifier.name)],
            &at("name"),
        ));
        section.add(say(
            "It issues the isolate's certificates with the authority whose certificate has the \
             SHA-256 {} and is valid from {} to {}.",
            &[
                code(Sha256::of(&verifier.ca)),
                code(verifier.not_before),
                code(verifier.not_after),
            ],
            &at("ca"),
        ));
        section.add(say(
            "It signs its results with the key {} (SHA-256).",
            &[code(verifier.ear_key.digest())],
            &at("ear_key"),
        ));
    }
    section
}
