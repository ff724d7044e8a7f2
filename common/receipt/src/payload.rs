//! What a receipt says.

use alloc::collections::BTreeMap;
use core::fmt;

use veracruz_policy::{FilePath, InstanceId, Measurement, ParticipantName, PolicyHash, Sha256};

use crate::{Commitment, QuorumClaim};

/// The content of a receipt, version 1. The isolate says all this; what of it is believed depends
/// on the evidence beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptPayload {
    /// The policy under which the run took place.
    pub policy: PolicyHash,
    /// The isolate: SHA-256 of the SPKI of the key that signs this receipt.
    pub instance: InstanceId,
    /// Which run of this instance, from 1.
    pub run: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The measurement of the isolate, as its platform states it. Evidence must say the same.
    pub measurement: Measurement,
    /// The approvals that held when the run started: SHA-256 of each JWS as it was sent.
    pub approvals: BTreeMap<ParticipantName, Sha256>,
    /// The programs of the pipeline: SHA-256 of what was executed.
    pub programs: BTreeMap<FilePath, Sha256>,
    /// Provided files that are not programs; salts are the providers'.
    pub inputs: BTreeMap<FilePath, Commitment>,
    /// What was released. Empty unless the run finished. Salts go to the receivers alone.
    pub outputs: BTreeMap<FilePath, Commitment>,
    /// [`Commitment::to_randomness`] of the run.
    pub randomness: Commitment,
    /// What the run used, roughly.
    pub resources: Resources,
    /// With which other isolates it was made, where the policy demands a quorum.
    pub quorum: Option<QuorumClaim>,
}

/// How a run ended. No more than this: why a run failed is for those whom the policy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Every stage ended well, and the outputs were released.
    Finished,
    /// A stage failed, or exceeded its limits.
    Failed,
    /// The stages ended well, and nothing was released.
    Withheld,
}

impl Outcome {
    /// The number on the wire.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::Finished => 0,
            Self::Failed => 1,
            Self::Withheld => 2,
        }
    }

    pub(crate) const fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Finished),
            1 => Some(Self::Failed),
            2 => Some(Self::Withheld),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Withheld => "withheld",
        })
    }
}

/// What a run used, rounded so that it tells little about the inputs.
///
/// Each figure is the next power of two that is not smaller, and at least a floor: 1,024 ms for
/// times, 1 MiB for memory. So runs shorter than a second all look alike, and beyond that a figure
/// tells less than six bits (times up to 2^63 ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resources {
    wall_ms: u64,
    cpu_ms: u64,
    memory_bytes: u64,
}

/// Smallest time that is told, in milliseconds.
const TIME_FLOOR_MS: u64 = 1 << 10;
/// Smallest memory that is told, in bytes.
const MEMORY_FLOOR_BYTES: u64 = 1 << 20;

impl Resources {
    /// Rounds exact figures: milliseconds of wall time and of processor time, all stages together,
    /// and the largest memory in bytes.
    #[must_use]
    pub const fn rounded(wall_ms: u64, cpu_ms: u64, memory_bytes: u64) -> Self {
        Self {
            wall_ms: round(wall_ms, TIME_FLOOR_MS),
            cpu_ms: round(cpu_ms, TIME_FLOOR_MS),
            memory_bytes: round(memory_bytes, MEMORY_FLOOR_BYTES),
        }
    }

    /// Takes figures that were rounded before; others are refused, as they would tell too much.
    pub(crate) fn from_rounded(wall_ms: u64, cpu_ms: u64, memory_bytes: u64) -> Option<Self> {
        let rounded = Self::rounded(wall_ms, cpu_ms, memory_bytes);
        (rounded
            == Self {
                wall_ms,
                cpu_ms,
                memory_bytes,
            })
        .then_some(rounded)
    }

    /// Wall time of all stages in milliseconds, rounded up.
    #[must_use]
    pub const fn wall_ms(&self) -> u64 {
        self.wall_ms
    }

    /// Processor time of all stages in milliseconds, rounded up.
    #[must_use]
    pub const fn cpu_ms(&self) -> u64 {
        self.cpu_ms
    }

    /// The largest memory of a stage in bytes, rounded up.
    #[must_use]
    pub const fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

const fn round(exact: u64, floor: u64) -> u64 {
    const LARGEST: u64 = 1 << 63;
    if exact <= floor {
        floor
    } else if exact > LARGEST {
        LARGEST
    } else {
        exact.next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_to_powers_of_two_and_not_below_the_floors() {
        let r = Resources::rounded(0, 1024, 1 << 20);
        assert_eq!(
            (r.wall_ms(), r.cpu_ms(), r.memory_bytes()),
            (1024, 1024, 1 << 20)
        );
        let r = Resources::rounded(1025, 4097, (1 << 20) + 1);
        assert_eq!(
            (r.wall_ms(), r.cpu_ms(), r.memory_bytes()),
            (2048, 8192, 2 << 20)
        );
        let r = Resources::rounded(u64::MAX, 1 << 63, (1 << 63) + 1);
        assert_eq!(
            (r.wall_ms(), r.cpu_ms(), r.memory_bytes()),
            (1 << 63, 1 << 63, 1 << 63)
        );
    }

    #[test]
    fn takes_no_figures_that_were_not_rounded() {
        assert!(Resources::from_rounded(1024, 2048, 1 << 30).is_some());
        assert!(Resources::from_rounded(512, 2048, 1 << 30).is_none());
        assert!(Resources::from_rounded(1024, 2047, 1 << 30).is_none());
        assert!(Resources::from_rounded(1024, 2048, u64::MAX).is_none());
    }
}
