//! Attestation evidence: how it is written, what it is bound to, how it travels.
//!
//! This crate reads and writes; it **judges nothing**. Whatever it parses is marked
//! [`Unverified`], and whether evidence is good is decided by `veracruz-appraisal` alone, against
//! a policy that the caller holds.
//!
//! | module | what is in it |
//! |---|---|
//! | [`cbor`] | strict deterministic CBOR (RFC 8949 section 4.2): one encoding for one meaning |
//! | [`cose`] | COSE_Sign1 with ES256 (RFC 9052, RFC 9053) |
//! | [`report_data`] | the 64 bytes that bind evidence to a connection, a receipt or a key |
//! | [`tpm`] | quotes of a TPM with what they are over |
//! | [`sw_rot`] | the token of the software root of trust |
//! | [`sev_snp`] | a report of SEV-SNP with its certificates |
//! | [`azure_vtpm`] | a quote of Azure's vTPM with the hardware's report that vouches for it |
//! | [`channel`] | what an isolate and its attester say to each other |
//!
//! [`Evidence`] is the envelope around every format.
//!
//! ```
//! use veracruz_evidence::{Evidence, Nonce, report_data};
//! use veracruz_policy::PolicyHash;
//!
//! // Both ends of a TLS connection compute the same 64 bytes.
//! let expected = report_data::session(
//!     &PolicyHash::from_bytes([7; 32]),
//!     b"the isolate's SubjectPublicKeyInfo",
//!     b"the participant's SubjectPublicKeyInfo",
//!     &[1; 32], // exporter of the TLS connection
//!     &Nonce::from_bytes([2; 32]),
//! );
//! assert_eq!(expected.as_bytes().len(), 64);
//!
//! // What arrives from the other side is bounded and parsed before anything else is done with it.
//! assert!(Evidence::parse(b"not CBOR").is_err());
//! ```
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod azure_vtpm;
pub mod cbor;
pub mod channel;
pub mod cose;
mod envelope;
mod hex;
pub mod report_data;
pub mod sev_snp;
pub mod spki;
pub mod sw_rot;
pub mod tpm;
mod unverified;

pub use envelope::{Evidence, EvidenceError, MAX_EVIDENCE_BYTES, Technology};
pub use report_data::{Nonce, ReportData};
pub use unverified::Unverified;
