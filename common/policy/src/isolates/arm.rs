//! CCA realms and devices with a PSA root of trust.

use alloc::vec::Vec;

use crate::{Chips, Measurement, PublicKey, Sha256};

/// What a token of an Arm CCA realm must say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CcaIsolate {
    /// Initial measurements of the realm, any of which will do. Not empty.
    pub rim: Vec<CcaRealmMeasurement>,
    /// Extensible measurements 0 to 3, any of each; where a list is empty, that one must be zero
    /// (nobody extended it).
    pub rem: [Vec<CcaRealmMeasurement>; 4],
    /// Keys that sign platform tokens (CPAK), the trust anchors. Not empty.
    pub platform_keys: Vec<PublicKey>,
    /// Platforms by implementation id (32 bytes), any of which will do. Not empty.
    pub implementation_ids: Vec<Sha256>,
    /// Measurements of the platform's firmware that will do. Not empty; every component that the
    /// token lists must be among them.
    pub platform_software: Vec<Measurement>,
    /// Platforms by instance id (33 bytes).
    pub chips: Chips,
}

/// A measurement of a realm: SHA-256, SHA-384 or SHA-512, as the realm chose.
pub type CcaRealmMeasurement = Measurement;

/// What a token of a PSA root of trust (RFC 9783) must say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PsaIsolate {
    /// Measurements of software components that will do. Not empty; every component that the token
    /// lists must be among them.
    pub software: Vec<Measurement>,
    /// Initial attestation keys (IAK), the trust anchors. Not empty.
    pub keys: Vec<PublicKey>,
    /// Devices by implementation id (32 bytes), any of which will do. Not empty.
    pub implementation_ids: Vec<Sha256>,
    /// Devices by instance id (33 bytes).
    pub chips: Chips,
}
