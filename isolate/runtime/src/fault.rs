//! What stops an isolate, as little of it as the host may know.

use thiserror::Error;
use veracruz_protocol::control::refusal;

/// Why the runtime stopped or never started. The host sees the class and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The channels that the platform promises are not there. The launcher is at fault.
    #[error("the platform's channels are missing")]
    Platform,
    /// The kernel gave no randomness, so no key can be made.
    #[error("no randomness")]
    Randomness,
    /// The process that starts workers could not be made.
    #[error("no worker spawner")]
    Spawner,
    /// The kernel refused to take rights away from this process.
    #[error("this process could not be confined")]
    Confinement,
    /// The host's control channel spoke nonsense or ended before a policy came.
    #[error("the control channel broke the protocol")]
    Control,
    /// The policy that the host installed is not a valid one.
    #[error("the policy is refused")]
    Policy,
    /// A second policy was installed. Fatal, since a computation has one.
    #[error("a second policy was installed")]
    SecondPolicy,
    /// The platform gave no evidence at start, so nobody could ever attest this isolate.
    #[error("no evidence")]
    Evidence,
    /// Something of our own failed.
    #[error("internal")]
    Internal,
}

impl Fault {
    /// The class that the host is told over the control channel.
    #[must_use]
    pub(crate) const fn refusal(self) -> u16 {
        match self {
            Self::Policy => refusal::POLICY,
            Self::SecondPolicy => refusal::SECOND_POLICY,
            Self::Control => refusal::MESSAGE,
            Self::Evidence => refusal::EVIDENCE,
            Self::Randomness => refusal::RANDOMNESS,
            Self::Platform | Self::Spawner | Self::Confinement | Self::Internal => {
                refusal::INTERNAL
            }
        }
    }

    /// The exit status.
    #[must_use]
    pub const fn class(self) -> u8 {
        match self {
            Self::Platform => 10,
            Self::Randomness => 11,
            Self::Spawner => 12,
            Self::Confinement => 13,
            Self::Control => 14,
            Self::Policy => 15,
            Self::SecondPolicy => 16,
            Self::Evidence => 17,
            Self::Internal => 18,
        }
    }
}
