//! Public keys that the parties trust, written out.

use alloc::vec::Vec;
use core::fmt;

use crate::KeyDigest;

/// A public key as a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7): an anchor for formats
/// whose evidence does not carry the key that signed it.
#[derive(Clone, Eq, PartialEq)]
pub struct PublicKey {
    spki: Vec<u8>,
}

impl PublicKey {
    /// The key in this DER SubjectPublicKeyInfo. What algorithm it is for is looked at by whoever
    /// verifies with it.
    #[must_use]
    pub const fn from_spki(spki: Vec<u8>) -> Self {
        Self { spki }
    }

    /// The DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the DER.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of_spki(&self.spki)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.digest())
    }
}
