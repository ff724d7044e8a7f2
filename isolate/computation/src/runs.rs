//! Starting runs, ending them, and what remains of them.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    vec::Vec,
};

use veracruz_policy::{FilePath, ParticipantName, Sha256};
use veracruz_protocol::{Content, ErrorCode, Problem, RunOutcome, RunState, StateTag};
use zeroize::Zeroizing;

use crate::{
    Computation, Effect, Failure, Reply, Session, StorageId, WritePlan,
    quorum::{Agreeing, QuorumKeys, Votes},
    randomness::{self, Contribution},
    receipts::{Receipt, Snapshot},
};

/// How many runs are remembered, the latest ones; older receipts are gone.
pub const KEPT_RUNS: usize = 64;

/// What a run used; receipts round it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// From the first stage's start to the last one's end, in milliseconds.
    pub wall_ms: u64,
    /// Processor time of all stages, in milliseconds.
    pub cpu_ms: u64,
    /// The largest memory of a stage, in bytes.
    pub memory_bytes: u64,
}

/// How a run ended, as its shell tells it.
#[derive(Clone, Debug)]
pub enum RunReport {
    /// All stages ended well.
    Finished {
        /// What they wrote, intermediate files or not; what is not in it is empty.
        written: Vec<WrittenFile>,
        /// What it took.
        resources: Resources,
    },
    /// A stage failed, and those after it did not begin. What it took until then is not told: it
    /// would say how far it came, in a receipt that everybody can fetch.
    Failed(Failure),
}

/// A file that a run wrote, after its workers were dead: nobody can change it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// As in the plan.
    pub storage: StorageId,
    /// Length and digest.
    pub content: Content,
}

/// All runs of this instance.
#[derive(Default)]
pub(crate) struct Runs {
    started: u32,
    current: Option<Current>,
    /// The run that has ended well here, and waits for the others of its quorum.
    agreeing: Option<Agreeing>,
    records: BTreeMap<u32, Record>,
    /// Who withdrew during a run: there is none without its new approval.
    leaving: BTreeSet<ParticipantName>,
}

/// The run that is at work.
struct Current {
    written: Vec<WritePlan>,
    snapshot: Snapshot,
    /// Where the policy has a quorum.
    keys: Option<QuorumKeys>,
}

/// A run whose programs are done.
pub(crate) struct Ended {
    pub(crate) outcome: RunOutcome,
    pub(crate) outputs: BTreeMap<FilePath, Output>,
    snapshot: Snapshot,
    resources: Resources,
}

/// What remains of a run.
pub(crate) struct Record {
    run: u32,
    started_by: ParticipantName,
    outcome: RunOutcome,
    failure: Option<Failure>,
    outputs: BTreeMap<FilePath, Output>,
    pub(crate) receipt: Receipt,
    votes: Option<Votes>,
}

/// A released output.
pub(crate) struct Output {
    pub(crate) storage: StorageId,
    pub(crate) content: Content,
    pub(crate) salt: Zeroizing<[u8; 32]>,
}

impl Computation {
    /// `POST /v1/runs`: starts a run on the state that the caller saw (`If-Match`).
    ///
    /// It counts from here on, however it ends. Outputs of the run before it and unfinished
    /// uploads are erased.
    pub fn start_run(
        &mut self,
        session: &Session,
        seen: Option<StateTag>,
        now: i64,
    ) -> Reply<RunState> {
        self.change(|this, effects| {
            let time = this.may_start(session, seen, now)?;
            let votes = this.votes_of_next_run(time)?;
            let run = this.runs.started.saturating_add(1);
            let secret = randomness::run_secret(this.contributions(), &this.policy.hash(), run);
            let snapshot = this.snapshot(&secret, time);
            let plan = this
                .plan(run, &secret)
                .ok_or(Problem::new(ErrorCode::Internal))?;
            this.runs.erase_outputs(effects);
            for slot in this.slots.values_mut() {
                slot.erase_upload(effects);
            }
            let started_by = session.participant.clone();
            this.runs.begin(
                run,
                started_by,
                Current {
                    written: plan.written.clone(),
                    snapshot,
                    keys: votes.as_ref().map(|_| QuorumKeys::of_run(&secret)),
                },
                votes,
            );
            effects.push(Effect::StartRun(Box::new(plan)));
            this.run(session, run)
        })
    }

