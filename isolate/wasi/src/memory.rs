//! The memory of a program, as far as functions need it.

use crate::Errno;

/// The linear memory of a program. An engine hands in the byte slice that it has.
///
/// Every address comes from the program: whatever is not wholly inside is [`Errno::Fault`].
pub trait GuestMemory {
    /// Its present size in bytes.
    fn size(&self) -> u64;

    /// `len` bytes at `address`, to be read in place.
    ///
    /// # Errors
    /// [`Errno::Fault`] where they are not all inside.
    fn bytes(&self, address: u32, len: u32) -> Result<&[u8], Errno>;

    /// `len` bytes at `address`, to be written in place.
    ///
    /// # Errors
    /// [`Errno::Fault`] where they are not all inside.
    fn bytes_mut(&mut self, address: u32, len: u32) -> Result<&mut [u8], Errno>;

    /// Writes bytes at `address`.
    ///
    /// # Errors
    /// [`Errno::Fault`] where they do not all fit.
    fn put(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        self.bytes_mut(address, len)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a number, little-endian.
    ///
    /// # Errors
    /// [`Errno::Fault`] where it does not fit.
    fn put_u32(&mut self, address: u32, value: u32) -> Result<(), Errno> {
        self.put(address, &value.to_le_bytes())
    }

    /// Writes a number, little-endian.
    ///
    /// # Errors
    /// [`Errno::Fault`] where it does not fit.
    fn put_u64(&mut self, address: u32, value: u64) -> Result<(), Errno> {
        self.put(address, &value.to_le_bytes())
    }

    /// Reads a record of fixed size.
    ///
    /// # Errors
    /// [`Errno::Fault`] where it is not all inside.
    fn array<const N: usize>(&self, address: u32) -> Result<[u8; N], Errno> {
        let len = u32::try_from(N).map_err(|_| Errno::Fault)?;
        self.bytes(address, len)?
            .try_into()
            .map_err(|_| Errno::Fault)
    }
}

impl GuestMemory for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self, address: u32, len: u32) -> Result<&[u8], Errno> {
        self.get(range(address, len)?).ok_or(Errno::Fault)
    }

    fn bytes_mut(&mut self, address: u32, len: u32) -> Result<&mut [u8], Errno> {
        self.get_mut(range(address, len)?).ok_or(Errno::Fault)
    }
}

fn range(address: u32, len: u32) -> Result<core::ops::Range<usize>, Errno> {
    let start = usize::try_from(address).map_err(|_| Errno::Fault)?;
    let len = usize::try_from(len).map_err(|_| Errno::Fault)?;
    Ok(start..start.checked_add(len).ok_or(Errno::Fault)?)
}

/// `base + index * size`, the address of an element of a list in guest memory.
pub(crate) fn element(base: u32, index: u32, size: u32) -> Result<u32, Errno> {
    let offset = index.checked_mul(size).ok_or(Errno::Fault)?;
    base.checked_add(offset).ok_or(Errno::Fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_is_not_wholly_inside_is_a_fault() {
        let mut memory = vec![0u8; 16];
        let memory = memory.as_mut_slice();
        for (address, len) in [(16, 1), (15, 2), (17, 0), (u32::MAX, 1), (1, u32::MAX)] {
            assert_eq!(memory.bytes(address, len), Err(Errno::Fault));
            assert_eq!(memory.bytes_mut(address, len), Err(Errno::Fault));
        }
        assert_eq!(memory.bytes(16, 0), Ok(&[][..]));
        assert_eq!(memory.put_u64(8, 0x0102_0304_0506_0708), Ok(()));
        assert_eq!(memory.array::<8>(8), Ok([8, 7, 6, 5, 4, 3, 2, 1]));
        assert_eq!(memory.put_u64(9, 0), Err(Errno::Fault));
        assert_eq!(element(8, u32::MAX, 8), Err(Errno::Fault));
    }
}
