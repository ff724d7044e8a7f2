//! What each command does: a file a role.

pub(crate) mod appraise;
pub(crate) mod check;
pub(crate) mod collateral;
pub(crate) mod completions;
pub(crate) mod computation;
pub(crate) mod config;
pub(crate) mod explain;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod launch;
pub(crate) mod ledger;
pub(crate) mod man;
pub(crate) mod measure;
pub(crate) mod new;
pub(crate) mod policy;
pub(crate) mod receipt;
mod reference;

#[cfg(target_os = "linux")]
pub(crate) mod exec;
#[cfg(target_os = "linux")]
pub(crate) mod host;
#[cfg(target_os = "linux")]
pub(crate) mod isolates;
#[cfg(target_os = "linux")]
pub(crate) mod verifier;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{demo, exec, host, isolates, verifier};