    /// The run that was started has ended.
    pub fn run_ended(&mut self, run: u32, report: RunReport) -> Reply<()> {
        self.change(|this, effects| {
            let unknown = Problem::new(ErrorCode::RunUnknown).found(run);
            if run != this.runs.started {
                return Err(unknown);
            }
            let Some(current) = this.runs.current.take() else {
                return Err(unknown);
            };
            let (failure, outcome, outputs, resources) =
                this.settle(run, report, &current.written, current.keys.as_ref());
            let ended = Ended {
                outcome,
                outputs,
                snapshot: current.snapshot,
                resources,
            };
            let outputs = ended.outputs.values();
            let kept: BTreeSet<StorageId> = outputs.map(|output| output.storage).collect();
            let erased = current
                .written
                .iter()
                .filter(|file| !kept.contains(&file.storage));
            effects.extend(erased.map(|file| Effect::Erase(file.storage)));
            if let Some(record) = this.runs.records.get_mut(&run) {
                record.failure = failure;
            }
            match current.keys {
                Some(keys) => this.vote(run, &keys, ended, effects),
                None => {
                    let outcome = ended.outcome;
                    this.conclude(run, outcome, ended, effects);
                }
            }
            this.use_up_approvals();
            for participant in this.runs.leaving.clone() {
                this.erase_files_of(&participant, effects);
            }
            Ok(())
        })
    }

    /// `GET /v1/runs/{n}`.
    ///
    /// # Errors
    /// [`ErrorCode::RunUnknown`] where there was no such run, or it is forgotten.
    pub fn run(&self, session: &Session, run: u32) -> Result<RunState, Problem> {
        self.admit(session)?;
        let record = self.runs.record(run)?;
        Ok(self.run_state(session, record))
    }

    /// A run as one participant may see it.
    pub(crate) fn run_state(&self, session: &Session, record: &Record) -> RunState {
        let received = |path: &&FilePath| {
            self.policy
                .file(path)
                .is_some_and(|file| file.is_received_by(&session.participant))
        };
        RunState {
            run: record.run,
            outcome: record.outcome,
            failure: record
                .failure
                .as_ref()
                .and_then(|failure| failure.told_to(session, &self.policy)),
            started_by: record.started_by.clone(),
            outputs: record.outputs.keys().filter(received).cloned().collect(),
            receipt: matches!(record.receipt, Receipt::Made(_)),
            quorum: record.votes.as_ref().map(|votes| votes.view(self.instance)),
        }
    }

    /// Whether there can be another run at all, now or later.
    pub(crate) fn can_run_again(&self, time: i64) -> bool {
        let lost = self.runs.started > 0 && self.slots.values().any(|s| s.committed.is_none());
        !self.closed
            && !lost
            && self.runs.started < self.policy.approval().runs
            && self.refuse_expired(time).is_ok()
    }

    /// Whether the caller may start a run now; returns the time.
    fn may_start(
        &self,
        session: &Session,
        seen: Option<StateTag>,
        now: i64,
    ) -> Result<i64, Problem> {
        self.admit(session)?;
        if !self.policy.approval().run_by.contains(&session.participant) {
            return Err(Problem::new(ErrorCode::NotRunner).found(&session.participant));
        }
        let seen = seen.ok_or(Problem::new(ErrorCode::IfMatchRequired))?;
        self.refuse_during_run()?;
        let time = self.time(now);
        self.refuse_expired(time)?;
        if !self.can_run_again(time) {
            let problem = Problem::new(ErrorCode::RunsExhausted)
                .expected(format_args!("at most {} runs", self.policy.approval().runs))
                .found(format_args!("{} started", self.runs.started));
            return Err(self.naming_who_withdrew(problem));
        }
        if seen != self.tag() {
            return Err(Problem::new(ErrorCode::StateChanged)
                .expected(self.tag().to_header())
                .found(seen.to_header()));
        }
        match self.missing(time).len() {
            0 => Ok(time),
            count => Err(self.naming_who_withdrew(
                Problem::new(ErrorCode::RunNotReady)
                    .expected("nothing missing")
                    .found(format_args!("{count} missing")),
            )),
        }
    }

