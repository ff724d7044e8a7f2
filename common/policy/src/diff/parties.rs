//! Who takes part, and who relies on whose word.

use super::{Changes, Severity, without};
use crate::{
    Participant, Sha256, Trust, Verifier,
    explain::{Arg, all, code, say},
};

pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    for before in old.participants() {
        let name = before.name.as_str();
        match new.participant(name) {
            Some(after) => participant(changes, before, after),
            None => changes.all(
                Severity::Learns,
                say(
                    "{} takes part no more.",
                    &[code(name)],
                    &["participants", name],
                ),
            ),
        }
    }
    for after in new.participants() {
        let name = after.name.as_str();
        if old.participant(name).is_none() {
            changes.all(
                Severity::Learns,
                say(
                    "{} takes part now, with the key {}.",
                    &[code(name), code(after.key)],
                    &["participants", name],
                ),
            );
        }
    }
    verifiers(changes, old.verifiers(), new.verifiers());
}

fn participant(changes: &mut Changes<'_>, before: &Participant, after: &Participant) {
    let name = before.name.as_str();
    let at = ["participants", name, "certificate"];
    if before.key != after.key {
        changes.all(
            Severity::Weakens,
            say(
                "{} is somebody else now: the key {} instead of {}.",
                &[code(name), code(after.key), code(before.key)],
                &at,
            ),
        );
    } else if before.certificate != after.certificate {
        changes.all(
            Severity::Limits,
            say(
                "{} has another certificate for the same key, valid from {} to {}.",
                &[code(name), code(after.not_before), code(after.not_after)],
                &at,
            ),
        );
    }
    let at = ["participants", name, "trust"];
    let (severity, template) = match (before.trust, after.trust) {
        (Trust::Connection, Trust::Verifier) => (
            Severity::Weakens,
            "{} believes a verifier's word now, and sees no evidence itself.",
        ),
        (Trust::Verifier, Trust::Connection) => (
            Severity::Strengthens,
            "{} checks the evidence itself now, on its own connection.",
        ),
        (Trust::Connection, Trust::Connection) | (Trust::Verifier, Trust::Verifier) => return,
    };
    changes.some(severity, say(template, &[code(name)], &at), [&before.name]);
}

fn verifiers(changes: &mut Changes<'_>, old: &[Verifier], new: &[Verifier]) {
    let (before, after) = changes.policies();
    let relying = [before, after]
        .into_iter()
        .flat_map(|policy| policy.participants());
    let relying = relying
        .filter(|participant| participant.trust == Trust::Verifier)
        .map(|participant| participant.name.clone());
    let relying: alloc::vec::Vec<_> = relying.collect();
    let shown = |list: alloc::vec::Vec<&Verifier>| -> Arg {
        let each = list.into_iter().map(|verifier| {
            code(alloc::format!(
                "{} (authority {}, key {})",
                verifier.name,
                Sha256::of(&verifier.ca),
                verifier.ear_key.digest()
            ))
        });
        all(each, "nobody")
    };
    let added = without(new, old);
    if !added.is_empty() {
        let sentence = say(
            "The word of {} is believed now.",
            &[shown(added)],
            &["verifiers"],
        );
        changes.some(Severity::Weakens, sentence, &relying);
    }
    let removed = without(old, new);
    if !removed.is_empty() {
        let sentence = say(
            "The word of {} is believed no more.",
            &[shown(removed)],
            &["verifiers"],
        );
        changes.some(Severity::Strengthens, sentence, &relying);
    }
}
