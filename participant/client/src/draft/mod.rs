//! A first draft of a policy: from a template, parties and files, without anything invented.
//!
//! A draft is text that people then read, change and agree on. Digests in it are computed by
//! whoever calls; what is not known is not there.

mod document;
mod isolates;
mod templates;

use serde_json::Value;
use veracruz_policy::{ParticipantName, Timestamp};

pub use isolates::{IsolatesError, merge_isolates};
pub use templates::{Given, Input, Output, TEMPLATES, Template, To};

/// Everything that goes into a draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What kind of computation.
    pub template: &'static Template,
    /// What the parties call it.
    pub name: String,
    /// Those who provide data.
    pub data: Vec<Party>,
    /// Who provides the program; it may be one of the others.
    pub author: Party,
    /// Others who receive something. Where the template wants a model or a query, the first of
    /// them gives it.
    pub receivers: Vec<Party>,
    /// The program, where it is to be fixed.
    pub program: Option<Program>,
    /// The policy's `isolates`, as [`merge_isolates`] gives them.
    pub isolates: Value,
    /// When the policy ends.
    pub expires: Option<Timestamp>,
}

/// A participant, and its certificate as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What the policy calls it.
    pub name: ParticipantName,
    /// One PEM block.
    pub certificate: String,
}

/// A program that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What its file is called.
    pub file_name: String,
    /// SHA-256 of its content, in lower-case hexadecimal.
    pub sha256: String,
}
