//! What the change from one policy to another means, and for whom.
//!
//! Two documents are compared by what they mean: rights, who can learn what, what is accepted as an
//! isolate. What is left, a place that is written differently, is named at the end, so that two
//! documents with different hashes never compare as equal.

mod agreement;
mod documents;
mod files;
mod isolates;
mod parties;
mod quorum;
mod stages;

use alloc::{collections::BTreeSet, vec::Vec};
use core::fmt;

use crate::{ParticipantName, Policy, explain::Sentence, explain::Subject};

/// One thing that is different, and what it means.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// How much it matters.
    pub severity: Severity,
    /// What it is. Its pointers lead into the new document, or into the old one where something
    /// was taken away.
    pub sentence: Sentence,
    /// The participants whom it concerns, by name, in order.
    pub affects: Vec<ParticipantName>,
}

/// How much a change matters, the gravest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// It weakens protection.
    Weakens,
    /// It changes who gives, receives or can learn what.
    Learns,
    /// It changes what runs, on what.
    Runs,
    /// It changes who decides.
    Agrees,
    /// It changes limits.
    Limits,
    /// It strengthens protection.
    Strengthens,
    /// It changes words, and nothing depends on them.
    Words,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: &[Self] = &[
        Self::Weakens,
        Self::Learns,
        Self::Runs,
        Self::Agrees,
        Self::Limits,
        Self::Strengthens,
        Self::Words,
    ];

    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weakens => "weakens-protection",
            Self::Learns => "who-learns-what",
            Self::Runs => "what-runs",
            Self::Agrees => "who-decides",
            Self::Limits => "limits",
            Self::Strengthens => "strengthens-protection",
            Self::Words => "words",
        }
    }

    /// A heading for people.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Weakens => "Weakens protection",
            Self::Learns => "Changes who learns what",
            Self::Runs => "Changes what runs",
            Self::Agrees => "Changes who decides",
            Self::Limits => "Changes limits",
            Self::Strengthens => "Strengthens protection",
            Self::Words => "Changes words",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Policy {
    /// What changes from `self` to `new`, the gravest first; empty exactly where their hashes are
    /// equal.
    #[must_use]
    pub fn diff(&self, new: &Self) -> Vec<Change> {
        if self.hash() == new.hash() {
            return Vec::new();
        }
        let mut changes = Changes {
            old: Subject::new(self),
            new: Subject::new(new),
            list: Vec::new(),
        };
        isolates::compare(&mut changes);
        quorum::compare(&mut changes);
        parties::compare(&mut changes);
        files::compare(&mut changes);
        stages::compare(&mut changes);
        agreement::compare(&mut changes);
        documents::compare(&mut changes);
        let mut list = changes.list;
        // Stable: changes of one severity stay in the order of the comparison.
        list.sort_by_key(|change| change.severity);
        list
    }
}

/// Two policies, and what was found different so far.
struct Changes<'a> {
    old: Subject<'a>,
    new: Subject<'a>,
    list: Vec<Change>,
}

impl<'a> Changes<'a> {
    /// A change that concerns everybody.
    fn all(&mut self, severity: Severity, sentence: Sentence) {
        let old = self.old.policy.participants().iter();
        let everybody: BTreeSet<_> = old
            .chain(self.new.policy.participants())
            .map(|participant| participant.name.clone())
            .collect();
        self.list.push(Change {
            severity,
            sentence,
            affects: everybody.into_iter().collect(),
        });
    }

    /// A change that concerns some.
    fn some<'n>(
        &mut self,
        severity: Severity,
        sentence: Sentence,
        affects: impl IntoIterator<Item = &'n ParticipantName>,
    ) {
        let affects: BTreeSet<_> = affects.into_iter().cloned().collect();
        self.list.push(Change {
            severity,
            sentence,
            affects: affects.into_iter().collect(),
        });
    }

    fn policies(&self) -> (&'a Policy, &'a Policy) {
        (self.old.policy, self.new.policy)
    }
}

/// What is in `these` and not in `those`.
fn without<'a, T: PartialEq>(these: &'a [T], those: &[T]) -> Vec<&'a T> {
    these.iter().filter(|one| !those.contains(one)).collect()
}
