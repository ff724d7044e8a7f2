//! One connection to one isolate, before and after it has shown what it is.

mod approval;
mod attest;
mod body;
mod download;
mod open;
mod part;
mod quorum;
mod receipt;
mod run;
mod source;
mod stamp;
mod status;
mod upload;

use std::sync::Arc;

use veracruz_appraisal::Collateral;
use veracruz_appraisal::tpm::Activation;
use veracruz_policy::{InstanceId, ParticipantName, Policy, PolicyHash, QuorumSet, Timestamp};
use veracruz_session::{Attested, Identity, Session, Unattested};

pub use attest::Appraised;
pub use download::{DownloadOptions, Downloaded};
pub(crate) use download::{Fetch, Target, refuse_existing, unfinished};
pub use quorum::AttestedQuorum;
pub(crate) use quorum::incomplete;
pub use run::WaitOptions;
pub(crate) use source::stopped;
pub use source::{Prepared, Source, Spool};
pub use status::StatusEvents;
pub(crate) use upload::{Progress, check_contents, check_length, check_provider};
pub use upload::{Provisioning, Uploaded};

use crate::error::Error;
use crate::rate::RateLimit;
use crate::transport::Http;

/// A connection to an isolate.
///
/// [`Connection<Unattested>`](Connection) can ask for the policy, the status and evidence, and
/// nothing else. [`Connection::attest`] appraises the evidence by the participant's own copy of
/// the policy and gives a [`Connection<Attested>`](Connection), which can do the rest.
///
/// It is one connection for all its life: when it breaks, every call is
/// [`Error::ConnectionLost`], and a new connection has to be attested anew.
pub struct Connection<State> {
    http: Http,
    session: Session<State>,
    party: Party,
    limit: RateLimit,
}

/// Who the participant is, by its own copy of the policy.
#[derive(Clone)]
pub(crate) struct Party {
    policy: Arc<Policy>,
    identity: Identity,
    name: ParticipantName,
    collateral: Arc<Collateral>,
    /// What the isolate's TPM showed on this connection beside its evidence: receipts are judged
    /// with it.
    activation: Option<Activation>,
    /// The quorum of which this isolate is one, once all of it is attested: under a policy that
    /// demands one, nothing is entrusted to an isolate by itself.
    quorum: Option<Arc<QuorumSet>>,
}

impl Party {
    fn new(policy: &Arc<Policy>, identity: &Identity, now: Timestamp) -> Result<Self, Error> {
        let key = identity.key();
        let participant = policy
            .participant_by_key(&key)
            .ok_or(Error::NotAParticipant { key })?;
        if now < participant.not_before || now > participant.not_after {
            return Err(Error::CertificateDates {
                not_before: participant.not_before,
                not_after: participant.not_after,
                now,
            });
        }
        Ok(Self {
            policy: Arc::clone(policy),
            identity: identity.clone(),
            name: participant.name.clone(),
            collateral: Arc::default(),
            activation: None,
            quorum: None,
        })
    }

    /// Clients attest, approve and upload nothing after the policy's end.
    fn check_expiry(&self, now: Timestamp) -> Result<(), Error> {
        match self.policy.expires() {
            Some(expired) if now >= expired => Err(Error::PolicyExpired { expired, now }),
            _ => Ok(()),
        }
    }
}

impl<State> Connection<State> {
    /// Files pass this connection no faster than `limit` says.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// The isolate at the other end. Before appraisal: whoever claims to be one.
    pub fn instance(&self) -> InstanceId {
        self.session.instance()
    }

    /// The hash of the participant's own copy of the policy.
    pub fn policy_hash(&self) -> PolicyHash {
        self.party.policy.hash()
    }

    /// The participant's own copy of the policy.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.party.policy
    }

    /// The participant's name in the policy.
    pub fn participant(&self) -> &ParticipantName {
        &self.party.name
    }
}

impl<State> std::fmt::Debug for Connection<State> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("instance", &self.instance())
            .field("participant", &self.party.name)
            .finish_non_exhaustive()
    }
}

/// What this module's files use in common.
pub(crate) type Unproven = Connection<Unattested>;
pub(crate) type Proven = Connection<Attested>;
