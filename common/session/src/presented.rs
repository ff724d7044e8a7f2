//! The certificate that an isolate shows: its own, until a verifier gives it another.

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use thiserror::Error;
use veracruz_policy::{KeyDigest, PolicyHash};

use crate::certificate::spki_of;
use crate::identity::Identity;
use crate::name::server_name;

/// What an isolate's end of TLS shows: always the same key, at first in a certificate of its own
/// making, then in whichever a verifier issued last.
///
/// Clients that appraise for themselves look at the key alone and see no difference. Standard
/// clients believe the verifier's certificate.
pub struct Presented {
    identity: Identity,
    certified: RwLock<Arc<CertifiedKey>>,
}

/// A certificate that an isolate does not show. Whoever brought it is at fault: the host.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertificateRefused {
    /// Not X.509 v3 over a P-256 key.
    #[error("not an X.509 v3 certificate over an ECDSA P-256 key: {0}")]
    Malformed(rustls::Error),
    /// Somebody else's.
    #[error("the certificate is for the key {found}, expected {expected}")]
    OtherKey {
        /// The isolate's key.
        expected: KeyDigest,
        /// The certificate's.
        found: KeyDigest,
    },
    /// The authority that the policy names is none.
    #[error("the policy's authority is not usable: {0}")]
    Authority(rustls::Error),
    /// Not issued by that authority for a server, or not within its constraints, or not at this
    /// time.
    #[error("the certificate is not by the policy's authority: {0}")]
    NotByAuthority(rustls::Error),
    /// For another name than this policy's.
    #[error("the certificate is not for {expected}: {reason}")]
    OtherName {
        /// The isolate's name.
        expected: String,
        /// What the library says.
        reason: rustls::Error,
    },
}

impl Presented {
    /// Shows the certificate that the isolate made itself.
    #[must_use]
    pub fn new(identity: &Identity) -> Arc<Self> {
        Arc::new(Self {
            identity: identity.clone(),
            certified: RwLock::new(identity.certified_key()),
        })
    }

    /// Shows this certificate (DER) from the next handshake on, if it is for this isolate's key and
    /// for the name of `policy`, and if `authority` (DER, from the policy) issued it.
    ///
    /// `now` is in seconds since 1970, by a clock that the host sets: it keeps mistakes out, and no
    /// liar. Clients look at the dates themselves.
    ///
    /// # Errors
    /// See [`CertificateRefused`]; the certificate that was shown before stays.
    pub fn install(
        &self,
        certificate: &[u8],
        policy: &PolicyHash,
        authority: &[u8],
        now: u64,
    ) -> Result<(), CertificateRefused> {
        let certificate = CertificateDer::from(certificate.to_vec());
        let spki = spki_of(&certificate).map_err(CertificateRefused::Malformed)?;
        if spki != self.identity.spki() {
            return Err(CertificateRefused::OtherKey {
                expected: self.identity.key(),
                found: KeyDigest::of_spki(&spki),
            });
        }
        let mut authorities = RootCertStore::empty();
        authorities
            .add(CertificateDer::from(authority.to_vec()))
            .map_err(CertificateRefused::Authority)?;
        let parsed =
            ParsedCertificate::try_from(&certificate).map_err(CertificateRefused::Malformed)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &authorities,
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(now)),
            aws_lc_rs::default_provider()
                .signature_verification_algorithms
                .all,
        )
        .map_err(CertificateRefused::NotByAuthority)?;
        let expected = server_name(policy, None);
        let name = ServerName::try_from(expected.as_str())
            .map_err(|_| rustls::Error::General("no DNS name".into()));
        if let Err(reason) = name.and_then(|name| verify_server_name(&parsed, &name)) {
            return Err(CertificateRefused::OtherName { expected, reason });
        }
        let certified = self.identity.certified_by(certificate);
        *self
            .certified
            .write()
            .unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        let certified = self.certified.read();
        Arc::clone(&certified.unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Presented").field(&self.identity).finish()
    }
}
