//! What has changed from one status to the next, in words and for programs.

use std::fmt;

use serde_json::{Value, json};
use veracruz_policy::{FilePath, ParticipantName, Policy, Timestamp};
use veracruz_protocol::{
    ComputationState, FileRole, FileView, Missing, Presence, ProgramState, RunOutcome, RunState,
    Status,
};

use crate::approvals::{ApprovalVerdict, CheckedApproval, check_approvals};

/// A status, with every approval in it checked by the own copy of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedStatus {
    /// What the isolate says.
    pub status: Status,
    /// What the participants signed, in the policy's order.
    pub approvals: Vec<CheckedApproval>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The computation is in another state.
    State {
        /// The new one.
        state: ComputationState,
        /// What is missing in it.
        missing: Vec<Missing>,
    },
    /// Another approval of a participant is there, or it counts otherwise.
    Approval(CheckedApproval),
    /// An approval is no longer there, and was not withdrawn: a run used it up, or a program was
    /// replaced.
    ApprovalGone {
        /// Whose it was.
        participant: ParticipantName,
    },
    /// A file that somebody provides is there, or is no longer there.
    File {
        /// Which.
        path: FilePath,
        /// Who provides it.
        provider: ParticipantName,
        /// Whether it is there.
        present: bool,
    },
    /// A program was compiled, or refused.
    Program {
        /// Which.
        path: FilePath,
        /// Whether it can be run.
        program: ProgramState,
        /// Why not, for its provider.
        refusal: Option<String>,
    },
    /// An output is there for this participant, or is no longer there.
    Output {
        /// Which.
        path: FilePath,
        /// Whether it is there.
        present: bool,
    },
    /// A run began or ended.
    Run(RunState),
    /// The receipt of a run can be fetched.
    Receipt {
        /// Of which run.
        run: u32,
    },
}

impl CheckedStatus {
    /// Checks the approvals in a status by the own copy of the policy, at `now`.
    #[must_use]
    pub fn new(policy: &Policy, status: Status, now: Timestamp) -> Self {
        let approvals = check_approvals(policy, &status.instance, &status, now);
        Self { status, approvals }
    }

    /// What is different from an earlier status; from a computation in which nothing has happened,
    /// where there was none.
    #[must_use]
    pub fn changes_since(&self, before: Option<&Self>) -> Vec<Change> {
        let mut changes = self.approvals_since(before);
        for file in &self.status.files {
            let earlier = before.and_then(|before| {
                let mut files = before.status.files.iter();
                files.find(|earlier| earlier.path == file.path)
            });
            changes.extend(file_since(file, earlier));
        }
        changes.extend(self.run_since(before));
        if before.is_none_or(|before| before.status.state != self.status.state) {
            changes.push(Change::State {
                state: self.status.state,
                missing: self.status.missing.clone(),
            });
        }
        changes
    }

    /// Whether nothing will come any more but what can be fetched.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.status.state {
            ComputationState::Finished
            | ComputationState::Failed
            | ComputationState::Withheld
            | ComputationState::Closed => true,
            ComputationState::Awaiting
            | ComputationState::Ready
            | ComputationState::Running
            | ComputationState::Agreeing => false,
        }
    }

    fn approvals_since(&self, before: Option<&Self>) -> Vec<Change> {
        let changed = self.approvals.iter().filter(|approval| {
            let earlier = before.and_then(|before| {
                let mut all = before.approvals.iter();
                all.find(|earlier| earlier.participant == approval.participant)
            });
            match earlier {
                Some(earlier) => earlier != *approval,
                None => approval.verdict != ApprovalVerdict::None,
            }
        });
        let change = |approval: &CheckedApproval| match approval.verdict {
            ApprovalVerdict::None => Change::ApprovalGone {
                participant: approval.participant.clone(),
            },
            _ => Change::Approval(approval.clone()),
        };
        changed.map(change).collect()
    }

    fn run_since(&self, before: Option<&Self>) -> Vec<Change> {
        let Some(run) = &self.status.run else {
            return Vec::new();
        };
        let earlier = before
            .and_then(|before| before.status.run.as_ref())
            .filter(|earlier| earlier.run == run.run);
        let mut changes = Vec::new();
        if earlier.is_none() {
            changes.push(Change::Run(RunState {
                outcome: RunOutcome::Running,
                failure: None,
                outputs: Vec::new(),
                receipt: false,
                ..run.clone()
            }));
        }
        let was = earlier.map_or(RunOutcome::Running, |earlier| earlier.outcome);
        if was != run.outcome {
            changes.push(Change::Run(run.clone()));
        }
        if run.receipt && earlier.is_none_or(|earlier| !earlier.receipt) {
            changes.push(Change::Receipt { run: run.run });
        }
        changes
    }
}

fn file_since(file: &FileView, before: Option<&FileView>) -> Vec<Change> {
    let was = before.map_or(Presence::Absent, |before| before.presence);
    let moved = match (was, file.presence) {
        (_, Presence::Hidden) => None,
        (Presence::Present, Presence::Present) => None,
        (_, Presence::Present) => Some(true),
        (Presence::Present, Presence::Absent) => Some(false),
        (_, Presence::Absent) => None,
    };
    // Replaced in one step, where this participant may see that.
    let replaced = was == Presence::Present
        && file.presence == Presence::Present
        && before.is_some_and(|before| before.content != file.content);
    let mut changes = Vec::new();
    if let Some(present) = moved.or(replaced.then_some(true)) {
        let path = file.path.clone();
        changes.push(match (&file.provider, file.role) {
            (Some(provider), FileRole::Program | FileRole::Input) => Change::File {
                path,
                provider: provider.clone(),
                present,
            },
            _ => Change::Output { path, present },
        });
    }
    let program = file.program.filter(|program| {
        *program != ProgramState::Compiling
            && before.and_then(|before| before.program) != Some(*program)
    });
    if let Some(program) = program {
        changes.push(Change::Program {
            path: file.path.clone(),
            program,
            refusal: file.refusal.clone(),
        });
    }
    changes
}

