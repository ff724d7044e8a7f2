//! Which isolates are acceptable, and what evidence about them must say.

use alloc::vec::Vec;

use crate::{KeyDigest, Sha256};

/// The acceptable isolates. They are alternatives and the host chooses: protection is that of the
/// weakest. At least one is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Isolates {
    /// A sandboxed process, measured by a software root of trust. It does not protect from the host.
    pub process: Option<ProcessIsolate>,
}

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
