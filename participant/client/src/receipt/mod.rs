//! Receipts: judged, kept for years, shown and compared, all of it offline.

mod approvals;
mod compare;
mod dated;
mod folder;
mod judge;
mod opening;
mod quorum;
mod verification;

pub use approvals::ApprovalAtHand;
pub use compare::{Compared, Comparison, FileComparison, compare_receipts};
pub use dated::DatedAppraisal;
pub use folder::KeptReceipt;
pub(crate) use judge::verify_live;
pub use judge::verify_receipt;
pub use opening::{OpeningFile, digest_of};
pub(crate) use quorum::verify_combined_live;
pub use quorum::verify_combined_receipt;
pub use verification::{Clock, JudgedBy, Verification, rests_on, verify_kept};