impl Change {
    /// One JSON object: `change` names the kind, the other fields say what.
    #[must_use]
    pub fn document(&self) -> Value {
        match self {
            Self::State { state, missing } => {
                json!({ "change": "state", "state": state, "missing": missing })
            }
            Self::Approval(approval) => json!({
                "change": "approval",
                "participant": approval.participant.as_str(),
                "verdict": approval.verdict.as_str(),
                "expires": approval.expires().map(|expires| expires.to_string()),
                "withdrawal": approval.withdrawal,
            }),
            Self::ApprovalGone { participant } => json!({
                "change": "approval", "participant": participant.as_str(), "verdict": "none",
            }),
            Self::File {
                path,
                provider,
                present,
            } => json!({
                "change": "file", "path": path.as_str(), "provider": provider.as_str(),
                "present": present,
            }),
            Self::Program {
                path,
                program,
                refusal,
            } => json!({
                "change": "program", "path": path.as_str(), "program": program,
                "refusal": refusal,
            }),
            Self::Output { path, present } => {
                json!({ "change": "output", "path": path.as_str(), "present": present })
            }
            Self::Run(run) => json!({
                "change": "run", "run": run.run, "outcome": run.outcome,
                "started_by": run.started_by.as_str(), "failure": run.failure,
            }),
            Self::Receipt { run } => json!({ "change": "receipt", "run": run }),
        }
    }
}

impl fmt::Display for Change {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { state, missing } => state_in_words(f, *state, missing),
            Self::Approval(approval) => write!(f, "{approval}"),
            Self::ApprovalGone { participant } => write!(
                f,
                "{participant}'s approval is gone: a run used it up, or a program was replaced"
            ),
            Self::File {
                path,
                provider,
                present: true,
            } => write!(f, "{path} is there: {provider} provided it"),
            Self::File { path, provider, .. } => write!(f, "{path} of {provider} is erased"),
            Self::Program {
                path,
                program: ProgramState::Refused,
                refusal,
            } => match refusal {
                Some(reason) => write!(f, "{path} is refused: {reason}"),
                None => write!(f, "{path} is refused: its provider is told why"),
            },
            Self::Program { path, .. } => write!(f, "{path} is compiled"),
            Self::Output {
                path,
                present: true,
            } => write!(f, "{path} is there for you"),
            Self::Output { path, .. } => write!(f, "{path} is erased"),
            Self::Run(run) => run_in_words(f, run),
            Self::Receipt { run } => write!(f, "the receipt of run {run} is there"),
        }
    }
}

fn state_in_words(
    f: &mut fmt::Formatter<'_>,
    state: ComputationState,
    missing: &[Missing],
) -> fmt::Result {
    write!(f, "state {state}: ")?;
    f.write_str(match state {
        ComputationState::Awaiting => match missing {
            [] => "something is missing",
            _ => "missing are ",
        },
        ComputationState::Ready => "a run can be started",
        ComputationState::Running => "a run is at work",
        ComputationState::Agreeing => "a run is done here, and waits for the rest of the quorum",
        ComputationState::Finished => "the last run finished, its outputs are there",
        ComputationState::Failed => "the last run failed, and there is no other",
        ComputationState::Withheld => "the outputs of the last run are kept back",
        ComputationState::Closed => "nothing can be asked for any more",
    })?;
    if state == ComputationState::Awaiting {
        for (index, missing) in missing.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match missing {
                Missing::Approval { participant } => write!(f, "the approval of {participant}")?,
                Missing::File { path, provider } => write!(f, "{path} of {provider}")?,
                Missing::Quorum => f.write_str("one quorum that all have signed")?,
                Missing::Compilation { path } => write!(f, "{path}, compiled")?,
            }
        }
    }
    Ok(())
}

fn run_in_words(f: &mut fmt::Formatter<'_>, run: &RunState) -> fmt::Result {
    let number = run.run;
    match (run.outcome, &run.failure) {
        (RunOutcome::Running, _) => write!(f, "run {number} began: {} started it", run.started_by),
        (RunOutcome::Agreeing, _) => {
            write!(
                f,
                "run {number} is done here, and waits for the rest of the quorum"
            )
        }
        (RunOutcome::Finished, _) => write!(f, "run {number} finished"),
        (RunOutcome::Withheld, _) if run.quorum.is_some() => {
            write!(
                f,
                "run {number} ended, and the isolates of the quorum do not agree"
            )
        }
        (RunOutcome::Withheld, _) => write!(f, "run {number} ended, its outputs are kept back"),
        (RunOutcome::Failed, Some(failure)) => write!(f, "run {number} failed: {failure}"),
        (RunOutcome::Failed, None) => write!(
            f,
            "run {number} failed; why is not for you to know by the policy"
        ),
    }
}
