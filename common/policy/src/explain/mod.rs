//! The policy in plain sentences: for the people who decide whether they agree.
//!
//! [`Policy::explain`] says what every field of a policy means, from each participant's point of
//! view and as a whole, and what is *not* protected. It is for participants' clients: an isolate
//! does not carry it (feature `explain`).

mod agreement;
mod flow;
mod gaps;
mod isolates;
mod limits;
mod overview;
mod participant;
mod render;
mod sentence;
mod stages;
mod subject;
mod words;

use alloc::{string::String, vec::Vec};

pub use sentence::{Piece, Sentence};

pub(crate) use flow::{Flow, Learns};
pub(crate) use limits::{LIMITS, Limit};
pub(crate) use sentence::{Arg, all, any, code, plain, say};
pub(crate) use subject::Subject;
pub(crate) use words::{bytes, duration, grouped};

use crate::{Participant, Policy};

/// A policy in words.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the parties call the computation.
    pub title: String,
    /// The sections, in the order in which to read them.
    pub sections: Vec<Section>,
}

/// What belongs together.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What there is to say.
    pub sentences: Vec<Sentence>,
}

impl Policy {
    /// Explains the policy to one participant, or to all of them.
    ///
    /// Every field of the document is the subject of at least one sentence, defaults included.
    #[must_use]
    pub fn explain(&self, reader: Option<&Participant>) -> Explanation {
        let subject = Subject::new(self);
        let readers = self
            .participants()
            .iter()
            .filter(|participant| reader.is_none_or(|reader| reader.name == participant.name));
        let mut sections = alloc::vec![overview::section(&subject)];
        sections.extend(readers.map(|reader| participant::section(&subject, reader)));
        sections.extend(stages::sections(&subject));
        sections.extend(isolates::sections(&subject));
        sections.extend(agreement::sections(&subject));
        sections.push(gaps::section(&subject));
        Explanation {
            title: self.name().into(),
            sections,
        }
    }
}

impl Section {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            sentences: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, sentence: Sentence) {
        self.sentences.push(sentence);
    }
}
