//! The policy in plain sentences: for the people who decide whether they agree.
//!
//! [`Policy::explain`] says what every field of a policy means, from each participant's point of
//! view and as a whole, and what is *not* protected. It is for participants' clients: an isolate
//! does not carry it (feature `explain`).

mod agreement;
mod flow;
mod gaps;
mod html;
mod isolates;
mod limits;
mod overview;
mod participant;
mod quorum;
mod render;
mod sentence;
mod stages;
mod subject;
mod summary;

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString},
    vec::Vec,
};

pub use sentence::{Piece, Sentence};

pub(crate) use flow::{Flow, Learns};
pub(crate) use limits::{LIMITS, Limit};
pub(crate) use sentence::{Arg, all, any, code, plain, say};
pub(crate) use subject::Subject;

pub(crate) use crate::words::{bytes, duration, grouped};
use crate::{Participant, ParticipantName, Policy, PolicyHash, Timestamp, words};

/// A policy in words.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the parties call the computation.
    pub title: String,
    /// The hash of the policy that is explained.
    pub hash: PolicyHash,
    /// To whom; to everybody where it is nobody.
    pub reader: Option<ParticipantName>,
    /// When this was written, for the files of those who decide.
    pub date: Option<Timestamp>,
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
        sections.push(summary::section(&subject));
        sections.extend(readers.map(|reader| participant::section(&subject, reader)));
        sections.extend(stages::sections(&subject));
        sections.extend(isolates::sections(&subject));
        sections.extend(quorum::section(&subject));
        sections.extend(agreement::sections(&subject));
        sections.push(gaps::section(&subject));
        Explanation {
            title: self.name().into(),
            hash: self.hash(),
            reader: reader.map(|reader| reader.name.clone()),
            date: None,
            sections,
        }
    }
}

impl Explanation {
    /// Says when it was written: Markdown and HTML have the date at their top.
    #[must_use]
    pub fn dated(mut self, date: Timestamp) -> Self {
        self.date = Some(date);
        self
    }

    /// What identifies this document: what it is about, for whom, when and by what it was written.
    pub(crate) fn record(&self) -> Vec<(&'static str, String)> {
        let everybody = "all participants".to_owned();
        let reader = self.reader.as_ref().map_or(everybody, ToString::to_string);
        let mut record = alloc::vec![
            ("Policy", self.title.clone()),
            ("Hash", self.hash.to_string()),
            ("Written for", reader),
        ];
        record.extend(self.date.map(|date| ("Date", date.to_string())));
        record.push((
            "Written by",
            concat!("veracruz ", env!("CARGO_PKG_VERSION")).into(),
        ));
        record
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
