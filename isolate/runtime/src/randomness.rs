//! Randomness that is good, or none.

use crate::fault::Fault;
use rustix::rand::{GetRandomFlags, getrandom};

/// Fills `buffer` from the kernel, waiting until its generator has been seeded.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), Fault> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match getrandom(rest, GetRandomFlags::empty()) {
            Ok(count) => filled = filled.saturating_add(count),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(Fault::Randomness),
        }
    }
    Ok(())
}
