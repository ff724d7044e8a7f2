//! A run of a quorum: outputs are held back until every isolate of it has said that it found the
//! same.
//!
//! Each isolate computes, under a key that is derived from all providers' shares, a *tag* of what it
//! found for every isolate of the quorum: over policy, run, quorum, isolate, outcome and outputs. It
//! signs and gives out the one that is its own, and knows thereby what each of the others has to
//! say. A tag that was made for another run, policy, quorum or isolate, this one's included, is none
//! of those.
//!
//! Isolates appraise nobody. Which keys are believed stands in the approvals of those who must
//! approve, all of which have to name the same quorum; a run keeps the one it began with.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use subtle::ConstantTimeEq;
use veracruz_policy::{FilePath, InstanceId, QuorumMember, QuorumSet};
use veracruz_protocol::{
    Content, ErrorCode, MemberView, MemberWord, Problem, RunOutcome, RunQuorum, RunState,
};
use veracruz_receipt::QuorumClaim;
use zeroize::Zeroizing;

use crate::{
    Computation, Effect, Reply, Session,
    agreement::{Agreement, AgreementError, Unheard},
    randomness,
    runs::Ended,
};

/// What the isolates of a quorum share while a run is at work.
pub(crate) struct QuorumKeys {
    /// Makes tags.
    tags: Zeroizing<[u8; 32]>,
    /// Makes the salts of outputs, so that receipts have equal commitments.
    pub(crate) salts: Zeroizing<[u8; 32]>,
}

/// What remains of a run's quorum.
pub(crate) struct Votes {
    set: QuorumSet,
    words: BTreeMap<InstanceId, MemberWord>,
    /// What was said, and by a signature believed: the first word of each isolate.
    tags: BTreeMap<InstanceId, [u8; 32]>,
    own: OwnWord,
}

/// What this isolate says.
enum OwnWord {
    Pending,
    Made(Vec<u8>),
    Unavailable,
}

/// A run that has ended well here, and whose outputs are held back.
pub(crate) struct Agreeing {
    pub(crate) run: u32,
    pub(crate) ended: Ended,
    /// What each of the others says if it found the same.
    expected: BTreeMap<InstanceId, [u8; 32]>,
}

impl QuorumKeys {
    pub(crate) fn of_run(run_secret: &[u8; 32]) -> Self {
        Self {
            tags: randomness::quorum_key(run_secret),
            salts: randomness::quorum_salts_key(run_secret),
        }
    }
}

impl Votes {
    pub(crate) fn new(set: QuorumSet) -> Self {
        Self {
            set,
            words: BTreeMap::new(),
            tags: BTreeMap::new(),
            own: OwnWord::Pending,
        }
    }

    /// What a receipt says of it.
    pub(crate) fn claim(&self, outcome: RunOutcome) -> QuorumClaim {
        QuorumClaim {
            members: self.set.members().to_vec(),
            agreed: outcome == RunOutcome::Finished,
        }
    }

    pub(crate) fn view(&self, this: InstanceId) -> RunQuorum {
        let view = |member: &QuorumMember| MemberView {
            instance: member.instance,
            kind: member.kind,
            word: match self.words.get(&member.instance) {
                _ if member.instance == this => MemberWord::This,
                Some(word) => *word,
                None => MemberWord::Awaited,
            },
        };
        RunQuorum {
            members: self.set.members().iter().map(view).collect(),
        }
    }
}

impl Computation {
    /// The quorum that everyone who must approve has signed; `None` where somebody has not, or not
    /// the same one.
    pub(crate) fn signed_quorum(&self, time: i64) -> Option<QuorumSet> {
        let mut required = self.policy.approval().required.iter();
        let signed = |name| self.approvals.quorum_of(name, time);
        let first = signed(required.next()?)?;
        required
            .all(|name| signed(name) == Some(first))
            .then(|| first.clone())
    }

    /// Whether two of those who must approve have signed different quorums.
    pub(crate) fn quorums_differ(&self, time: i64) -> bool {
        let required = self.policy.approval().required.iter();
        let sets: BTreeSet<_> = required
            .filter_map(|name| self.approvals.quorum_of(name, time))
            .map(QuorumSet::id)
            .collect();
        sets.len() > 1
    }

    /// A run of a quorum has ended here: says so to the others, and holds outputs back.
    pub(crate) fn vote(
        &mut self,
        run: u32,
        keys: &QuorumKeys,
        ended: Ended,
        effects: &mut Vec<Effect>,
    ) {
        let Some(votes) = self.runs.votes(run) else {
            // A run without a set is none of a quorum: nothing can release it.
            return self.conclude(run, RunOutcome::Failed, ended, effects);
        };
        let contents: Vec<(&FilePath, Content)> = ended
            .outputs
            .iter()
            .map(|(path, output)| (path, output.content))
            .collect();
        let quorum = votes.set.id();
        let tag = |instance| {
            let subject = randomness::TagSubject {
                policy: self.policy.hash(),
                run,
                quorum,
                instance,
                outcome: ended.outcome,
            };
            randomness::quorum_tag(&keys.tags, &subject, &contents)
        };
        let members = votes.set.members().iter().map(|member| member.instance);
        let expected = members
            .filter(|instance| *instance != self.instance)
            .map(|instance| (instance, tag(instance)))
            .collect();
        effects.push(Effect::SignAgreement(Agreement {
            policy: self.policy.hash(),
            run,
            quorum,
            instance: self.instance,
            tag: tag(self.instance),
        }));
        if ended.outcome != RunOutcome::Finished {
            let outcome = ended.outcome;
            return self.conclude(run, outcome, ended, effects);
        }
        self.runs.hold_back(Agreeing {
            run,
            ended,
            expected,
        });
        self.count(effects);
    }

