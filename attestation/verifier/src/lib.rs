//! The attestation service: appraises evidence for those who cannot do it themselves, says so in
//! signed results, and certifies isolates for standard clients.
//!
//! Whoever relies on it trusts its operator as it would trust its own appraisal; nobody has to, and
//! a policy that does not name a verifier gives it no power at all. `docs/verifier.md` says what
//! trust moves here, and what freshness is lost.
//!
//! - **One function gives the verdict**, and it alone makes a [`Verdict`]; the keys that sign
//!   results and certificates take a verdict and nothing else, so there is no way to a signature
//!   around it. What was refused is never signed, not even as a bad result.
//! - **A verdict costs a challenge.** Challenges are drawn here, used once, gone after a minute, and
//!   kept in memory alone: a restart accepts none of an earlier life.
//! - **The database can only refuse.** Evidence with a policy is held against that policy's own
//!   isolates; what an administrator enrolled or revoked here never makes evidence good.
//! - Three keys: results, certificates, TLS. They are files that their owner alone can read.
//!
//! It is *not* in the path of data: it sees evidence, policies and certificate requests, no inputs
//! and no outputs. And it fetches nothing: collateral is given to it.
//!
//! [`Server`] is the service; [`Database`] is what an administrator changes while it runs.

mod api;
mod authority;
mod challenge;
mod config;
mod database;
mod error;
mod keys;
mod metrics;
mod rates;
mod request;
mod server;
mod tls;
mod verdict;

pub use api::{ROUTES, media};
pub use authority::{Authority, CERTIFICATE_SECONDS, CMW_EXTENSION};
pub use challenge::CHALLENGE_SECONDS;
pub use config::{Config, Limits};
pub use database::{
    Attester, Audited, Database, DatabaseError, Enrolment, ReferencePolicy, file_url,
};
pub use error::VerifierError;
pub use keys::{KeyFileError, Keys, create_key, ear_key_pem, self_signed_tls};
pub use request::RequestError;
pub use server::Server;
pub use verdict::{Refusal, Verdict};
