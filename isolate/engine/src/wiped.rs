//! Bytes of which nothing stays behind: orders carry seeds.

use std::{convert::Infallible, ops::Deref};

use zeroize::Zeroizing;

/// Bytes that grow, and are overwritten wherever they were: a vector that grows by itself would
/// leave its former place as it was.
#[derive(Debug, Default)]
pub(crate) struct Wiped(Zeroizing<Vec<u8>>);

/// What a first piece takes at least, so that a message does not move for every field.
const LEAST: usize = 4096;

impl Wiped {
    /// Adds bytes at the end.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let room = self.0.capacity().saturating_mul(2).max(needed).max(LEAST);
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.0);
            // The former vector is overwritten, all of it, before it is given back.
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl minicbor::encode::Write for Wiped {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.extend(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_like_any_vector() {
        let mut wiped = Wiped::default();
        let mut plain = Vec::new();
        for number in 0..=255 {
            let piece = vec![number; usize::from(number) * 7];
            wiped.extend(&piece);
            plain.extend_from_slice(&piece);
        }
        assert_eq!(&*wiped, plain.as_slice());
    }
}
