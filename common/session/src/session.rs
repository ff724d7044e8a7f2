//! The rule that a participant trusts nothing before the evidence, as a type.

use core::fmt;

use thiserror::Error;
use veracruz_evidence::{Nonce, ReportData};
use veracruz_policy::{InstanceId, PolicyHash};

use crate::channel::Channel;

/// Decides whether evidence is good. `veracruz-appraisal` does, by the participant's own policy.
pub trait Appraiser {
    /// What an appraisal says.
    type Appraised;
    /// A question that evidence leaves open, and that the far end can answer.
    type Challenge;
    /// Why evidence is refused.
    type Error;

    /// Appraises `evidence`, which must carry exactly `expected`.
    ///
    /// # Errors
    /// Where the evidence does not show, beyond doubt, what the policy asks for, and no answer
    /// could.
    fn appraise(
        &self,
        evidence: &[u8],
        expected: &ReportData,
    ) -> Result<Judgement<Self::Appraised, Self::Challenge>, Self::Error>;

    /// Judges the answer to a question of its own.
    ///
    /// # Errors
    /// Where it is not the right one.
    fn finish(
        &self,
        challenge: Self::Challenge,
        answer: &[u8],
    ) -> Result<Self::Appraised, Self::Error>;
}

/// What an appraiser makes of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement<Appraised, Challenge> {
    /// It shows all that the policy asks for.
    Appraised(Appraised),
    /// It shows all but one thing, which the answer to this shows.
    Challenge(Challenge),
}

/// A participant's view of one connection to an isolate.
///
/// One session is one connection and one nonce. [`Session::appraise`] takes the session, so that
/// a nonce is answered once: evidence that was refused cannot be tried again, and no more can an
/// answer to an appraiser's [challenge](Challenged).
#[derive(Debug)]
pub struct Session<State> {
    channel: Channel,
    policy: PolicyHash,
    state: State,
}

/// Nothing is known about the far end but that it holds a key.
pub struct Unattested {
    nonce: Nonce,
}

/// The evidence was good, and left a question open: the far end is not trusted before it has
/// answered that.
#[derive(Debug)]
pub struct Challenged<Challenge>(Challenge);

/// A session after evidence: over as far as appraisal goes, or one answer away from it.
#[derive(Debug)]
pub enum Step<Appraised, Challenge> {
    /// The far end may be trusted.
    Attested(Session<Attested>, Appraised),
    /// It must answer first.
    Challenged(Session<Challenged<Challenge>>),
}

/// The far end is an isolate that the participant's policy accepts.
#[derive(Debug)]
pub struct Attested(());

/// Why there is no session.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The host led to another isolate than the one that was asked for.
    #[error("expected the isolate {expected}, found {found}")]
    OtherInstance {
        /// The isolate that was dialled.
        expected: InstanceId,
        /// The isolate that answered.
        found: InstanceId,
    },
    /// The operating system gave no randomness.
    #[error("no randomness for a nonce")]
    NoRandomness,
}

impl Session<Unattested> {
    /// Begins a session on a finished connection, with a fresh nonce.
    ///
    /// `policy` is the hash of the participant's *own copy*. Where `instance` is given, the far
    /// end's key must be that isolate's.
    ///
    /// # Errors
    /// [`SessionError::OtherInstance`], [`SessionError::NoRandomness`].
    pub fn new(
        channel: Channel,
        policy: PolicyHash,
        instance: Option<&InstanceId>,
    ) -> Result<Self, SessionError> {
        let found = InstanceId::from(channel.peer());
        if let Some(expected) = instance
            && *expected != found
        {
            return Err(SessionError::OtherInstance {
                expected: *expected,
                found,
            });
        }
        let state = Unattested::draw()?;
        Ok(Self {
            channel,
            policy,
            state,
        })
    }

    /// The nonce to ask for evidence with.
    pub fn nonce(&self) -> &Nonce {
        &self.state.nonce
    }

    /// Lets `appraiser` judge the evidence that came back for [`Session::nonce`].
    ///
    /// # Errors
    /// Whatever the appraiser says; the session is then over.
    pub fn appraise<A: Appraiser>(
        self,
        evidence: &[u8],
        appraiser: &A,
    ) -> Result<Step<A::Appraised, A::Challenge>, A::Error> {
        let expected = self.channel.report_data(&self.policy, &self.state.nonce);
        Ok(match appraiser.appraise(evidence, &expected)? {
            Judgement::Appraised(appraised) => Step::Attested(self.with(Attested(())), appraised),
            Judgement::Challenge(challenge) => Step::Challenged(self.with(Challenged(challenge))),
        })
    }
}

impl<Challenge> Session<Challenged<Challenge>> {
    /// What to ask on this connection.
    pub fn challenge(&self) -> &Challenge {
        &self.state.0
    }

    /// Lets the appraiser judge the answer that came back for [`Session::challenge`].
    ///
    /// # Errors
    /// Whatever the appraiser says; the session is then over.
    pub fn answer<A: Appraiser<Challenge = Challenge>>(
        self,
        answer: &[u8],
        appraiser: &A,
    ) -> Result<(Session<Attested>, A::Appraised), A::Error> {
        let appraised = appraiser.finish(self.state.0, answer)?;
        let session = Session {
            channel: self.channel,
            policy: self.policy,
            state: Attested(()),
        };
        Ok((session, appraised))
    }
}

impl Session<Attested> {
    /// Forgets the appraisal and draws a new nonce, to attest the same connection again: on one
    /// that lasts, evidence gets old. Until then nothing more can be sent over it than before the
    /// first time.
    ///
    /// # Errors
    /// [`SessionError::NoRandomness`].
    pub fn challenge_again(self) -> Result<Session<Unattested>, SessionError> {
        Ok(self.with(Unattested::draw()?))
    }
}

impl Unattested {
    /// A fresh nonce.
    fn draw() -> Result<Self, SessionError> {
        let mut nonce = [0; 32];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| SessionError::NoRandomness)?;
        Ok(Self {
            nonce: Nonce::from_bytes(nonce),
        })
    }
}

impl<State> Session<State> {
    /// The same connection, of which something else is known now.
    fn with<Next>(self, state: Next) -> Session<Next> {
        Session {
            channel: self.channel,
            policy: self.policy,
            state,
        }
    }

    /// The connection.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The policy of the participant.
    pub fn policy(&self) -> &PolicyHash {
        &self.policy
    }

    /// The isolate at the far end. Before appraisal: whoever claims to be one.
    pub fn instance(&self) -> InstanceId {
        InstanceId::from(self.channel.peer())
    }
}

impl fmt::Debug for Unattested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unattested")
    }
}
