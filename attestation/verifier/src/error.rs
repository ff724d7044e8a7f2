//! Why the service does not run.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{DatabaseError, KeyFileError};

/// Why the service does not run. Its operator can mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Metrics are plain HTTP and stay on this machine.
    #[error("metrics are served on loopback alone: expected 127.0.0.1 or ::1, found {found}")]
    NotLoopback {
        /// The address that was configured.
        found: SocketAddr,
    },
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// One key for two purposes: who gets hold of it for one could do the other.
    #[error("{one} and {other} are one key, expected a key of its own for each purpose")]
    OneKeyForTwo {
        /// A purpose.
        one: &'static str,
        /// Another.
        other: &'static str,
    },
    /// The authority's certificate is not one under which isolates may be certified.
    #[error("the authority's certificate: expected {expected}, found {found}")]
    Authority {
        /// What it must have.
        expected: &'static str,
        /// What it has.
        found: String,
    },
    /// The name is none that a policy could give to a verifier.
    #[error(
        "the verifier's name: expected 1 to 253 characters a-z, 0-9, '.', '-', found {found:?}"
    )]
    Name {
        /// The name that was configured.
        found: String,
    },
    /// TLS cannot be set up with these files.
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    /// The certificates for TLS cannot be read.
    #[error("{}: no certificates in PEM: {reason}", path.display())]
    TlsCertificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Collateral cannot be used.
    #[error("collateral {}: {reason}", path.display())]
    Collateral {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system failed.
    #[error("the verifier cannot go on: {0}")]
    Failed(#[from] io::Error),
}
