//! Decides whether attestation evidence is good.
//!
//! Everything that is expected comes from the caller: reference values and trust anchors from the
//! caller's own copy of the policy, the report data from the caller's own connection, the time from
//! the caller's clock. Nothing comes from the isolate that is being judged, nothing from a network,
//! and this crate has no clock: the same arguments always give the same verdict.
//!
//! It does **not** fetch evidence or collateral, and it does not decide what follows from a
//! verdict. What evidence proves differs by technology, so a verdict comes with
//! [words](Appraised::words) that say it, to be shown wherever the verdict is.
//!
//! ```
//! # use p256::ecdsa::SigningKey;
//! # use veracruz_evidence::{Nonce, report_data, sw_rot::{self, Measured, SwRotClaims}};
//! # use veracruz_policy::{KeyDigest, PolicyHash, ProcessIsolate, Sha256, Timestamp};
//! # let attester = SigningKey::from_slice(&[7; 32])?;
//! # let attester_spki = veracruz_evidence::spki::of_p256(attester.verifying_key());
//! # let (server, client, exporter) = (b"server", b"client", [1; 32]);
//! # let policy = PolicyHash::from_bytes([2; 32]);
//! # let nonce = Nonce::from_bytes([3; 32]);
//! # let runtime = Sha256::of(b"runtime");
//! // From the policy: which runtimes, and whose word for it.
//! let reference = ProcessIsolate::new(vec![runtime], vec![KeyDigest::of_spki(&attester_spki)]);
//! // From the connection: what the evidence must be bound to.
//! let expected = report_data::session(&policy, server, client, &exporter, &nonce);
//! # let report_data = expected;
//! # let evidence = sw_rot::sign(&SwRotClaims { report_data, measured: Measured::Runtime(runtime), launch_policy: policy }, &attester);
//! let now = Timestamp::from_seconds(1_795_000_000);
//!
//! let appraised = veracruz_appraisal::sw_rot::verify(&evidence, &reference, &policy, &expected, now)?;
//! assert!(!appraised.protects_from_host());
//! println!("{}", appraised.words());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`appraise`] does the same for encoded evidence of whatever technology the policy names; and
//! [`begin`] for callers who are connected to the isolate, and can ask it what evidence alone
//! leaves open.

mod anchors;
mod appraise;
mod appraised;
mod arm;
pub mod azure_vtpm;
mod cbor;
pub mod cca;
mod collateral;
pub mod corim;
mod cose;
pub mod ear;
mod error;
mod examined;
mod import;
mod intel;
mod judgement;
mod key;
mod mismatch;
pub mod nitro;
pub mod psa;
mod roots;
pub mod sev_snp;
pub mod sgx;
pub mod sw_rot;
pub mod tdx;
pub mod tpm;
mod x509;

pub use appraise::{appraise, begin};
pub use appraised::Appraised;
pub use collateral::{Collateral, MAX_FILE_BYTES, MAX_ITEMS};
pub use error::AppraisalError;
pub use examined::{Examined, Fact};
pub use judgement::Judgement;
pub use roots::Root;
pub use veracruz_evidence::Technology;
