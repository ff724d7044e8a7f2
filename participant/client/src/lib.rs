//! The participant's end: attest an isolate, provision it, run it, fetch results, check receipts.
//!
//! All logic of the command line is here, for other front ends to stand on. It is *not* a judge
//! of evidence (`veracruz-appraisal` is), and it is not trusted by anyone but its own user.
//!
//! ```no_run
//! # async fn example() -> Result<(), veracruz_client::Error> {
//! use std::path::Path;
//! use std::sync::Arc;
//! use veracruz_client::{Connection, Ledger, Policy, Provisioning, Source, WaitOptions};
//! # let file = veracruz_client::FilePath::parse("/input/acme.csv").unwrap();
//!
//! // The own copy of the policy: from the other parties, never from the host.
//! let policy = Arc::new(Policy::parse(&std::fs::read("policy.json").unwrap()).unwrap());
//! let identity = veracruz_client::identity::load(Path::new("acme.pem"), None)?;
//! let ledger = Ledger::beside(Path::new("acme.pem"));
//! let now = veracruz_client::now();
//!
//! let connection = Connection::open("host:7470", &policy, &identity, None, now).await?;
//! let (mut connection, appraised) = connection.attest(false, now).await?;
//! println!("{}", appraised.words());
//!
//! let provisioning = Provisioning { ledger: &ledger, again: false, now };
//! let status = connection.status().await?;
//! connection.approve(&status, provisioning).await?;
//! let source = Source::File("overlap.csv".into());
//! connection.upload(&file, &source, provisioning, &mut |_, _| {}).await?;
//! let seen = connection.status().await?.tag;
//! let run = connection.start_run(seen).await?;
//! connection.wait_for_run(run.run, WaitOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! An upload needs an attested connection:
//!
//! ```no_run
//! # async fn example(
//! #     connection: veracruz_client::Connection<veracruz_client::Attested>,
//! #     path: &veracruz_client::FilePath,
//! #     source: &veracruz_client::Source,
//! #     provisioning: veracruz_client::Provisioning<'_>,
//! # ) {
//! let mut connection = connection; // Connection<Attested>
//! connection.upload(path, source, provisioning, &mut |_, _| {}).await;
//! # }
//! ```
//!
//! Before the appraisal there is nothing to send anything with:
//!
//! ```compile_fail,E0599
//! # async fn example(
//! #     connection: veracruz_client::Connection<veracruz_client::Unattested>,
//! #     path: &veracruz_client::FilePath,
//! #     source: &veracruz_client::Source,
//! #     provisioning: veracruz_client::Provisioning<'_>,
//! # ) {
//! let mut connection = connection; // Connection<Unattested>
//! connection.upload(path, source, provisioning, &mut |_, _| {}).await;
//! # }
//! ```

mod appraise;
mod approvals;
mod clock;
mod collateral;
mod connection;
mod dial;
pub mod draft;
mod error;
mod files;
mod host;
pub mod identity;
mod last_word;
mod ledger;
mod line;
mod modes;
mod plan;
mod proxy;
mod quorum;
mod random;
mod rate;
mod receipt;
mod reference;
mod transfer;
mod transport;
mod watch;

pub use appraise::{FileAppraisal, FileVerdict};
pub use approvals::{
    Agreement, ApprovalBundle, ApprovalFile, ApprovalFlaw, ApprovalTerms, ApprovalVerdict,
    CheckedApproval, GivenApproval, MAX_BUNDLE_BYTES, Place, approval_jws, approval_statement,
    check_approval, check_approvals, named_programs, sign_approval, write_approval,
};
pub use clock::now;
pub use collateral::{
    CollateralFile, CollateralKind, CollateralPiece, CollateralStore, certified_key, read_bounded,
};
pub use connection::{
    Appraised, AttestedQuorum, Connection, DownloadOptions, Downloaded, Prepared, Provisioning,
    Source, Spool, StatusEvents, Uploaded, WaitOptions,
};
pub use dial::HostAddress;
pub use error::{Error, ErrorClass};
pub use files::replace_private;
pub use host::{HostClient, HostedComputation};
pub use ledger::{
    EntrustedFile, Ledger, LedgerEntry, LedgerInstance, Provisioned, SeenRun, SignedApproval,
    StoredReceipt,
};
pub use line::{Dial, Line};
pub use modes::PRIVACY_OF_FILES;
pub use plan::{
    Assignment, Destination, DownloadPlan, Origin, PlanError, PlannedDownload, PlannedUpload,
    UploadPlan,
};
pub use proxy::{Proxy, ProxyError};
pub use quorum::{Quorum, QuorumDial, QuorumMemberView, QuorumRun};
pub use rate::{RateError, RateLimit};
pub use receipt::{
    ApprovalAtHand, Clock, Compared, Comparison, DatedAppraisal, FileComparison, JudgedBy,
    KeptReceipt, OpeningFile, Verification, compare_receipts, digest_of, rests_on,
    verify_combined_receipt, verify_kept, verify_receipt,
};
pub use reference::ReferenceFile;
pub use transfer::{Fetched, Told, Uploads, download_all};
pub use veracruz_appraisal::Collateral;
pub use veracruz_policy::{
    FilePath, InstanceId, ParticipantName, Policy, PolicyHash, Sha256, Timestamp,
};
pub use veracruz_receipt::{
    CombinedReceipt, Opening, Receipt, ReceiptPayload, Verified, VerifiedQuorum,
};
pub use veracruz_session::{Attested, Identity, Unattested};
pub use watch::{Change, CheckedStatus, Seen, Watch};
