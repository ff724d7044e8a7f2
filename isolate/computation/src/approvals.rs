//! Approvals and withdrawals.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::{String, ToString},
};

use p256::{
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
    pkcs8::DecodePublicKey,
};
use veracruz_policy::{Approve, ParticipantName, QuorumSet, Sha256};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, ErrorCode, Instances, Jws, JwsError, Problem,
    StateTag, WithdrawalAnswer, WithdrawnWhen,
};

use crate::{Computation, Reply, Session};

/// How many approvals of one participant an isolate accepts in its life: it remembers the
/// identifier of each.
pub const MAX_APPROVALS: usize = 1024;

/// How far an approval may be dated ahead of this isolate's clock, in seconds: a day.
///
/// An accepted date is never gone back behind, so that a host which sets the clock back keeps no
/// expired policy alive. Without a bound, one participant could date an approval so far ahead that
/// everybody else's has expired. Clocks of honest parties differ by less.
const MAX_AHEAD: i64 = 24 * 60 * 60;

/// Who has approved.
#[derive(Default)]
pub(crate) struct Approvals {
    held: BTreeMap<ParticipantName, Held>,
    used: BTreeMap<ParticipantName, BTreeSet<ApprovalId>>,
    withdrawn: BTreeMap<ParticipantName, WithdrawalAnswer>,
    /// The quorum that a participant signed here, until it withdraws: what it provides is with those
    /// isolates, and with no others.
    quorums: BTreeMap<ParticipantName, QuorumSet>,
}

/// An approval that was accepted.
pub(crate) struct Held {
    compact: String,
    expires: i64,
}

impl Computation {
    /// `PUT /v1/approval`: accepts a signed approval. It may be somebody else's, carried by the
    /// caller, unless that participant withdrew before.
    pub fn approve(&mut self, session: &Session, compact: &str, now: i64) -> Reply<StateTag> {
        let reply = self.change(|this, _| this.accept(session, compact, now));
        Reply::new(reply.answer.map(|()| self.tag()), reply.effects)
    }

    /// `DELETE /v1/approval`: takes back the caller's approval and erases what it provided.
    ///
    /// During a run, the run goes on with what it has; the inputs are erased when it ends, and
    /// there is no further one.
    pub fn withdraw(&mut self, session: &Session) -> Reply<WithdrawalAnswer> {
        self.change(|this, effects| {
            this.admit(session)?;
            let run = this.runs.last_started();
            let withdrawn = match run {
                _ if this.runs.running() => WithdrawnWhen::DuringRun,
                Some(_) => WithdrawnWhen::AfterRun,
                None => WithdrawnWhen::BeforeRun,
            };
            let answer = WithdrawalAnswer { withdrawn, run };
            this.approvals.withdraw(&session.participant, answer);
            match withdrawn {
                WithdrawnWhen::DuringRun => this.runs.leave(&session.participant),
                _ => this.erase_files_of(&session.participant, effects),
            }
            Ok(answer)
        })
    }

    fn accept(&mut self, session: &Session, compact: &str, now: i64) -> Result<(), Problem> {
        self.admit(session)?;
        self.refuse_during_run()?;
        let jws = Jws::parse(compact).map_err(|error| unreadable(&error))?;
        let statement = &jws.statement;
        self.check_signature(&jws)?;
        self.check_subject(session, statement)?;
        let quorum = self.check_instances(statement)?;
        self.check_programs(statement)?;
        let time = self.check_times(statement, now)?;
        self.approvals
            .remember(&statement.participant, &statement.jti)?;
        self.time_floor = time;
        self.approvals.withdrawn.remove(&statement.participant);
        self.runs.rejoin(&statement.participant);
        if let Some(quorum) = quorum {
            let quorums = &mut self.approvals.quorums;
            quorums.insert(statement.participant.clone(), quorum);
        }
        self.approvals.held.insert(
            statement.participant.clone(),
            Held {
                compact: compact.to_string(),
                expires: statement.exp,
            },
        );
        Ok(())
    }

