//! Reference values as a CoRIM (draft-ietf-rats-corim-10), read and written.
//!
//! Read are signed and unsigned files with CoMIDs of these profiles, where they name reference values
//! and attestation keys:
//! - Arm's for PSA (`tag:arm.com,2025:psa#1.0.0`) and for CCA platforms and realms
//!   (`tag:arm.com,2025:cca_platform#1.0.0`, `tag:arm.com,2025:cca_realm#1.0.0`),
//! - what Veraison's tools wrote for the same before (`http://arm.com/psa/iot/1`,
//!   `http://arm.com/cca/ssd/1`, `http://arm.com/cca/realm/1`),
//! - our own, [`PROFILE`], which has every kind of isolate that a policy has.
//!
//! A CoRIM says what software measures to. What a policy demands beyond that, it does not say: which
//! machines (none named: any), which patch levels, which exceptions. So it is for tools and for
//! looking at evidence; what the parties of a computation agree on is a policy.
//!
//! The parser is our own, on this crate's CBOR: a second reader of CBOR with other rules is what we
//! do not want, and the crate `corim` knows neither Arm's profiles nor the drafts before. It judges,
//! in tests, what we write.

mod document;
mod fields;
mod read;
mod values;
mod write;

pub use document::{Corim, CorimSignature};
pub use values::isolates;
pub use write::write;

/// The profile of the files that [`write`](fn@write) writes: a class whose model is a kind of isolate, and
/// measurements whose keys are the fields of that kind in a policy.
pub const PROFILE: &str = "tag:veracruz.internal,2026:reference-values#1";

/// Most bytes of a CoRIM.
pub const MAX_CORIM_BYTES: usize = 1 << 20;

/// CBOR tags of the draft (section 12.2), and of its drafts before.
mod tag {
    pub(super) const EPOCH: u64 = 1;
    pub(super) const SIGN1: u64 = 18;
    pub(super) const URI: u64 = 32;
    pub(super) const UUID: u64 = 37;
    /// Wrappers of early drafts and of TCG's.
    pub(super) const LEGACY: u64 = 500;
    pub(super) const CORIM: u64 = 501;
    pub(super) const LEGACY_SIGNED: u64 = 502;
    pub(super) const COMID: u64 = 506;
    pub(super) const UEID: u64 = 550;
    pub(super) const PKIX_KEY: u64 = 554;
    pub(super) const THUMBPRINT: u64 = 557;
    pub(super) const BYTES: u64 = 560;
    /// Veraison's implementation id and reference value id, before tag 560 and named keys.
    pub(super) const PSA_IMPLEMENTATION: u64 = 600;
    pub(super) const PSA_COMPONENT: u64 = 601;
}
