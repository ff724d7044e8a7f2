//! One computation as a pure state machine: who may do what, when, and what follows from it.
//!
//! It has no sockets, no threads, no clock and no source of randomness: a shell tells it what
//! happened ([`Computation`]'s methods, with the time), sends the answer back and carries out
//! the [`Effect`]s in order. Contents of files never pass through it; the shell keeps them under
//! a [`StorageId`] and tells lengths and digests. It is not a parser of policies
//! (`veracruz-policy`) and does not run programs (`veracruz-engine`).
//!
//! ```no_run
//! # fn example(policy: veracruz_policy::Policy, instance: veracruz_policy::InstanceId,
//! #            measurement: veracruz_policy::Measurement, secret: zeroize::Zeroizing<[u8; 32]>, jws: &str, now: i64) {
//! use veracruz_computation::{Computation, Setup};
//!
//! let mut computation = Computation::new(Setup { policy, instance, measurement, secret: Box::new(secret) });
//! let Some(session) = computation.session("acme", true) else { return };
//! let reply = computation.approve(&session, jws, now);
//! for effect in reply.effects { /* carry it out */ }
//! match reply.answer { Ok(tag) => { /* 200 */ }, Err(problem) => { /* its status */ } }
//! # }
//! ```
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod agreement;
mod approvals;
mod computation;
mod effects;
mod failures;
mod files;
mod plan;
mod quorum;
mod randomness;
mod receipts;
mod runs;
mod status;
mod uploads;

pub use agreement::{Agreement, AgreementError, Unheard, UnsignedAgreement};
pub use approvals::MAX_APPROVALS;
pub use computation::{Computation, SecretBytes, Session, Setup};
pub use effects::{Effect, Reply, StorageId};
pub use failures::Failure;
pub use files::{FileHead, FileRead};
pub use plan::{ProgramPlan, ReadPlan, RunPlan, Seed, StagePlan, WritePlan};
pub use randomness::{
    PROGRAM_SEED_LABEL, QUORUM_KEY_LABEL, QUORUM_SALTS_LABEL, QUORUM_TAG_LABEL, RUN_SECRET_LABEL,
    SHARES_SALT,
};
pub use runs::{KEPT_RUNS, Resources, RunReport, WrittenFile};
pub use uploads::{BodyEnd, Grant, Lease, Upload};
