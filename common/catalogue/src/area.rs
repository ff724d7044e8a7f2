//! What the hundreds of a code stand for.

use crate::ErrorCode;

/// The part of the system that a code belongs to: its hundreds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Area {
    /// 01: the policy.
    Policy,
    /// 02: session and attestation.
    Attestation,
    /// 03: approvals.
    Approvals,
    /// 04: files.
    Files,
    /// 05: programs and runs.
    Runs,
    /// 06: receipts.
    Receipts,
    /// 07: the host.
    Host,
    /// 08: client and command line.
    Client,
    /// 09: requests, and faults of Veracruz.
    Requests,
}

impl Area {
    /// All of them, in the order of their codes.
    pub const ALL: &'static [Self] = &[
        Self::Policy,
        Self::Attestation,
        Self::Approvals,
        Self::Files,
        Self::Runs,
        Self::Receipts,
        Self::Host,
        Self::Client,
        Self::Requests,
    ];

    /// What the codes of this area begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Policy => "VC-01",
            Self::Attestation => "VC-02",
            Self::Approvals => "VC-03",
            Self::Files => "VC-04",
            Self::Runs => "VC-05",
            Self::Receipts => "VC-06",
            Self::Host => "VC-07",
            Self::Client => "VC-08",
            Self::Requests => "VC-09",
        }
    }

    /// The area as a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Policy => "The policy",
            Self::Attestation => "Session and attestation",
            Self::Approvals => "Approvals",
            Self::Files => "Files",
            Self::Runs => "Programs and runs",
            Self::Receipts => "Receipts",
            Self::Host => "The host",
            Self::Client => "Client and command line",
            Self::Requests => "Requests, and faults of Veracruz",
        }
    }

    /// The codes of this area, in order.
    pub fn codes(self) -> impl Iterator<Item = ErrorCode> + Clone {
        let mine = move |code: &ErrorCode| code.as_str().starts_with(self.prefix());
        ErrorCode::ALL.iter().copied().filter(mine)
    }
}
