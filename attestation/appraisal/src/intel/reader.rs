//! Reads fixed fields from bytes that came from outside.

use crate::AppraisalError;

/// Bytes that are read from the front. Integers are little-endian, as everywhere in these formats.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
    part: &'static str,
}

impl<'b> Reader<'b> {
    /// `part` is what errors call the whole.
    pub(super) const fn new(bytes: &'b [u8], part: &'static str) -> Self {
        Self { rest: bytes, part }
    }

    /// The next `length` bytes.
    pub(super) fn bytes(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<&'b [u8], AppraisalError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| {
            self.malformed(format!(
                "{what} has {length} bytes, and {} are left",
                self.rest.len()
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<&'b [u8; N], AppraisalError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| {
            self.malformed(format!(
                "{what} has {N} bytes, and {} are left",
                self.rest.len()
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, AppraisalError> {
        self.array(what).map(|bytes| u16::from_le_bytes(*bytes))
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, AppraisalError> {
        self.array(what).map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// A length of four bytes and as many bytes as it says.
    pub(super) fn counted(&mut self, what: &'static str) -> Result<&'b [u8], AppraisalError> {
        let length = self.u32(what)?;
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX), what)
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), AppraisalError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(self.malformed(format!("{} bytes after its end", self.rest.len())))
    }

    pub(super) fn malformed(&self, reason: String) -> AppraisalError {
        AppraisalError::Malformed {
            part: self.part,
            reason,
        }
    }
}
