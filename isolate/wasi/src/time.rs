//! Time as a program sees it: fixed, but for what the program itself does.

use crate::Errno;

/// Resolution of both clocks, in nanoseconds.
pub(crate) const RESOLUTION_NS: u64 = 1000;

/// Which clock a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockId {
    Realtime,
    Monotonic,
    /// Time of the processor, which would tell one run from another.
    Cpu,
}

impl ClockId {
    pub(crate) fn parse(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 | 3 => Ok(Self::Cpu),
            _ => Err(Errno::Inval),
        }
    }
}

/// Both clocks.
///
/// The real time stands still while a program computes and moves on when it sleeps, or a program
/// that waits for a point in time would wait for ever. The monotonic clock moves on in the same
/// way, and by its resolution at each look: a loop that spins until time has passed ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    realtime: u64,
    monotonic: u64,
}

impl Time {
    pub(crate) fn new(realtime: u64) -> Self {
        Self {
            realtime,
            monotonic: 0,
        }
    }

    /// Looks at a clock.
    pub(crate) fn look(&mut self, clock: ClockId) -> Result<u64, Errno> {
        match clock {
            ClockId::Realtime => Ok(self.realtime),
            ClockId::Monotonic => {
                self.monotonic = self.monotonic.saturating_add(RESOLUTION_NS);
                Ok(self.monotonic)
            }
            ClockId::Cpu => Err(Errno::Badf),
        }
    }

    /// What the clock shows, without the look itself counting.
    pub(crate) fn peek(&self, clock: ClockId) -> Result<u64, Errno> {
        match clock {
            ClockId::Realtime => Ok(self.realtime),
            ClockId::Monotonic => Ok(self.monotonic),
            ClockId::Cpu => Err(Errno::Notsup),
        }
    }

    pub(crate) fn realtime(&self) -> u64 {
        self.realtime
    }

    pub(crate) fn sleep(&mut self, nanoseconds: u64) {
        self.realtime = self.realtime.saturating_add(nanoseconds);
        self.monotonic = self.monotonic.saturating_add(nanoseconds);
    }
}
