//! Carries certificate requests to verifiers, and certificates back.
//!
//! An isolate has no network. The host can leave this undone, or carry other bytes: then standard
//! clients do not get in, and nobody is fooled, since the verifier appraises the evidence and the
//! isolate checks the certificate.

mod client;
mod courier;

pub(crate) use client::Client;
pub(crate) use courier::attend;

use std::path::PathBuf;

use serde::Deserialize;

/// A verifier that this host can reach.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifierAddress {
    /// Where it is, as `https://verifier.example:7445`.
    pub url: String,
    /// Who certifies its TLS, PEM.
    pub ca: PathBuf,
}

/// Why a verifier cannot be used. The operator of the host can mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// Not a URL of that form.
    #[error("the verifier {found:?}: expected https://NAME[:PORT]")]
    Url {
        /// What was configured.
        found: String,
    },
    /// The certificates cannot be read.
    #[error("the verifier's certificates {}: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
