//! What a participant and an isolate say to each other, and what the host and an isolate say:
//! requests, replies, headers, error codes and sizes, as types that both ends share.
//!
//! It is not a client and not a server: no sockets, no HTTP library and no cryptography. A
//! shell around it moves the bytes. Whether a request may succeed is decided by
//! `veracruz-computation`; how a program of one's own would speak this API is told in
//! `docs/reference/api.md`.
//!
//! ```
//! use veracruz_protocol::{Method, Route};
//!
//! let route = Route::parse("GET", "/v1/runs/3/receipt")?;
//! assert_eq!(route, Route::Receipt { run: 3 });
//! assert_eq!(route.path(), "/v1/runs/3/receipt");
//! assert_eq!(Route::allowed("/v1/policy"), &[Method::Get]);
//! # Ok::<(), veracruz_protocol::Problem>(())
//! ```
// The macros of `utoipa` want the standard prelude.
#![cfg_attr(not(feature = "openapi"), no_std)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod approval;
mod attestation;
pub mod control;
mod error;
pub mod header;
mod jws;
pub mod limits;
pub mod media;
#[cfg(feature = "openapi")]
mod openapi;
mod quorum;
mod route;
mod run;
mod status;
mod text;
mod version;

pub use approval::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, Instances, ProgramDigest, WithdrawalAnswer,
    WithdrawnWhen,
};
pub use attestation::{
    AttestationRequest, AttestationResponse, CredentialRequest, CredentialResponse,
};
pub use error::{ErrorCode, Problem};
pub use jws::{Jws, JwsError};
#[cfg(feature = "openapi")]
pub use openapi::openapi;
pub use quorum::{MemberView, MemberWord, RunQuorum};
pub use route::{Method, Route};
pub use run::{FailureClass, RunOutcome, RunRequest, RunState, StageFailure};
pub use status::{
    ApprovalView, ComputationState, Content, FileRole, FileView, Missing, Presence, ProgramState,
    RunsView, StateTag, Status, UploadView,
};
pub use version::{SPOKEN, Versions};