    /// Everybody sees in the status who withdrew; whoever starts a run that cannot be is told.
    fn naming_who_withdrew(&self, problem: Problem) -> Problem {
        let withdrawn = self.policy.participants().iter().filter_map(|participant| {
            let answer = self.approvals.withdrawal(&participant.name)?;
            Some(format!("{} withdrew {answer}", participant.name))
        });
        let withdrawn: Vec<_> = withdrawn.collect();
        match withdrawn.is_empty() {
            true => problem,
            false => problem.detail(withdrawn.join(", ")),
        }
    }

    /// With which isolates the next run is to agree; `None` where the policy has no quorum.
    fn votes_of_next_run(&self, time: i64) -> Result<Option<Votes>, Problem> {
        if self.policy.quorum().is_empty() {
            return Ok(None);
        }
        let unsigned =
            || Problem::new(ErrorCode::RunNotReady).expected("one quorum, signed by all");
        let set = self.signed_quorum(time).ok_or_else(unsigned)?;
        Ok(Some(Votes::new(set)))
    }

    /// Nothing about the run will change any more: releases its outputs, or erases them.
    pub(crate) fn conclude(
        &mut self,
        run: u32,
        outcome: RunOutcome,
        mut ended: Ended,
        effects: &mut Vec<Effect>,
    ) {
        if outcome != RunOutcome::Finished {
            let outputs = core::mem::take(&mut ended.outputs);
            effects.extend(outputs.values().map(|output| Effect::Erase(output.storage)));
        }
        let payload = self.payload(
            run,
            ended.snapshot,
            outcome,
            &ended.outputs,
            ended.resources,
        );
        effects.push(Effect::MakeReceipt {
            run,
            payload: Box::new(payload),
        });
        if let Some(record) = self.runs.records.get_mut(&run) {
            record.outcome = outcome;
            record.outputs = ended.outputs;
        }
    }

    /// Decides what a run's report means: a file larger than it may be is the isolate's failure.
    fn settle(
        &self,
        run: u32,
        report: RunReport,
        plan: &[WritePlan],
        keys: Option<&QuorumKeys>,
    ) -> (
        Option<Failure>,
        RunOutcome,
        BTreeMap<FilePath, Output>,
        Resources,
    ) {
        let failed = |failure| {
            let nothing = (BTreeMap::new(), Resources::default());
            (Some(failure), RunOutcome::Failed, nothing.0, nothing.1)
        };
        let (written, resources) = match report {
            RunReport::Finished { written, resources } => (written, resources),
            RunReport::Failed(failure) => return failed(failure),
        };
        let mut outputs = BTreeMap::new();
        for file in plan.iter().filter(|file| !file.intermediate) {
            let content = written
                .iter()
                .find(|written| written.storage == file.storage);
            let content = content.map_or_else(empty, |written| written.content);
            if content.length > file.max_bytes {
                return failed(Failure::of_the_isolate());
            }
            let secret = keys.map_or(self.secret.bytes(), |keys| &keys.salts);
            let salt = randomness::output_salt(secret, run, &file.path);
            outputs.insert(
                file.path.clone(),
                Output {
                    storage: file.storage,
                    content,
                    salt,
                },
            );
        }
        (None, RunOutcome::Finished, outputs, resources)
    }

    fn contributions(&self) -> Vec<Contribution<'_>> {
        let files = self.slots.iter().filter_map(|(path, slot)| {
            let committed = slot.committed.as_ref()?;
            Some(Contribution {
                provider: self.policy.file(path)?.provider.as_ref()?,
                path,
                content: committed.content.sha256,
                share: &committed.share,
            })
        });
        files.collect()
    }
}

