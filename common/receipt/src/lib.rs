//! The receipt of a run: what an isolate signs about it, and what that proves to whoever holds it.
//!
//! A receipt names the policy, the instance, the approvals, the programs, the measured runtime and
//! the outcome; inputs and outputs are in it as salted commitments, so that it can be shown around
//! without telling what they are, or whether two are the same. It is signed by the isolate's key
//! and has evidence over its content beside it, so a stolen key alone cannot forge one.
//!
//! This crate holds the format, the signature and the comparison with a policy. It does **not**
//! judge evidence: [`verify`] is given a function that does (`veracruz-appraisal`, in the client).
//! It has no clock: a receipt is dated by nobody, and [`verify`] says so.
//!
//! In the isolate:
//!
//! ```
//! # use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
//! # use veracruz_evidence::{Evidence, Technology, spki};
//! # use veracruz_policy::{InstanceId, KeyDigest, PolicyHash, Sha256};
//! use veracruz_receipt::{Commitment, Outcome, Receipt, ReceiptPayload, Resources, UnsignedReceipt};
//!
//! # let key = SigningKey::from_slice(&[7; 32])?;
//! # let spki = spki::of_p256(key.verifying_key());
//! # let policy = PolicyHash::from_bytes([1; 32]);
//! # let measurement = Sha256::of(b"runtime").into();
//! # let ask_for_evidence = |_| Evidence::new(Technology::SoftwareRootOfTrust, Vec::new());
//! let payload = ReceiptPayload {
//!     policy,
//!     instance: InstanceId::from(KeyDigest::of_spki(&spki)),
//!     run: 1,
//!     outcome: Outcome::Finished,
//!     measurement,
//!     approvals: Default::default(),
//!     programs: Default::default(),
//!     inputs: Default::default(),
//!     outputs: Default::default(),
//!     randomness: Commitment::to_randomness(&[3; 32]),
//!     resources: Resources::rounded(1_234, 1_200, 5_000_000),
//!     quorum: None,
//! };
//! let unsigned = UnsignedReceipt::new(&payload, &spki)?;
//! let evidence = ask_for_evidence(unsigned.report_data());
//! let signature: Signature = key.sign(&unsigned.to_be_signed());
//! let file: Vec<u8> = unsigned.finish(&signature.to_bytes().into(), evidence)?.encode();
//!
//! // Anywhere else: `verify`, or just a look.
//! assert_eq!(Receipt::parse(&file)?.unverified_payload(), &payload);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod commitment;
mod error;
mod format;
mod payload;
mod quorum;
mod receipt;
mod statement;
mod verify;

pub use commitment::{Commitment, Opening};
pub use error::ReceiptError;
pub use format::RECEIPT_VERSIONS;
pub use payload::{Outcome, ReceiptPayload, Resources};
pub use quorum::{
    CombinedReceipt, MAX_COMBINED_BYTES, QuorumClaim, VerifiedQuorum, verify_combined,
};
pub use receipt::{MAX_RECEIPT_BYTES, Receipt, UnsignedReceipt};
pub use statement::{NotProved, Proved};
pub use verify::{EvidenceFindings, Verified, verify};
