//! Time and waiting: `wasi:clocks`, `wasi:io/poll`.

use alloc::vec::Vec;

use super::{Interfaces, Misuse};
use crate::time::{ClockId, RESOLUTION_NS};

/// Something to wait for.
pub(super) enum Pollable {
    /// Streams always are.
    Ready,
    /// Until the monotonic clock shows this.
    At(u64),
}

impl Interfaces {
    /// Wall time, in nanoseconds since 1970.
    #[must_use]
    pub fn wall_time(&self) -> u64 {
        self.wasi.time.realtime()
    }

    /// The monotonic clock, in nanoseconds since the start. Each look moves it on by its
    /// resolution, so that a program that spins until time has passed comes to an end.
    pub fn monotonic_time(&mut self) -> u64 {
        // This clock is always there.
        self.wasi.time.look(ClockId::Monotonic).unwrap_or_default()
    }

    /// What both clocks count in, in nanoseconds.
    #[must_use]
    pub fn resolution(&self) -> u64 {
        RESOLUTION_NS
    }

    /// To wait until the monotonic clock shows `instant`.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn subscribe_instant(&mut self, instant: u64) -> Result<u32, Misuse> {
        self.pollable(Pollable::At(instant))
    }

    /// To wait for a time from now.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn subscribe_duration(&mut self, nanoseconds: u64) -> Result<u32, Misuse> {
        self.pollable(Pollable::At(self.peek().saturating_add(nanoseconds)))
    }

    /// To wait for a stream: that is never long.
    ///
    /// # Errors
    /// [`Misuse::Exhausted`].
    pub fn subscribe_stream(&mut self) -> Result<u32, Misuse> {
        self.pollable(Pollable::Ready)
    }

    /// Whether waiting is over.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn is_ready(&mut self, pollable: u32) -> Result<bool, Misuse> {
        let now = self.monotonic_time();
        Ok(match self.pollables.get(pollable)? {
            Pollable::Ready => true,
            Pollable::At(instant) => *instant <= now,
        })
    }

    /// Waits: both clocks move on to the earliest of these, where none is due already. Says which
    /// are due then, by their places in the list.
    ///
    /// # Errors
    /// [`Misuse::NothingToWaitFor`] for no pollables; [`Misuse::Unknown`].
    pub fn wait(&mut self, pollables: &[u32]) -> Result<Vec<u32>, Misuse> {
        let now = self.peek();
        let mut delays = Vec::new();
        for (place, pollable) in (0u32..).zip(pollables) {
            let delay = match self.pollables.get(*pollable)? {
                Pollable::Ready => 0,
                Pollable::At(instant) => instant.saturating_sub(now),
            };
            delays.push((place, delay));
        }
        let earliest = delays.iter().map(|(_, delay)| *delay).min();
        let earliest = earliest.ok_or(Misuse::NothingToWaitFor)?;
        self.wasi.sleep(earliest);
        let due = delays.iter().filter(|(_, delay)| *delay <= earliest);
        Ok(due.map(|(place, _)| *place).collect())
    }

    /// Forgets it.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn drop_pollable(&mut self, pollable: u32) -> Result<(), Misuse> {
        self.pollables.remove(pollable).map(drop)
    }

    fn pollable(&mut self, pollable: Pollable) -> Result<u32, Misuse> {
        let inserted = self.pollables.insert(pollable);
        inserted.map_err(|(_, misuse)| misuse)
    }

    fn peek(&self) -> u64 {
        self.wasi.time.peek(ClockId::Monotonic).unwrap_or_default()
    }
}
