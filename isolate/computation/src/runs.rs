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
    records: BTreeMap<u32, Record>,
    /// Who withdrew during a run: there is none without its new approval.
    leaving: BTreeSet<ParticipantName>,
}

/// The run that is at work.
struct Current {
    written: Vec<WritePlan>,
    snapshot: Snapshot,
}

/// What remains of a run.
pub(crate) struct Record {
    run: u32,
    started_by: ParticipantName,
    outcome: RunOutcome,
    failure: Option<Failure>,
    outputs: BTreeMap<FilePath, Output>,
    pub(crate) receipt: Receipt,
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
                },
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
            let (outcome, failure, outputs, resources) = this.settle(run, report, &current.written);
            let kept: BTreeSet<StorageId> = outputs.values().map(|output| output.storage).collect();
            let erased = current
                .written
                .iter()
                .filter(|file| !kept.contains(&file.storage));
            effects.extend(erased.map(|file| Effect::Erase(file.storage)));
            let payload = this.payload(run, current.snapshot, outcome, &outputs, resources);
            effects.push(Effect::MakeReceipt {
                run,
                payload: Box::new(payload),
            });
            if let Some(record) = this.runs.records.get_mut(&run) {
                record.outcome = outcome;
                record.failure = failure;
                record.outputs = outputs;
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

    /// Decides what a run's report means: a file larger than it may be is the isolate's failure.
    fn settle(
        &self,
        run: u32,
        report: RunReport,
        plan: &[WritePlan],
    ) -> (
        RunOutcome,
        Option<Failure>,
        BTreeMap<FilePath, Output>,
        Resources,
    ) {
        let failed = |failure| {
            let nothing = (BTreeMap::new(), Resources::default());
            (RunOutcome::Failed, Some(failure), nothing.0, nothing.1)
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
            let salt = randomness::output_salt(self.secret.bytes(), run, &file.path);
            outputs.insert(
                file.path.clone(),
                Output {
                    storage: file.storage,
                    content,
                    salt,
                },
            );
        }
        (RunOutcome::Finished, None, outputs, resources)
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
        if let Some(current) = self.current.take() {
            effects.extend(
                current
                    .written
                    .iter()
                    .map(|file| Effect::Erase(file.storage)),
            );
        }
    }

    fn begin(&mut self, run: u32, started_by: ParticipantName, current: Current) {
        let record = Record {
            run,
            started_by,
            outcome: RunOutcome::Running,
            failure: None,
            outputs: BTreeMap::new(),
            receipt: Receipt::Pending,
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
