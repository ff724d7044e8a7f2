//! Numbers and buffers as a TPM writes them: big-endian (TPM 2.0 Library, part 2, section 4.3).

use crate::AppraisalError;

/// A position in a structure of the TPM.
pub(super) struct Wire<'b> {
    bytes: &'b [u8],
    part: &'static str,
}

impl<'b> Wire<'b> {
    /// Stands at the beginning; `part` is what errors call the structure.
    pub(super) const fn new(bytes: &'b [u8], part: &'static str) -> Self {
        Self { bytes, part }
    }

    /// The next bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], AppraisalError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or_else(|| self.malformed("it ends too early".into()))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A `TPM2B`: a length of 16 bits and as many bytes.
    pub(super) fn sized(&mut self) -> Result<&'b [u8], AppraisalError> {
        let length = self.u16()?;
        self.take(length.into())
    }

    pub(super) fn u8(&mut self) -> Result<u8, AppraisalError> {
        self.number().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, AppraisalError> {
        self.number().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, AppraisalError> {
        self.number().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, AppraisalError> {
        self.number().map(u64::from_be_bytes)
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), AppraisalError> {
        match self.bytes.len() {
            0 => Ok(()),
            count => Err(self.malformed(format!("{count} bytes follow after its end"))),
        }
    }

    pub(super) fn malformed(&self, reason: String) -> AppraisalError {
        AppraisalError::Malformed {
            part: self.part,
            reason,
        }
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], AppraisalError> {
        let bytes = self.take(N)?;
        bytes
            .try_into()
            .map_err(|_| self.malformed("it ends too early".into()))
    }
}
