//! The state of a computation, and what every event needs of it.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use veracruz_policy::{FilePath, InstanceId, Measurement, ParticipantName, Policy, Trust};
use veracruz_protocol::{ErrorCode, Problem, StateTag};
use zeroize::Zeroizing;

use crate::{Effect, Reply, StorageId, approvals::Approvals, files::Slot, runs::Runs};

/// What a computation begins with.
pub struct Setup {
    /// The policy, which is enforced as it stands.
    pub policy: Policy,
    /// This isolate's key.
    pub instance: InstanceId,
    /// This runtime's measurement, for receipts.
    pub measurement: Measurement,
    /// 32 bytes from the isolate's best source of randomness. They blind the commitments to
    /// outputs and are used for nothing else.
    pub secret: Box<dyn SecretBytes>,
}

/// 32 secret bytes, wherever their owner keeps them.
pub trait SecretBytes: Send + Sync {
    /// The bytes. They are not to be copied.
    fn bytes(&self) -> &[u8; 32];
}

impl SecretBytes for Zeroizing<[u8; 32]> {
    fn bytes(&self) -> &[u8; 32] {
        self
    }
}

/// A connection whose peer is known by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub(crate) participant: ParticipantName,
    pub(crate) attested: bool,
}

/// One computation: a policy and everything that has happened under it in this isolate.
pub struct Computation {
    pub(crate) policy: Policy,
    pub(crate) instance: InstanceId,
    pub(crate) measurement: Measurement,
    pub(crate) secret: Box<dyn SecretBytes>,
    pub(crate) approvals: Approvals,
    /// The files that have a provider.
    pub(crate) slots: BTreeMap<FilePath, Slot>,
    pub(crate) runs: Runs,
    pub(crate) closed: bool,
    /// Lower bound of the time, from accepted approvals, in seconds since 1970.
    pub(crate) time_floor: i64,
    tag: u64,
    last_id: u64,
}

impl Session {
    /// Who is at the other end.
    #[must_use]
    pub fn participant(&self) -> &ParticipantName {
        &self.participant
    }

    /// Whether evidence was fetched on this connection.
    #[must_use]
    pub fn attested(&self) -> bool {
        self.attested
    }
}

impl Computation {
    /// A computation in which nothing has happened yet.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let provided = setup
            .policy
            .files()
            .iter()
            .filter(|file| file.provider.is_some());
        let slots = provided
            .map(|file| (file.path.clone(), Slot::default()))
            .collect();
        Self {
            policy: setup.policy,
            instance: setup.instance,
            measurement: setup.measurement,
            secret: setup.secret,
            approvals: Approvals::default(),
            slots,
            runs: Runs::default(),
            closed: false,
            time_floor: i64::MIN,
            tag: 1,
            last_id: 0,
        }
    }

    /// The session of a participant of the policy; `None` for anybody else. The shell finds the
    /// name by the key that was verified in the handshake, and says whether evidence was fetched
    /// on this connection; of those who rely on a verifier, nobody expects it.
    #[must_use]
    pub fn session(&self, participant: &str, attested: bool) -> Option<Session> {
        let participant = self.policy.participant(participant)?;
        Some(Session {
            participant: participant.name.clone(),
            attested: attested || participant.trust == Trust::Verifier,
        })
    }

    /// The policy that is enforced.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// This isolate.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// The name of the state as it is now.
    #[must_use]
    pub fn tag(&self) -> StateTag {
        StateTag(self.tag)
    }

    /// Ends the computation: everything is erased, nothing can be asked for any more. A run that
    /// is at work is the shell's to kill; what it reports is not listened to.
    pub fn close(&mut self) -> Reply<()> {
        self.change(|this, effects| {
            this.closed = true;
            for slot in this.slots.values_mut() {
                slot.erase(effects);
                slot.erase_upload(effects);
            }
            this.approvals.void();
            this.runs.abandon(effects);
            Ok(())
        })
    }

    /// Carries out an event that changes the state: a success gives it a new name and notifies
    /// those who watch; a refusal does neither.
    pub(crate) fn change<T>(
        &mut self,
        event: impl FnOnce(&mut Self, &mut Vec<Effect>) -> Result<T, Problem>,
    ) -> Reply<T> {
        let mut effects = Vec::new();
        let answer = event(self, &mut effects);
        if answer.is_ok() {
            self.tag = self.tag.saturating_add(1);
            effects.push(Effect::Notify(self.tag()));
        }
        Reply::new(answer, effects)
    }

    /// The later of the isolate's clock, which its host sets, and what approvals vouch for.
    pub(crate) fn time(&self, now: i64) -> i64 {
        now.max(self.time_floor)
    }

    /// Refuses everything on connections without evidence and after the end.
    pub(crate) fn admit(&self, session: &Session) -> Result<(), Problem> {
        if self.closed {
            return Err(Problem::new(ErrorCode::Closed));
        }
        if !session.attested {
            return Err(Problem::new(ErrorCode::AttestationRequired));
        }
        Ok(())
    }

    /// Refuses what the policy does not allow any more.
    pub(crate) fn refuse_expired(&self, time: i64) -> Result<(), Problem> {
        match self.policy.expires() {
            Some(expires) if time >= expires.seconds() => {
                Err(Problem::new(ErrorCode::PolicyExpired)
                    .expected(format_args!("a time before {expires}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses changes while a run is at work, or waits for the other isolates of its quorum.
    pub(crate) fn refuse_during_run(&self) -> Result<(), Problem> {
        if self.runs.running() || self.runs.agreeing() {
            return Err(Problem::new(ErrorCode::ApprovalBarred));
        }
        Ok(())
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.saturating_add(1);
        self.last_id
    }

    pub(crate) fn next_storage(&mut self) -> StorageId {
        StorageId(self.next_id())
    }

    /// Whether a stage executes this file.
    pub(crate) fn is_program(&self, path: &FilePath) -> bool {
        self.policy
            .pipeline()
            .iter()
            .any(|stage| stage.program == *path)
    }
}
