//! A quorum: what it proves, and what it costs.

use super::{Section, Subject, all, code, plain, say, words::plural};
use crate::IsolateKind;

/// What everybody should know about it; nothing where there is none.
pub(super) fn section(subject: &Subject<'_>) -> Option<Section> {
    let kinds = subject.policy.quorum();
    if kinds.is_empty() {
        return None;
    }
    let count = u64::try_from(kinds.len()).unwrap_or(u64::MAX);
    let mut section = Section::new("Who must find the same");
    let at = &["quorum"];
    section.add(say(
        "{} carry out every run, one of each of the kinds {}, and outputs are given out only if all \
         of them agree, bit for bit.",
        &[plain(plural(count, "isolate")), all(names(kinds), "nothing")],
        at,
    ));
    section.add(
        say(
            "Each of them has all data: what is confidential is so only as long as none of them is \
             broken. A quorum protects results, and weakens secrecy.",
            &[],
            at,
        )
        .caution(),
    );
    section.add(say(
        "Everyone who must approve appraises every one of them, and signs the set of their keys and \
         kinds; no run starts unless all have signed the same set, and a run keeps to its set.",
        &[],
        at,
    ));
    section.add(say(
        "They compare outputs by tags under a key that is made of every provider's secret share, so \
         that nobody who carries the tags can try out guesses.",
        &[],
        at,
    ));
    section.add(say(
        "Where they do not agree nothing is given out, ever, and everybody learns that they did not \
         agree, and nobody which output differed. Where one of them falls silent nothing is given \
         out until it speaks.",
        &[],
        at,
    ));
    Some(section)
}

/// What it means for each participant.
pub(super) fn for_reader(subject: &Subject<'_>, approves: bool, section: &mut Section) {
    let kinds = subject.policy.quorum();
    if kinds.is_empty() {
        return;
    }
    let template = if approves {
        "Your client appraises isolates of the kinds {}, and signs that it is these; what you give \
         goes to every one of them."
    } else {
        "Your client appraises isolates of the kinds {} before it asks them for anything."
    };
    section.add(say(template, &[all(names(kinds), "nothing")], &["quorum"]));
}

fn names(kinds: &[IsolateKind]) -> impl Iterator<Item = super::Arg> + '_ {
    kinds.iter().map(code)
}
