//! Signed approvals: making them offline, judging them, and keeping several in one file.
//!
//! An approval is a statement that a participant signs with the key that the policy has for it. So
//! what an isolate shows of the others' approvals need not be believed: it is checked here, with the
//! own copy of the policy.

mod agreement;
mod bundle;
mod check;
mod flaw;
mod sign;

pub use agreement::{Agreement, GivenApproval, Place};
pub use bundle::{ApprovalBundle, ApprovalFile, MAX_BUNDLE_BYTES, write_approval};
pub use check::{ApprovalVerdict, CheckedApproval, check_approval, check_approvals};
pub use flaw::ApprovalFlaw;
pub use sign::{ApprovalTerms, approval_jws, approval_statement, named_programs, sign_approval};
