//! Who takes part.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::fmt;

use crate::{KeyDigest, Timestamp};

/// Most characters of a participant's name.
pub const MAX_NAME_LENGTH: usize = 63;

/// What the policy calls a participant: `[a-z0-9][a-z0-9._-]{0,62}`.
///
/// A label for people and files; it proves nothing. What a participant *is* is its key.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ParticipantName(String);

impl ParticipantName {
    /// Reads a name that came from outside.
    ///
    /// # Errors
    ///
    /// The text is not of that form.
    pub fn parse(text: &str) -> Result<Self, ParticipantNameError> {
        let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = text.len() <= MAX_NAME_LENGTH
            && text.starts_with(simple)
            && text
                .chars()
                .all(|c| simple(c) || matches!(c, '.' | '_' | '-'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParticipantNameError)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ParticipantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for ParticipantName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A text is not a [`ParticipantName`]. Whoever wrote the text is at fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected 1 to 63 characters a-z, 0-9, '.', '_', '-', the first of them a letter or digit")]
pub struct ParticipantNameError;

/// One of the parties, as named in the policy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Participant {
    /// What the policy calls it.
    pub name: ParticipantName,
    /// Its X.509 v3 certificate, DER.
    pub certificate: Vec<u8>,
    /// The SubjectPublicKeyInfo of that certificate, DER: an ECDSA key on P-256.
    pub spki: Vec<u8>,
    /// SHA-256 of `spki`: what the participant is. No other participant has it.
    pub key: KeyDigest,
    /// Start of the certificate's validity. Not checked by the parser: it has no clock.
    pub not_before: Timestamp,
    /// End of the certificate's validity.
    pub not_after: Timestamp,
    /// What its client relies on. Default: evidence on its own connection.
    pub trust: Trust,
}

/// What a participant's client relies on when it decides what is at the far end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// Evidence that it appraises itself, fresh for and bound to its own connection.
    #[default]
    Connection,
    /// A certificate that a [`Verifier`](crate::Verifier) of the policy issued: a standard client
    /// knows nothing of evidence. How fresh the appraisal is, the verifier decides.
    Verifier,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_short_plain_word() {
        for name in ["a", "0", "acme", "a.b_c-d", &"a".repeat(63)] {
            assert!(ParticipantName::parse(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "-a",
            ".a",
            "Acme",
            "a b",
            "a/b",
            "acmé",
            "а",
            &"a".repeat(64),
        ] {
            assert!(ParticipantName::parse(name).is_err(), "{name}");
        }
    }
}
