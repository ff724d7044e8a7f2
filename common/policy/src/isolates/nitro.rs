//! Nitro enclaves.

use alloc::vec::Vec;

use crate::Sha384;

/// What an attestation document of an AWS Nitro enclave must say. The format has no id of a chip,
/// so the policy must say `"any_chip": true`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NitroIsolate {
    /// PCR 0, the image. Not empty; no entry is zero (an enclave in debug mode).
    pub pcr0: Vec<Sha384>,
    /// PCR 1, kernel and first ramdisk. Not empty.
    pub pcr1: Vec<Sha384>,
    /// PCR 2, the application. Not empty.
    pub pcr2: Vec<Sha384>,
    /// PCR 3, the IAM role of the parent; not looked at where empty.
    pub pcr3: Vec<Sha384>,
    /// PCR 4, the instance of the parent; not looked at where empty.
    pub pcr4: Vec<Sha384>,
    /// PCR 8, the certificate that signed the image; not looked at where empty.
    pub pcr8: Vec<Sha384>,
}
