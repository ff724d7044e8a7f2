//! What each command does: a file a role.

pub(crate) mod appraise;
pub(crate) mod check;
pub(crate) mod collateral;
pub(crate) mod computation;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod isolates;
pub(crate) mod measure;
pub(crate) mod policy;
pub(crate) mod receipt;
mod reference;
pub(crate) mod verifier;
