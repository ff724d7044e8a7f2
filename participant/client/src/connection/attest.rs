//! The step from a connection to trust in its far end.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
pub use veracruz_appraisal::Appraised;
use veracruz_appraisal::tpm::{Challenge, Pending};
use veracruz_appraisal::{AppraisalError, Collateral, begin};
use veracruz_evidence::ReportData;
use veracruz_policy::{Policy, Timestamp};
use veracruz_protocol::{
    AttestationRequest, AttestationResponse, CredentialRequest, CredentialResponse, Route, limits,
    media,
};
use veracruz_session::{Appraiser, Judgement, Step};

use super::{Connection, Proven, Unproven};
use crate::error::Error;
use crate::random;
use crate::transport::{self, Call, Http};

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
    /// Where that fails the connection is closed, and nothing but a nonce was sent over it; and a
    /// secret for its TPM, where the policy trusts that by its endorsement key.
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
            mut party,
            limit,
        } = self;
        party.check_expiry(now)?;
        if party.policy.unprotected() && !accept_unprotected {
            return Err(Error::Unprotected);
        }
        let request = AttestationRequest {
            nonce: *session.nonce().as_bytes(),
        };
        let AttestationResponse { evidence } = post(
            &mut http,
            "POST of a nonce",
            &Route::Attestation,
            request.to_json(),
            limits::EVIDENCE_BYTES.saturating_mul(2),
        )
        .await?;
        let random = random::secret::<{ Pending::RANDOM_BYTES }>()?;
        let appraiser = ByPolicy {
            policy: &party.policy,
            collateral: &party.collateral,
            now,
            random: &random,
        };
        let refused = |error| Error::EvidenceRefused(Box::new(error));
        let step = session.appraise(&evidence, &appraiser).map_err(refused)?;
        let (session, appraised) = match step {
            Step::Attested(session, appraised) => (session, appraised),
            Step::Challenged(session) => {
                let answer = ask(&mut http, session.challenge()).await?;
                session.answer(&answer, &appraiser).map_err(refused)?
            }
        };
        if !appraised.protects_from_host() && !accept_unprotected {
            return Err(Error::Unprotected);
        }
        party.activation = appraised.activation().cloned();
        Ok((
            Connection {
                http,
                session,
                party,
                limit,
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
            limit: self.limit,
        })
    }
}

/// Has the isolate's TPM open a credential, on the connection to which its evidence is bound.
async fn ask(http: &mut Http, challenge: &Challenge) -> Result<[u8; 64], Error> {
    let credential = challenge.credential();
    let request = CredentialRequest {
        credential_blob: credential.blob.clone(),
        secret: credential.secret.clone(),
    };
    let CredentialResponse { answer } = post(
        http,
        "POST of a credential",
        &Route::Credential,
        request.to_json(),
        limits::REQUEST_BYTES,
    )
    .await?;
    Ok(answer)
}

/// Sends JSON, and reads at most `limit` bytes of it back.
async fn post<T: DeserializeOwned>(
    http: &mut Http,
    name: &'static str,
    route: &Route,
    json: String,
    limit: usize,
) -> Result<T, Error> {
    let call = Call::new(name, "POST", route.path());
    let body = (media::JSON, Bytes::from(json));
    let response = http.call(call, Some(body)).await?;
    transport::read_json(name, response, limit).await
}

/// Reference values and anchors come from the participant's copy of the policy alone.
struct ByPolicy<'a> {
    policy: &'a Policy,
    collateral: &'a Collateral,
    now: Timestamp,
    /// For one challenge.
    random: &'a [u8; Pending::RANDOM_BYTES],
}

impl Appraiser for ByPolicy<'_> {
    type Appraised = Appraised;
    type Challenge = Challenge;
    type Error = AppraisalError;

    fn appraise(
        &self,
        evidence: &[u8],
        expected: &ReportData,
    ) -> Result<Judgement<Appraised, Challenge>, AppraisalError> {
        use veracruz_appraisal::Judgement as Found;
        match begin(evidence, self.policy, self.collateral, expected, self.now)? {
            Found::Appraised(appraised) => Ok(Judgement::Appraised(appraised)),
            Found::Pending(pending) => pending.challenge(self.random).map(Judgement::Challenge),
        }
    }

    fn finish(&self, challenge: Challenge, answer: &[u8]) -> Result<Appraised, AppraisalError> {
        challenge.finish(answer)
    }
}
