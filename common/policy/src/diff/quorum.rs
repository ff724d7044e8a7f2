//! A quorum: which isolates must agree.

use super::{Changes, Severity, without};
use crate::explain::{all, code, say};

pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = changes.policies();
    let (before, after) = (old.quorum(), new.quorum());
    let at = &["quorum"];
    if before.is_empty() && !after.is_empty() {
        let kinds = all(after.iter().map(code), "nothing");
        let sentence = say(
            "Outputs are given out only if isolates of the kinds {} agree now.",
            core::slice::from_ref(&kinds),
            at,
        );
        changes.all(Severity::Strengthens, sentence);
        let sentence = say(
            "Isolates of the kinds {} all have all data now: it is as confidential as the weakest.",
            &[kinds],
            at,
        );
        changes.all(Severity::Weakens, sentence);
        return;
    }
    if after.is_empty() && !before.is_empty() {
        let sentence = say(
            "One isolate decides what the outputs are: no others have to agree any more.",
            &[],
            at,
        );
        changes.all(Severity::Weakens, sentence);
        return;
    }
    for kind in without(after, before) {
        let sentence = say(
            "An isolate of the kind {} has all data too, and must agree with the others now.",
            &[code(kind)],
            at,
        );
        changes.all(Severity::Weakens, sentence);
    }
    for kind in without(before, after) {
        let sentence = say(
            "No isolate of the kind {} must agree with the others any more.",
            &[code(kind)],
            at,
        );
        changes.all(Severity::Weakens, sentence);
    }
}