impl Runs {
    pub(crate) fn running(&self) -> bool {
        self.current.is_some()
    }

    /// Whether outputs are held back until the others of the quorum agree.
    pub(crate) fn agreeing(&self) -> bool {
        self.agreeing.is_some()
    }

    pub(crate) fn hold_back(&mut self, agreeing: Agreeing) {
        if let Some(record) = self.records.get_mut(&agreeing.run) {
            record.outcome = RunOutcome::Agreeing;
        }
        self.agreeing = Some(agreeing);
    }

    pub(crate) fn take_agreeing(&mut self) -> Option<Agreeing> {
        self.agreeing.take()
    }

    pub(crate) fn votes(&self, run: u32) -> Option<&Votes> {
        self.records.get(&run)?.votes.as_ref()
    }

    pub(crate) fn votes_mut(&mut self, run: u32) -> Option<&mut Votes> {
        self.records.get_mut(&run)?.votes.as_mut()
    }

    pub(crate) fn started(&self) -> u32 {
        self.started
    }

    /// The number of the last run that was started.
    pub(crate) fn last_started(&self) -> Option<u32> {
        (self.started > 0).then_some(self.started)
    }

    pub(crate) fn last(&self) -> Option<&Record> {
        self.records.get(&self.started)
    }

    pub(crate) fn leave(&mut self, participant: &ParticipantName) {
        self.leaving.insert(participant.clone());
    }

    /// Whether this participant withdrew during a run.
    pub(crate) fn is_left_by(&self, participant: &ParticipantName) -> bool {
        self.leaving.contains(participant)
    }

    pub(crate) fn rejoin(&mut self, participant: &ParticipantName) {
        self.leaving.remove(participant);
    }

    pub(crate) fn record(&self, run: u32) -> Result<&Record, Problem> {
        self.records
            .get(&run)
            .ok_or_else(|| Problem::new(ErrorCode::RunUnknown).found(run))
    }

    pub(crate) fn record_mut(&mut self, run: u32) -> Option<&mut Record> {
        self.records.get_mut(&run)
    }

    /// An output of the latest run, if that has finished.
    pub(crate) fn released(&self, path: &FilePath) -> Option<&Output> {
        self.last()?.outputs.get(path)
    }

    pub(crate) fn erase_outputs(&mut self, effects: &mut Vec<Effect>) {
        for record in self.records.values_mut() {
            let outputs = core::mem::take(&mut record.outputs);
            effects.extend(outputs.values().map(|output| Effect::Erase(output.storage)));
        }
    }

    /// Forgets all outputs, and a run that is at work with what it is writing.
    pub(crate) fn abandon(&mut self, effects: &mut Vec<Effect>) {
        self.erase_outputs(effects);
        if let Some(agreeing) = self.agreeing.take() {
            let outputs = agreeing.ended.outputs.values();
            effects.extend(outputs.map(|output| Effect::Erase(output.storage)));
        }
        if let Some(current) = self.current.take() {
            effects.extend(
                current
                    .written
                    .iter()
                    .map(|file| Effect::Erase(file.storage)),
            );
        }
    }

    fn begin(
        &mut self,
        run: u32,
        started_by: ParticipantName,
        current: Current,
        votes: Option<Votes>,
    ) {
        let record = Record {
            run,
            started_by,
            outcome: RunOutcome::Running,
            failure: None,
            outputs: BTreeMap::new(),
            receipt: Receipt::Pending,
            votes,
        };
        self.started = run;
        self.records.insert(run, record);
        if self.records.len() > KEPT_RUNS {
            self.records.pop_first();
        }
        self.current = Some(current);
    }
}

impl Record {
    pub(crate) fn outcome(&self) -> RunOutcome {
        self.outcome
    }
}

fn empty() -> Content {
    Content {
        length: 0,
        sha256: Sha256::of(b""),
    }
}
