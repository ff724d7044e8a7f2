//! The one function that gives verdicts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use veracruz_appraisal::{AppraisalError, Appraised, Collateral, appraise};
use veracruz_evidence::{Evidence, ReportData, report_data};
use veracruz_policy::{KeyDigest, Policy, PublicKey, Sha256, Timestamp};

use crate::challenge::Challenge;
use crate::database::{Audit, Database, DatabaseError, Standing};
use crate::metrics::Metrics;

/// Evidence that this service found good, under a challenge that it drew itself.
///
/// The one function that judges (`Judge::judge`) makes one; what signs takes one.
#[derive(Debug)]
pub struct Verdict {
    appraised: Appraised,
    isolate: Option<KeyDigest>,
    purpose: Purpose,
}

impl Verdict {
    /// What was found.
    #[must_use]
    pub const fn appraised(&self) -> &Appraised {
        &self.appraised
    }

    /// Digest of the isolate's key, where the evidence is bound to one.
    #[must_use]
    pub const fn isolate(&self) -> Option<KeyDigest> {
        self.isolate
    }

    /// Whether it is about a key that is to be certified.
    pub(crate) fn is_for_certificate(&self) -> bool {
        self.purpose == Purpose::Certificate
    }
}

/// Why there is no verdict that could be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The evidence is not good.
    #[error("{0}")]
    Evidence(#[from] AppraisalError),
    /// There is nothing to hold it against: it came without a policy, and no policy is stored here.
    #[error("no reference values are stored here, and the evidence came without a policy")]
    NoReference,
    /// The policy has expired.
    #[error("the policy expired at {at}, and it is {now}")]
    PolicyExpired {
        /// Its end.
        at: Timestamp,
        /// The service's time.
        now: Timestamp,
    },
    /// The policy does not name this verifier with these keys: its parties do not believe it.
    #[error(
        "the policy does not name the verifier {name:?} with its keys {ear_key} and its authority"
    )]
    NotNamed {
        /// This verifier's name.
        name: String,
        /// Digest of the key of its results.
        ear_key: KeyDigest,
    },
    /// The key that vouches for the isolate was never enrolled here.
    #[error("the key {attester} that vouches for the isolate is not enrolled here")]
    AttesterUnknown {
        /// Its digest.
        attester: KeyDigest,
    },
    /// It was, and was revoked.
    #[error("the key {attester} that vouches for the isolate was revoked here")]
    AttesterRevoked {
        /// Its digest.
        attester: KeyDigest,
    },
    /// The challenge's nonce does not have the 32 bytes that go into this report data.
    #[error("this report data takes a nonce of 32 bytes")]
    NonceSize,
    /// The database failed: without it nothing is known to be unrevoked, and nothing is signed that
    /// was not written down.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What evidence is bound to besides the challenge, by the caller's word. A lie makes another
/// report data than the evidence has.
#[derive(Debug)]
pub(crate) enum Binding {
    /// The challenge alone.
    Challenge,
    /// One TLS connection of an isolate with a participant.
    Session {
        server_spki: Vec<u8>,
        client_spki: Vec<u8>,
        exporter: [u8; 32],
    },
    /// The isolate's key, for this verifier.
    Key { spki: Vec<u8> },
    /// The isolate's key, to be certified.
    Certificate { spki: Vec<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Challenge,
    Session,
    Key,
    Certificate,
}

/// What is to be judged.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// Used up by the verdict.
    pub(crate) challenge: Challenge,
    pub(crate) binding: Binding,
    /// Evidence in its envelope.
    pub(crate) evidence: &'a [u8],
    /// The parties' policy; without one the stored ones are the reference.
    pub(crate) policy: Option<Policy>,
    /// Who asks.
    pub(crate) peer: IpAddr,
}

/// What verdicts are given with.
pub(crate) struct Judge {
    pub(crate) name: String,
    pub(crate) ear_key: PublicKey,
    /// DER of the authority's certificate.
    pub(crate) authority: Vec<u8>,
    pub(crate) collateral: Collateral,
    pub(crate) database: Database,
    pub(crate) metrics: Arc<Metrics>,
}

