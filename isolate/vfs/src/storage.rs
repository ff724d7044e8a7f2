//! Where the bytes of an input are.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// The bytes of an input, which never change: a vector, or a sealed memory file mapped by the
/// caller. A [`Vfs`](crate::Vfs) shares them and copies only the extents that are written to.
///
/// ```
/// # use std::sync::Arc;
/// let input: Arc<dyn veracruz_vfs::Storage> = Arc::new(vec![1, 2, 3]);
/// assert_eq!(input.as_slice().len(), 3);
/// ```
pub trait Storage: Send + Sync {
    /// All bytes; the same at every call.
    fn as_slice(&self) -> &[u8];

    /// How many there are, without looking at them: for bytes that are fetched when somebody
    /// reads them.
    fn size(&self) -> u64 {
        self.as_slice().len() as u64
    }
}

impl Storage for Vec<u8> {
    fn as_slice(&self) -> &[u8] {
        self
    }
}

impl Storage for Box<[u8]> {
    fn as_slice(&self) -> &[u8] {
        self
    }
}

impl Storage for &'static [u8] {
    fn as_slice(&self) -> &[u8] {
        self
    }
}
