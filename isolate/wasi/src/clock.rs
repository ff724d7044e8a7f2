//! Clocks: `clock_*`.

use crate::time::{ClockId, RESOLUTION_NS};
use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Writes the resolution of a clock, in nanoseconds.
    ///
    /// # Errors
    /// [`Errno::Badf`] for the clocks of the processor, which are not offered; [`Errno::Inval`]
    /// for a number that is no clock; [`Errno::Fault`].
    pub fn clock_res_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        id: u32,
        resolution: u32,
    ) -> Result<(), Errno> {
        match ClockId::parse(id)? {
            ClockId::Realtime | ClockId::Monotonic => memory.put_u64(resolution, RESOLUTION_NS),
            ClockId::Cpu => Err(Errno::Badf),
        }
    }

    /// Writes the time of a clock, in nanoseconds. The precision asked for makes no difference.
    ///
    /// # Errors
    /// As [`Wasi::clock_res_get`].
    pub fn clock_time_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        id: u32,
        _precision: u64,
        time: u32,
    ) -> Result<(), Errno> {
        let now = self.time.look(ClockId::parse(id)?)?;
        memory.put_u64(time, now)
    }
}
