//! A sandboxed process.

use alloc::vec::Vec;

use crate::{KeyDigest, Sha256};

/// What evidence about a sandboxed process must say. Neither list is empty.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProcessIsolate {
    /// Digests of runtime binaries, any of which will do.
    pub runtime: Vec<Sha256>,
    /// Keys of attesters, any of which will do: the trust anchors. There is no default.
    pub attesters: Vec<KeyDigest>,
}

impl ProcessIsolate {
    /// Reference values made elsewhere than in a policy: an appraiser's tests need them.
    #[must_use]
    pub fn new(runtime: Vec<Sha256>, attesters: Vec<KeyDigest>) -> Self {
        Self { runtime, attesters }
    }
}
