//! The program as a process: `proc_*`, `sched_yield`.

use crate::{Errno, Exit, GuestMemory, Wasi};

/// The highest number of `signal`.
const LAST_SIGNAL: u32 = 30;

impl Wasi {
    /// The program ends itself. An engine must not return to it.
    pub fn proc_exit<M: GuestMemory + ?Sized>(&mut self, _memory: &mut M, code: u32) -> Exit {
        Exit(code)
    }

    /// There are no signals.
    ///
    /// # Errors
    /// [`Errno::Notsup`] always, [`Errno::Inval`] for a number that is no signal.
    pub fn proc_raise<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        signal: u32,
    ) -> Result<(), Errno> {
        if signal > LAST_SIGNAL {
            Err(Errno::Inval)
        } else {
            Err(Errno::Notsup)
        }
    }

    /// There is nothing else that could run.
    ///
    /// # Errors
    /// None.
    pub fn sched_yield<M: GuestMemory + ?Sized>(&mut self, _memory: &mut M) -> Result<(), Errno> {
        Ok(())
    }
}
