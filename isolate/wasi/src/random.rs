//! Randomness: `random_get`.

use chacha20::rand_core::Rng;

use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Fills a buffer with the next bytes of ChaCha20 under the seed. They are written in place:
    /// nothing is allocated, and no more can be asked for than the program has memory.
    ///
    /// # Errors
    /// [`Errno::Fault`].
    pub fn random_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        buf: u32,
        buf_len: u32,
    ) -> Result<(), Errno> {
        self.random.fill_bytes(memory.bytes_mut(buf, buf_len)?);
        Ok(())
    }
}