    /// The key is the one that the policy pins, and so is the algorithm.
    fn check_signature(&self, jws: &Jws) -> Result<(), Problem> {
        let name = &jws.statement.participant;
        let participant = self.policy.participant(name.as_str()).ok_or_else(|| {
            Problem::new(ErrorCode::ApprovalParticipant)
                .expected("a participant of the policy")
                .found(name)
        })?;
        let key = VerifyingKey::from_public_key_der(&participant.spki)
            .map_err(|_| Problem::new(ErrorCode::Internal))?;
        let wrong = || {
            Problem::new(ErrorCode::ApprovalSignature).expected(format_args!(
                "a signature by the key of {name}, {}",
                participant.key
            ))
        };
        let signature = Signature::from_slice(&jws.signature).map_err(|_| wrong())?;
        key.verify(jws.signing_input.as_bytes(), &signature)
            .map_err(|_| wrong())
    }

    /// It is an approval of this policy, and its bearer may bring it.
    fn check_subject(
        &self,
        session: &Session,
        statement: &ApprovalStatement,
    ) -> Result<(), Problem> {
        if statement.purpose != APPROVAL_PURPOSE {
            return Err(Problem::new(ErrorCode::ApprovalPurpose)
                .expected(APPROVAL_PURPOSE)
                .found(&statement.purpose));
        }
        if statement.policy != self.policy.hash() {
            return Err(Problem::new(ErrorCode::ApprovalPolicy)
                .expected(self.policy.hash())
                .found(statement.policy));
        }
        if session.participant != statement.participant
            && self.approvals.withdrawal(&statement.participant).is_some()
        {
            return Err(Problem::new(ErrorCode::ApprovalParticipant)
                .detail(format_args!("{} withdrew before", statement.participant))
                .expected("a session of its own")
                .found(format_args!("a session of {}", session.participant)));
        }
        Ok(())
    }

    /// It is for this instance, or for a quorum of the policy with this instance in it.
    fn check_instances(&self, statement: &ApprovalStatement) -> Result<Option<QuorumSet>, Problem> {
        let unfit = || Problem::new(ErrorCode::ApprovalQuorum);
        match &statement.instances {
            Instances::Quorum(members) => {
                let set =
                    QuorumSet::new(&self.policy, members).map_err(|error| unfit().detail(error))?;
                if !set.contains(&self.instance) {
                    return Err(Problem::new(ErrorCode::ApprovalInstance).expected(self.instance));
                }
                match self.approvals.quorums.get(&statement.participant) {
                    Some(before) if *before != set => {
                        Err(Problem::new(ErrorCode::ApprovalOtherQuorum)
                            .expected(before.id())
                            .found(set.id()))
                    }
                    _ => Ok(Some(set)),
                }
            }
            _ if !self.policy.quorum().is_empty() => {
                Err(unfit().expected("an isolate of each kind of the quorum, with its kind"))
            }
            Instances::These(list) if list.contains(&self.instance) => Ok(None),
            Instances::These(_) => {
                Err(Problem::new(ErrorCode::ApprovalInstance).expected(self.instance))
            }
            Instances::Any => match self.unpinned_programs().first() {
                Some((path, _)) => Err(Problem::new(ErrorCode::ApprovalAnyInstance)
                    .detail(format_args!("the policy does not pin {}", path.as_str()))
                    .expected(self.instance)
                    .found("any")),
                None => Ok(None),
            },
        }
    }

    /// It names the digest of every program that the policy leaves open, as it is here.
    fn check_programs(&self, statement: &ApprovalStatement) -> Result<(), Problem> {
        let unpinned = self.unpinned_programs();
        for (path, here) in &unpinned {
            let problem = Problem::new(ErrorCode::ApprovalPrograms).detail(path.as_str());
            let Some(here) = here else {
                return Err(problem
                    .expected("approval after the program")
                    .found("no program yet"));
            };
            let named = statement
                .programs
                .iter()
                .find(|program| program.path == **path);
            match named {
                Some(named) if named.sha256 == *here => {}
                Some(named) => return Err(problem.expected(here).found(named.sha256)),
                None => return Err(problem.expected(here).found("no digest")),
            }
        }
        let named_only = |program: &&veracruz_protocol::ProgramDigest| {
            unpinned.iter().all(|(path, _)| **path != program.path)
        };
        match statement.programs.iter().find(named_only) {
            Some(other) => Err(Problem::new(ErrorCode::ApprovalPrograms)
                .expected("programs that the policy does not pin, and no other file")
                .found(other.path.as_str())),
            None => Ok(()),
        }
    }

