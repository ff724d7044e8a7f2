//! The policy that all parties of a computation agreed on: one JSON document that says who takes
//! part, what each may do with each file, which programs run within which limits, and which
//! isolates are acceptable.
//!
//! [`Policy::parse`] is the one way to make a [`Policy`], so a value of that type has passed every
//! check that needs no clock. Nothing here opens a file, knows the time, or decides whether
//! evidence is good: that is for others, by what the policy says.
//!
//! ```
//! use veracruz_policy::Policy;
//!
//! let errors = Policy::parse(br#"{ "veracruz": 1, "nmae": "overlap" }"#).unwrap_err();
//! let first = errors.as_slice().first().unwrap();
//! assert_eq!((first.line(), first.column(), first.code()), (1, 1, "VC-0122"));
//! for error in &errors {
//!     println!("{error}\n  hint: {}", error.hint());
//! }
//! ```
//!
//! The fields, their types, defaults and meanings are in `docs/reference/policy.md`. The hash is
//! over the document as written, so parties that have one hash have one policy, and white space
//! does not matter.
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod approval;
mod bounds;
mod certificate;
mod check;
mod dates;
mod decode;
#[cfg(feature = "explain")]
mod diff;
mod digest;
mod error;
mod execution;
#[cfg(feature = "explain")]
mod explain;
mod file;
mod isolates;
mod json;
mod key;
#[cfg(feature = "explain")]
mod names;
mod participant;
mod path;
mod pem;
mod policy;
mod quorum;
#[cfg(feature = "schema")]
mod schema;
mod stage;
mod text;
mod timestamp;
mod verifier;
mod words;

pub use approval::{Approval, Approve};
pub use bounds::*;
pub use decode::nearest;
#[cfg(feature = "explain")]
pub use diff::{Change, Severity};
pub use digest::{
    DigestError, InstanceId, KeyDigest, Measurement, PolicyHash, Sha256, Sha384, Sha512,
};
pub use error::{
    Cause, MAX_ERRORS, PolicyError, PolicyErrors, Position, Unit, Warning, WarningCause,
};
pub use execution::{Clock, Execution, Limits, Nan, Random, Strategy};
#[cfg(feature = "explain")]
pub use explain::{Explanation, Piece, Section, Sentence};
pub use file::{DEFAULT_MAX_BYTES, File};
pub use isolates::{
    AzureVtpmIsolate, CcaIsolate, CcaRealmMeasurement, ChipId, Chips, IsolateKind, Isolates,
    MAX_CHIP_ID_BYTES, MicrovmIsolate, NitroIsolate, Pcrs, ProcessIsolate, PsaIsolate, PublicKey,
    SevSnpIsolate, SgxIsolate, SnpSigningKey, SnpTcb, TcbException, TcbStatus, TdxIsolate,
    TpmIsolate,
};
pub use json::MAX_DOCUMENT_BYTES;
pub use participant::{MAX_NAME_LENGTH, Participant, ParticipantName, ParticipantNameError, Trust};
pub use path::{FilePath, MAX_PART_BYTES, MAX_PATH_BYTES, PathError, PathPattern};
pub use policy::Policy;
pub use quorum::{MAX_QUORUM, QuorumError, QuorumMember, QuorumSet};
#[cfg(feature = "schema")]
pub use schema::policy_schema;
pub use stage::{Rights, Stage};
pub use timestamp::{Timestamp, TimestampError};
pub use verifier::{MAX_VERIFIER_NAME_BYTES, Verifier};