impl Judge {
    /// Judges, and writes down what came of it. There is no other way to a [`Verdict`].
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) async fn judge(&self, case: Case<'_>) -> Result<Verdict, Refusal> {
        let now = now();
        let mut audit = Audit {
            given_at: now,
            peer: case.peer.to_string(),
            purpose: case.binding.purpose().name(),
            technology: Evidence::parse(case.evidence)
                .ok()
                .map(|evidence| evidence.technology().name()),
            policy: case.policy.as_ref().map(Policy::hash),
            evidence: Sha256::of(case.evidence),
            measurement: None,
            attester: None,
            refused: None,
        };
        let verdict = self.find(case, now).await;
        match &verdict {
            Ok(verdict) => {
                audit.policy = Some(verdict.appraised.policy());
                audit.measurement = Some(verdict.appraised.measurement());
                audit.attester = verdict.appraised.attester();
            }
            Err(refusal) => audit.refused = Some(refusal.to_string()),
        }
        self.metrics
            .verdict(audit.technology, audit.purpose, verdict.is_ok());
        let written = self.database.write_down(&audit).await;
        // In this order: what is refused stays refused for its own reason.
        let verdict = verdict?;
        written?;
        Ok(verdict)
    }

    async fn find(&self, case: Case<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
        let purpose = case.binding.purpose();
        let isolate = case.binding.isolate();
        let appraised = match &case.policy {
            Some(policy) => {
                self.check_policy(policy, purpose, now)?;
                let expected = self.report_data(&case, policy)?;
                appraise(case.evidence, policy, &self.collateral, &expected, now)?
            }
            None => self.appraise_by_stored(&case, now).await?,
        };
        self.check_attester(&appraised).await?;
        Ok(Verdict {
            appraised,
            isolate,
            purpose,
        })
    }

    /// Whether its parties would have this verifier speak under this policy.
    fn check_policy(
        &self,
        policy: &Policy,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Some(at) = policy.expires().filter(|at| *at < now) {
            return Err(Refusal::PolicyExpired { at, now });
        }
        let named = policy.verifiers().iter().any(|verifier| {
            verifier.name == self.name
                && verifier.ear_key == self.ear_key
                && verifier.ca == self.authority
        });
        if purpose == Purpose::Certificate && !named {
            return Err(Refusal::NotNamed {
                name: self.name.clone(),
                ear_key: self.ear_key.digest(),
            });
        }
        Ok(())
    }

    /// Evidence without a policy: good if it is good under one of those that the administrator
    /// stored.
    async fn appraise_by_stored(
        &self,
        case: &Case<'_>,
        now: Timestamp,
    ) -> Result<Appraised, Refusal> {
        let mut refusal = Refusal::NoReference;
        for policy in self.database.reference_documents().await? {
            if self.check_policy(&policy, Purpose::Challenge, now).is_err() {
                continue;
            }
            let expected = self.report_data(case, &policy)?;
            match appraise(case.evidence, &policy, &self.collateral, &expected, now) {
                Ok(appraised) => return Ok(appraised),
                Err(error) => refusal = closer(refusal, error),
            }
        }
        Err(refusal)
    }

    /// A key without a vendor behind it must be enrolled here *besides* being named in the policy.
    async fn check_attester(&self, appraised: &Appraised) -> Result<(), Refusal> {
        let Some(attester) = appraised.attester() else {
            return Ok(());
        };
        match self.database.standing(&attester).await? {
            Standing::Enrolled => Ok(()),
            Standing::Revoked => Err(Refusal::AttesterRevoked { attester }),
            Standing::Unknown => Err(Refusal::AttesterUnknown { attester }),
        }
    }

    fn report_data(&self, case: &Case<'_>, policy: &Policy) -> Result<ReportData, Refusal> {
        let policy = policy.hash();
        let nonce = case.challenge.nonce().ok_or(Refusal::NonceSize);
        Ok(match &case.binding {
            Binding::Challenge => case.challenge.as_report_data(),
            Binding::Session {
                server_spki,
                client_spki,
                exporter,
            } => report_data::session(&policy, server_spki, client_spki, exporter, &nonce?),
            Binding::Key { spki } | Binding::Certificate { spki } => {
                report_data::key(&policy, spki, self.ear_key.spki(), &nonce?)
            }
        })
    }
}

impl Binding {
    const fn purpose(&self) -> Purpose {
        match self {
            Self::Challenge => Purpose::Challenge,
            Self::Session { .. } => Purpose::Session,
            Self::Key { .. } => Purpose::Key,
            Self::Certificate { .. } => Purpose::Certificate,
        }
    }

    fn isolate(&self) -> Option<KeyDigest> {
        match self {
            Self::Challenge => None,
            Self::Session {
                server_spki: spki, ..
            }
            | Self::Key { spki }
            | Self::Certificate { spki } => Some(KeyDigest::of_spki(spki)),
        }
    }
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Session => "session",
            Self::Key => "key",
            Self::Certificate => "certificate",
        }
    }
}

/// Of the reasons under several policies, one that says more than that the policy is for another
/// kind of isolate.
fn closer(before: Refusal, found: AppraisalError) -> Refusal {
    match (&before, &found) {
        (Refusal::Evidence(before), AppraisalError::WrongTechnology { .. })
            if !matches!(before, AppraisalError::WrongTechnology { .. }) => {}
        _ => return Refusal::Evidence(found),
    }
    before
}

/// This service's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
