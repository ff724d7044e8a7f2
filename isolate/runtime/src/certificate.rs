//! The certificate with which standard clients believe this isolate.
//!
//! A verifier that the policy names issues it, for the key that evidence shows to that verifier. The
//! host carries request and certificate, and can hold both back or mix them up; what is shown is
//! checked here against the policy first.

use crate::control::Questions;
use crate::isolate::{Isolate, now};
use veracruz_evidence::{Nonce, report_data};
use veracruz_policy::{KeyDigest, Verifier};
use veracruz_protocol::control::{CertificateRequest, Health};

impl Questions for Isolate {
    fn health(&self) -> Health {
        Self::health(self)
    }

    fn certificate_request(
        &self,
        verifier: KeyDigest,
        nonce: [u8; 32],
    ) -> Option<CertificateRequest> {
        let verifier = named(self, verifier)?;
        let report_data = report_data::key(
            &self.policy_hash(),
            self.identity.spki(),
            verifier.ear_key.spki(),
            &Nonce::from_bytes(nonce),
        );
        Some(CertificateRequest {
            request: self.identity.certificate_request().ok()?,
            evidence: self.evidence.evidence(&report_data).ok()?.encode(),
            policy: self.policy.document().to_vec(),
        })
    }

    fn install_certificate(&self, verifier: KeyDigest, certificate: &[u8]) -> bool {
        let Some(verifier) = named(self, verifier) else {
            return false;
        };
        let now = u64::try_from(now()).unwrap_or(0);
        self.presented
            .install(certificate, &self.policy_hash(), &verifier.ca, now)
            .is_ok()
    }
}

/// The verifier of the policy that signs its results with this key.
fn named(isolate: &Isolate, ear_key: KeyDigest) -> Option<&Verifier> {
    let mut verifiers = isolate.policy.verifiers().iter();
    verifiers.find(|verifier| verifier.ear_key.digest() == ear_key)
}
