//! Why a program gave up.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::origin::Origin;

/// Why a program gave up, in words that any receiver of its messages may read: no value of a file
/// stands in them, and a reason should be written with that in mind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A party's file is not what it should be. That party is at fault.
    Input {
        /// The file, and whose it is.
        origin: Origin,
        /// Where in it.
        place: Place,
        /// What was expected there.
        reason: Cow<'static, str>,
    },
    /// The program was called in a way that it does not understand. The policy is at fault.
    Usage {
        /// What was expected.
        reason: Cow<'static, str>,
    },
    /// The program has no answer that it may give: too few rows, say, to hide one in.
    Withheld {
        /// Why not.
        reason: Cow<'static, str>,
    },
    /// An output could not be written: no right to, or no room. The policy is at fault.
    Output {
        /// The file.
        path: String,
        /// What the system said.
        reason: Cow<'static, str>,
    },
}

/// Where in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line, counted from 1.
    Line(u64),
    /// A byte, counted from 0.
    Byte(u64),
}

impl Failure {
    /// A failure of a program's call.
    pub fn usage(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Usage {
            reason: reason.into(),
        }
    }

    /// A refusal to answer.
    pub fn withheld(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Withheld {
            reason: reason.into(),
        }
    }

    /// The code that the program ends with: 1 for an input, 2 for its call, 3 for an output, 4 where
    /// the answer is withheld. It does not say whose input, since several parties may learn it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input { .. } => 1,
            Self::Usage { .. } => 2,
            Self::Output { .. } => 3,
            Self::Withheld { .. } => 4,
        }
    }

    /// Whose file is malformed, if it is that.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Input { origin, .. } => Some(origin.owner()),
            _ => None,
        }
    }
}

impl Origin {
    /// A failure of this file as a whole.
    pub fn failure(&self, reason: impl Into<Cow<'static, str>>) -> Failure {
        self.failure_at(Place::File, reason)
    }

    /// A failure of a line of this file, counted from 1.
    pub fn failure_in_line(&self, line: u64, reason: impl Into<Cow<'static, str>>) -> Failure {
        self.failure_at(Place::Line(line), reason)
    }

    /// A failure at some place of this file.
    pub fn failure_at(&self, place: Place, reason: impl Into<Cow<'static, str>>) -> Failure {
        Failure::Input {
            origin: self.clone(),
            place,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input {
                origin,
                place,
                reason,
            } => write!(formatter, "{origin}{place}: {reason}"),
            Self::Usage { reason } => formatter.write_str(reason),
            Self::Withheld { reason } => write!(formatter, "no answer, because {reason}"),
            Self::Output { path, reason } => write!(formatter, "{path}: {reason}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(line) => write!(formatter, ", line {line}"),
            Self::Byte(byte) => write!(formatter, ", byte {byte}"),
        }
    }
}

impl core::error::Error for Failure {}
