//! Lists of buffers (`iovec`, `ciovec`) in guest memory.

use crate::memory::element;
use crate::{Errno, GuestMemory, Wasi};

/// Size of an `iovec` and of a `ciovec`.
const VECTOR_BYTES: u32 = 8;

impl Wasi {
    /// Calls `transfer` for each buffer of a list, with its address, its length, and how many
    /// bytes went before, until one is not used up, and gives the total. Nothing is allocated.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a list longer than the limit; what `transfer` fails with, but only
    /// where nothing was transferred before: a program could not know of that otherwise.
    pub(crate) fn each_vector<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        vectors: u32,
        count: u32,
        mut transfer: impl FnMut(&mut Self, &mut M, u32, u32, u32) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        if count > self.limits.vectors {
            return Err(Errno::Inval);
        }
        let mut total = 0u32;
        for index in 0..count {
            let step = vector(memory, vectors, index).and_then(|(address, len)| {
                // The total is a 32-bit number too; what does not fit is left for the next call.
                let wanted = len.min(u32::MAX - total);
                let done = transfer(self, memory, address, wanted, total)?;
                let done = u32::try_from(done).map_err(|_| Errno::Overflow)?;
                Ok((done, done == len))
            });
            match step {
                Ok((done, whole)) => {
                    total = total.saturating_add(done);
                    if !whole {
                        break;
                    }
                }
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(total)
    }
}

fn vector<M: GuestMemory + ?Sized>(
    memory: &M,
    vectors: u32,
    index: u32,
) -> Result<(u32, u32), Errno> {
    let [a, b, c, d, e, f, g, h] = memory.array::<8>(element(vectors, index, VECTOR_BYTES)?)?;
    Ok((
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ))
}
