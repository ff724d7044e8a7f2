//! What is wrong with a policy, where, and what to do about it.

mod cause;
mod position;
mod warning;
mod words;

use alloc::{string::String, vec::Vec};
use core::fmt;

pub use cause::{Cause, Unit};
pub use position::Position;
pub use warning::{Warning, WarningCause};

use crate::text::shorten;

/// Most errors that are collected before the parser gives up.
pub const MAX_ERRORS: usize = 32;

/// Most characters of a JSON pointer that a message shows; [`PolicyError::pointer`] has all of it.
const SHOWN_POINTER: usize = 120;

/// One thing that is wrong with a policy. Whoever wrote the policy is at fault.
///
/// Shows itself in one line; everything in that line can be had by itself too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyError {
    pub(crate) position: Position,
    pub(crate) pointer: String,
    pub(crate) cause: Cause,
}

impl PolicyError {
    /// Where in the document.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The line, from 1. A line ends with a line feed.
    #[must_use]
    pub fn line(&self) -> usize {
        self.position.line
    }

    /// The column in that line, from 1, in characters (Unicode scalar values).
    #[must_use]
    pub fn column(&self) -> usize {
        self.position.column
    }

    /// The place as a JSON pointer (RFC 6901), as `/files/~1input~1a.csv/provider`; empty for the
    /// whole document. Names in it are as in the document: they may have any character.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The cause, for code that tells errors apart.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The stable code, as `VC-0121`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code().as_str()
    }

    /// What should have been there, in words, where that can be said.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        self.cause.expected()
    }

    /// What was there instead, shortened, where that can be said.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        self.cause.found()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        self.cause.hint()
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.position, &self.pointer, self.code(), &self.cause)
    }
}

impl core::error::Error for PolicyError {}

/// Everything that was found wrong with a policy, in the order of the document; never empty.
///
/// Wrong syntax is one error, the first. Of other errors all are collected, at most
/// [`MAX_ERRORS`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// None where nothing is wrong.
    pub(crate) fn from_list(mut errors: Vec<PolicyError>) -> Option<Self> {
        // Stable: errors at one place stay in the order of the checks.
        errors.sort_by_key(|error| error.position.offset);
        errors.truncate(MAX_ERRORS);
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// The errors.
    pub fn iter(&self) -> core::slice::Iter<'_, PolicyError> {
        self.0.iter()
    }

    /// The errors as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[PolicyError] {
        &self.0
    }
}

impl From<PolicyError> for PolicyErrors {
    fn from(error: PolicyError) -> Self {
        Self(alloc::vec![error])
    }
}

impl<'a> IntoIterator for &'a PolicyErrors {
    type Item = &'a PolicyError;
    type IntoIter = core::slice::Iter<'a, PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for PolicyErrors {
    type Item = PolicyError;
    type IntoIter = alloc::vec::IntoIter<PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for PolicyErrors {
    /// The first error in one line, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return f.write_str("no error");
        };
        match self.0.len() {
            0 | 1 => write!(f, "{first}"),
            2 => write!(f, "{first} (and 1 more error)"),
            count => write!(f, "{first} (and {} more errors)", count - 1),
        }
    }
}

impl core::error::Error for PolicyErrors {}

/// The one line of an error or a warning.
fn show(
    f: &mut fmt::Formatter<'_>,
    position: Position,
    pointer: &str,
    code: &str,
    cause: &dyn fmt::Display,
) -> fmt::Result {
    write!(f, "{code} at {position}")?;
    if !pointer.is_empty() {
        write!(f, " ({})", shorten(pointer, SHOWN_POINTER))?;
    }
    write!(f, ": {cause}")
}
