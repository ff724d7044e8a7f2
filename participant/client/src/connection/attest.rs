//! The step from a connection to trust in its far end.

use std::sync::Arc;

use bytes::Bytes;
pub use veracruz_appraisal::Appraised;
use veracruz_appraisal::{AppraisalError, Collateral, appraise};
use veracruz_evidence::ReportData;
use veracruz_policy::{Policy, Timestamp};
use veracruz_protocol::{AttestationRequest, AttestationResponse, Route, limits, media};
use veracruz_session::Appraiser;

use super::{Connection, Proven, Unproven};
use crate::error::Error;
use crate::transport::{self, Call};

impl Unproven {
    /// What evidence and receipts of this connection are judged with besides themselves. Without
    /// it there is none, which is enough where a policy names the keys that vouch.
    #[must_use]
    pub fn with_collateral(mut self, collateral: Arc<Collateral>) -> Self {
        self.party.collateral = collateral;
        self
    }

    /// Asks for evidence on this connection and appraises it by the participant's own policy.
    ///
    /// Where that fails the connection is closed, and nothing but a nonce was sent over it.
    /// `accept_unprotected` says that the caller knows that whoever runs the host can see what
    /// is uploaded; without it, policies that say `"unprotected": true` are refused.
    ///
    /// # Errors
    /// [`Error::PolicyExpired`] and [`Error::Unprotected`] before anything is asked;
    /// [`Error::EvidenceRefused`] with the appraisal's own reason; those of every call.
    pub async fn attest(
        self,
        accept_unprotected: bool,
        now: Timestamp,
    ) -> Result<(Proven, Appraised), Error> {
        let Self {
            mut http,
            session,
            party,
        } = self;
        party.check_expiry(now)?;
        if party.policy.unprotected() && !accept_unprotected {
            return Err(Error::Unprotected);
        }
        let name = "POST of a nonce";
        let request = AttestationRequest {
            nonce: *session.nonce().as_bytes(),
        };
        let body = Bytes::from(request.to_json());
        let call = Call::new(name, "POST", Route::Attestation.path());
        let response = http.call(call, Some((media::JSON, body))).await?;
        let limit = limits::EVIDENCE_BYTES.saturating_mul(2);
        let AttestationResponse { evidence } = transport::read_json(name, response, limit).await?;
        let appraiser = ByPolicy {
            policy: &party.policy,
            collateral: &party.collateral,
            now,
        };
        let (session, appraised) = session
            .appraise(&evidence, &appraiser)
            .map_err(|error| Error::EvidenceRefused(Box::new(error)))?;
        if !appraised.protects_from_host() && !accept_unprotected {
            return Err(Error::Unprotected);
        }
        Ok((
            Connection {
                http,
                session,
                party,
            },
            appraised,
        ))
    }
}

impl Proven {
    /// Forgets the appraisal, to [attest](Unproven::attest) the same connection again with a new
    /// nonce: on one that lasts for hours, evidence gets old. Until that is done nothing can be
    /// uploaded over it.
    ///
    /// # Errors
    /// [`Error::Machine`] where this machine gives no randomness.
    pub fn challenge_again(self) -> Result<Unproven, Error> {
        let session = self
            .session
            .challenge_again()
            .map_err(|error| Error::Machine {
                reason: error.to_string(),
            })?;
        Ok(Connection {
            http: self.http,
            session,
            party: self.party,
        })
    }
}

/// Reference values and anchors come from the participant's copy of the policy alone.
struct ByPolicy<'a> {
    policy: &'a Policy,
    collateral: &'a Collateral,
    now: Timestamp,
}

impl Appraiser for ByPolicy<'_> {
    type Appraised = Appraised;
    type Error = AppraisalError;

    fn appraise(
        &self,
        evidence: &[u8],
        expected: &ReportData,
    ) -> Result<Appraised, AppraisalError> {
        appraise(evidence, self.policy, self.collateral, expected, self.now)
    }
}
