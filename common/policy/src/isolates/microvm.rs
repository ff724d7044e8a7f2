//! A virtual machine that nothing protects.

use alloc::vec::Vec;

use crate::{KeyDigest, Sha256};

/// What evidence about a plain virtual machine must say. Neither list is empty.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MicrovmIsolate {
    /// Digests of machine images, any of which will do: kernel, initial files and command line.
    pub image: Vec<Sha256>,
    /// Keys of attesters, any of which will do: the trust anchors. There is no default.
    pub attesters: Vec<KeyDigest>,
}

impl MicrovmIsolate {
    /// Reference values made elsewhere than in a policy.
    #[must_use]
    pub fn new(image: Vec<Sha256>, attesters: Vec<KeyDigest>) -> Self {
        Self { image, attesters }
    }
}
