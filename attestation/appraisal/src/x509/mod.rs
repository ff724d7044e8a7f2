//! X.509 certificates of vendors' chains (RFC 5280), and lists of those that were revoked.
//!
//! Only what such chains have: a few certificates in a known order under a pinned root. There is no
//! search for paths, no policies, no constraints on names; a critical extension that is not known
//! here breaks the chain, as RFC 5280 section 4.2 demands.

mod algorithm;
mod certificate;
mod revocation;

pub(crate) use algorithm::SignedWith;
pub(crate) use certificate::Certificate;
pub(crate) use revocation::{Listed, check_not_revoked};
