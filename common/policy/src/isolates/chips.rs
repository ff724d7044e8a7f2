//! Which machines will do.

use alloc::{string::String, vec::Vec};
use core::fmt;

use data_encoding::HEXLOWER;

/// Most bytes of a chip's id: those of SEV-SNP have 64.
pub const MAX_CHIP_ID_BYTES: usize = 64;

/// The machines that the parties accept, where the format of evidence has an id for them.
///
/// Naming them is the answer to evidence forged with the key of one broken chip: without names, one
/// such chip stands for all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Chips {
    /// `"any_chip": true`: every genuine one. `policy check` warns about it.
    Any,
    /// `"chip_ids"`: these alone. Not empty.
    Named(Vec<ChipId>),
}

impl Chips {
    /// Whether the chip with this id will do.
    #[must_use]
    pub fn accepts(&self, id: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Named(ids) => ids.iter().any(|named| named.as_bytes() == id),
        }
    }
}

/// The id of a chip or platform, 8 to 64 bytes: CHIP_ID of SEV-SNP (64 bytes), PPID of SGX and TDX
/// (16), instance id of CCA and PSA (33). Lower-case hex as text.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ChipId(Vec<u8>);

impl ChipId {
    /// Fewest bytes: shorter ones name nothing.
    pub const MIN_BYTES: usize = 8;

    /// An id; `None` where its length is no chip's.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (Self::MIN_BYTES..=MAX_CHIP_ID_BYTES)
            .contains(&bytes.len())
            .then_some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ChipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = HEXLOWER.encode(&self.0);
        f.pad(&text)
    }
}