    /// It holds now. Returns the time, which its own `iat` may have moved on.
    fn check_times(&self, statement: &ApprovalStatement, now: i64) -> Result<i64, Problem> {
        let latest = self.time(now).saturating_add(MAX_AHEAD);
        if statement.iat > latest {
            return Err(Problem::new(ErrorCode::ApprovalNotYet)
                .detail("by this isolate's clock, which its host sets")
                .expected(format_args!("`iat` not after {latest}"))
                .found(statement.iat));
        }
        let time = self.time(now).max(statement.iat);
        self.refuse_expired(time)?;
        if statement.exp <= time {
            return Err(Problem::new(ErrorCode::ApprovalExpired)
                .expected(format_args!("`exp` after {time}"))
                .found(statement.exp));
        }
        if statement.nbf > time {
            return Err(Problem::new(ErrorCode::ApprovalNotYet)
                .expected(format_args!("`nbf` not after {time}"))
                .found(statement.nbf));
        }
        Ok(time)
    }

    /// Whether this participant's approval holds.
    pub(crate) fn has_approved(&self, participant: &ParticipantName, time: i64) -> bool {
        self.approvals
            .held
            .get(participant)
            .is_some_and(|held| time < held.expires)
    }

    /// Whether no run starts without this participant's approval.
    pub(crate) fn must_approve(&self, participant: &ParticipantName) -> bool {
        self.policy.approval().required.contains(participant)
    }

    /// After a run: approvals are used up, unless the policy asks for them once.
    pub(crate) fn use_up_approvals(&mut self) {
        if self.policy.approval().approve != Approve::Once {
            self.approvals.void();
        }
    }
}

impl Approvals {
    /// All approvals are gone; what was used stays used.
    pub(crate) fn void(&mut self) {
        self.held.clear();
    }

    /// How a participant withdrew, which it has not approved again since.
    pub(crate) fn withdrawal(&self, participant: &ParticipantName) -> Option<WithdrawalAnswer> {
        self.withdrawn.get(participant).copied()
    }

    /// The signed statement of the approval that was accepted last and is not gone, as it was sent.
    /// It may have expired.
    pub(crate) fn statement(&self, participant: &ParticipantName) -> Option<&str> {
        self.held.get(participant).map(|held| held.compact.as_str())
    }

    /// The digests of the statements that hold, for a receipt.
    pub(crate) fn digests(&self, time: i64) -> BTreeMap<ParticipantName, Sha256> {
        let held = self.held.iter().filter(|(_, held)| time < held.expires);
        held.map(|(name, held)| (name.clone(), Sha256::of(held.compact.as_bytes())))
            .collect()
    }

    /// The quorum that a participant's approval names, while it holds.
    pub(crate) fn quorum_of(&self, participant: &ParticipantName, time: i64) -> Option<&QuorumSet> {
        let holds = self
            .held
            .get(participant)
            .is_some_and(|held| time < held.expires);
        self.quorums.get(participant).filter(|_| holds)
    }

    fn withdraw(&mut self, participant: &ParticipantName, answer: WithdrawalAnswer) {
        self.held.remove(participant);
        self.quorums.remove(participant);
        self.withdrawn.insert(participant.clone(), answer);
    }

    fn remember(&mut self, participant: &ParticipantName, id: &ApprovalId) -> Result<(), Problem> {
        let used = self.used.entry(participant.clone()).or_default();
        if used.contains(id) {
            return Err(Problem::new(ErrorCode::ApprovalReplayed).found(id.as_str()));
        }
        if used.len() >= MAX_APPROVALS {
            return Err(Problem::new(ErrorCode::ApprovalsFull).expected(MAX_APPROVALS));
        }
        used.insert(id.clone());
        Ok(())
    }
}

fn unreadable(error: &JwsError) -> Problem {
    match error {
        JwsError::Algorithm { found } => Problem::new(ErrorCode::ApprovalAlgorithm)
            .expected("ES256")
            .found(found),
        _ => Problem::new(ErrorCode::ApprovalMalformed).detail(error),
    }
}