    /// Compares what was said with what has to be said, and ends the run where that decides it: one
    /// isolate that found something else is enough to withhold, and all are needed to release.
    fn count(&mut self, effects: &mut Vec<Effect>) {
        let Some(agreeing) = self.runs.take_agreeing() else {
            return;
        };
        let Some(votes) = self.runs.votes_mut(agreeing.run) else {
            return self.conclude(agreeing.run, RunOutcome::Withheld, agreeing.ended, effects);
        };
        for (instance, tag) in &votes.tags {
            let agrees = agreeing
                .expected
                .get(instance)
                .is_some_and(|expected| bool::from(expected.ct_eq(tag)));
            let word = match agrees {
                true => MemberWord::Agrees,
                false => MemberWord::Differs,
            };
            votes.words.insert(*instance, word);
        }
        let word = |instance| votes.words.get(instance).copied();
        let mut others = agreeing.expected.keys();
        let differ = votes
            .words
            .values()
            .any(|word| *word == MemberWord::Differs);
        // A quorum has two members at least, so somebody else has to have agreed.
        let agree = !agreeing.expected.is_empty()
            && others.all(|instance| word(instance) == Some(MemberWord::Agrees));
        match (differ, agree) {
            (true, _) => {
                self.conclude(agreeing.run, RunOutcome::Withheld, agreeing.ended, effects);
            }
            (false, true) => {
                self.conclude(agreeing.run, RunOutcome::Finished, agreeing.ended, effects);
            }
            (false, false) => self.runs.hold_back(agreeing),
        }
    }

    /// What this isolate says of a run was signed; `None` where it could not be.
    pub fn agreement_made(&mut self, run: u32, message: Option<Vec<u8>>) -> Reply<()> {
        self.change(|this, _| {
            let votes = this.runs.votes_mut(run);
            let votes = votes.filter(|votes| matches!(votes.own, OwnWord::Pending));
            let votes = votes.ok_or_else(|| Problem::new(ErrorCode::RunUnknown).found(run))?;
            votes.own = message.map_or(OwnWord::Unavailable, OwnWord::Made);
            Ok(())
        })
    }

    /// `GET /v1/runs/{n}/agreement`, for every participant: it tells nothing to those who do not
    /// have every share.
    ///
    /// # Errors
    /// 404, 409 where the policy has no quorum, or the run is not over here.
    pub fn agreement(&self, session: &Session, run: u32) -> Result<&[u8], Problem> {
        self.admit(session)?;
        self.runs.record(run)?;
        let votes = self.runs.votes(run);
        match &votes.ok_or(Problem::new(ErrorCode::QuorumNone))?.own {
            OwnWord::Made(message) => Ok(message),
            OwnWord::Pending => Err(Problem::new(ErrorCode::AgreementNotReady)),
            OwnWord::Unavailable => Err(Problem::new(ErrorCode::Internal)),
        }
    }

    /// `PUT /v1/runs/{n}/agreement`: what another isolate of the quorum says, carried by whoever
    /// likes. The same once more changes nothing.
    pub fn agree(&mut self, session: &Session, run: u32, message: &[u8]) -> Reply<RunState> {
        let said = match self.heard(session, run, message) {
            Ok(said) => said,
            Err(problem) => return Reply::new(Err(problem), Vec::new()),
        };
        let Some(said) = said else {
            return Reply::new(self.run(session, run), Vec::new());
        };
        self.change(|this, effects| {
            if let Some(votes) = this.runs.votes_mut(run) {
                votes.tags.insert(said.instance, said.tag);
                votes.words.insert(said.instance, MemberWord::Heard);
            }
            this.count(effects);
            this.run(session, run)
        })
    }

    /// What a message says, if it may be believed that the isolate which it names said so; `None`
    /// where that one has said it before.
    fn heard(
        &self,
        session: &Session,
        run: u32,
        message: &[u8],
    ) -> Result<Option<Agreement>, Problem> {
        self.admit(session)?;
        self.runs.record(run)?;
        let votes = self.runs.votes(run);
        let votes = votes.ok_or(Problem::new(ErrorCode::QuorumNone))?;
        let unheard = Unheard::parse(message).map_err(unbelieved)?;
        let said = unheard.unverified();
        if said.policy != self.policy.hash() {
            return Err(Problem::new(ErrorCode::AgreementRun)
                .expected(self.policy.hash())
                .found(said.policy));
        }
        if said.run != run {
            return Err(Problem::new(ErrorCode::AgreementRun)
                .expected(format_args!("run {run}"))
                .found(format_args!("run {}", said.run)));
        }
        if said.quorum != votes.set.id() {
            return Err(Problem::new(ErrorCode::AgreementRun)
                .expected(format_args!("the quorum {}", votes.set.id()))
                .found(format_args!("the quorum {}", said.quorum)));
        }
        if said.instance == self.instance || !votes.set.contains(&said.instance) {
            return Err(Problem::new(ErrorCode::AgreementMember)
                .expected("another isolate of the quorum")
                .found(said.instance));
        }
        let said = unheard.verify().map_err(unbelieved)?;
        match votes.tags.get(&said.instance) {
            None => Ok(Some(said)),
            Some(before) if bool::from(before.ct_eq(&said.tag)) => Ok(None),
            Some(_) => Err(Problem::new(ErrorCode::AgreementRepeated).found(said.instance)),
        }
    }
}

fn unbelieved(error: AgreementError) -> Problem {
    let code = match error {
        AgreementError::Malformed => ErrorCode::AgreementMalformed,
        AgreementError::OtherKey => ErrorCode::AgreementMember,
        AgreementError::BadSignature => ErrorCode::AgreementSignature,
    };
    Problem::new(code).detail(error)
}
