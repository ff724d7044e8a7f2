//! Whose fault an error is.

use core::fmt;

/// Whose fault an error is, seen by the one to whom it is shown: who has to act first.
///
/// It is the likeliest one. Where the far end cannot be trusted, nobody can know for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Whoever sees it: the request, a file, the setup of this machine.
    You,
    /// Those who wrote the policy and agreed on it.
    PolicyAuthor,
    /// Another participant, or whoever gave you the file in question.
    OtherParticipant,
    /// The program, so whoever provides it.
    Program,
    /// The host, its machine, or whoever stands in its place.
    Host,
    /// The isolate, or the platform that it runs on.
    Isolate,
    /// The attestation service.
    Verifier,
    /// The line in between.
    Network,
    /// Veracruz itself: please report it.
    Veracruz,
    /// Nobody: it is so, and often passes.
    Nobody,
}

impl Fault {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::You,
        Self::PolicyAuthor,
        Self::OtherParticipant,
        Self::Program,
        Self::Host,
        Self::Isolate,
        Self::Verifier,
        Self::Network,
        Self::Veracruz,
        Self::Nobody,
    ];

    /// One word for programs, as it stands in `veracruz explain --json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::PolicyAuthor => "policy-author",
            Self::OtherParticipant => "other-participant",
            Self::Program => "program",
            Self::Host => "host",
            Self::Isolate => "isolate",
            Self::Verifier => "verifier",
            Self::Network => "network",
            Self::Veracruz => "veracruz",
            Self::Nobody => "nobody",
        }
    }
}

impl fmt::Display for Fault {
    /// In words for people, to stand after "whose fault: ".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::You => "yours (your request, a file of yours, or the setup of this machine)",
            Self::PolicyAuthor => "of those who wrote the policy",
            Self::OtherParticipant => "another participant's, or of whoever gave you the file",
            Self::Program => "the program's, so of whoever provides it",
            Self::Host => "the host's, or of whoever stands in its place",
            Self::Isolate => "the isolate's, or of the platform that it runs on",
            Self::Verifier => "the verifier's, or of whoever operates it",
            Self::Network => "the network's",
            Self::Veracruz => "that of Veracruz itself: please report it",
            Self::Nobody => "nobody's",
        })
    }
}
