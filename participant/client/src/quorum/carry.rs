//! Running in all isolates of a quorum, and carrying what they say.

use std::time::Duration;

use bytes::Bytes;
use veracruz_protocol::{ComputationState, ErrorCode, RunOutcome, RunState, Status};

use super::{Quorum, worst};
use crate::connection::{WaitOptions, incomplete};
use crate::error::Error;

/// A run in all isolates of a quorum.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuorumRun {
    /// Its number, the same in all of them.
    pub run: u32,
    /// How it stands in each, in the policy's order.
    pub states: Vec<RunState>,
}

impl QuorumRun {
    /// How it stands: finished only where it is so in all of them.
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        worst(&self.states).map_or(RunOutcome::Failed, |state| state.outcome)
    }
}

/// How often it is asked for what an isolate is about to sign.
const ATTEMPTS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

impl Quorum {
    /// Starts the next run in every isolate, or goes on with one that was begun, waits until each
    /// has ended, and carries what they say.
    ///
    /// Where a start fails in one isolate after it succeeded in another, calling this again goes
    /// on: no run is started twice.
    ///
    /// # Errors
    /// [`Error::Refused`] where one of them cannot start it; those of
    /// [`Connection::wait_for_run`](crate::Connection::wait_for_run).
    pub async fn run(&mut self, options: WaitOptions) -> Result<QuorumRun, Error> {
        let mut statuses = Vec::new();
        for member in &mut self.members {
            statuses.push(member.connection.settled_status().await?);
        }
        let run = next_run(&statuses)?;
        let mut to_start: Vec<usize> = (0..statuses.len())
            .filter(|index| {
                statuses
                    .get(*index)
                    .is_some_and(|one| one.runs.started < run)
            })
            .collect();
        // One that cannot start says so before any of the others has spent a run.
        to_start.sort_by_key(|index| {
            statuses
                .get(*index)
                .map(|one| one.state == ComputationState::Ready)
        });
        for index in to_start {
            if let (Some(member), Some(status)) = (self.members.get_mut(index), statuses.get(index))
            {
                member.connection.start_run(status.tag).await?;
            }
        }
        for member in &mut self.members {
            member.connection.wait_for_run(run, options).await?;
        }
        self.carry(run).await
    }

    /// Carries what each isolate says of a run to each of the others. Anyone who takes part can do
    /// that, as often as it likes.
    ///
    /// # Errors
    /// [`Error::Refused`] where a run is not over in one of them; those of every call.
    pub async fn carry(&mut self, run: u32) -> Result<QuorumRun, Error> {
        let mut said = Vec::new();
        for index in 0..self.members.len() {
            said.push(self.ask(index, run).await?);
        }
        let mut states = Vec::new();
        for (to, member) in self.members.iter_mut().enumerate() {
            let mut state = member.connection.run_state(run).await?;
            for (from, agreement) in said.iter().enumerate() {
                if from != to && !state.outcome.is_final() {
                    state = member.connection.tell(run, agreement.clone()).await?;
                }
            }
            states.push(state);
        }
        Ok(QuorumRun { run, states })
    }

    /// Carries what was said of the latest run where that is not done yet, and tells its number;
    /// `None` where there was none.
    pub(super) async fn settle(&mut self) -> Result<Option<u32>, Error> {
        let statuses = self.statuses().await?;
        let latest = statuses.iter().map(|status| status.runs.started).max();
        let Some(run) = latest.filter(|run| *run > 0) else {
            return Ok(None);
        };
        let waits = |status: &Status| status.state == ComputationState::Agreeing;
        if statuses.iter().any(waits) {
            self.carry(run).await?;
        }
        Ok(Some(run))
    }

    /// What an isolate says, as soon as it has signed it.
    async fn ask(&mut self, index: usize, run: u32) -> Result<Bytes, Error> {
        let Some(member) = self.members.get_mut(index) else {
            return Err(incomplete("an isolate", "none"));
        };
        let mut attempts = ATTEMPTS;
        loop {
            match member.connection.agreement(run).await {
                Err(Error::Refused(problem))
                    if problem.code == ErrorCode::AgreementNotReady && attempts > 0 =>
                {
                    attempts = attempts.saturating_sub(1);
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }
}

/// The number of the run to start, or to go on with.
fn next_run(statuses: &[Status]) -> Result<u32, Error> {
    let started = || statuses.iter().map(|status| status.runs.started);
    let (least, most) = (started().min().unwrap_or(0), started().max().unwrap_or(0));
    let unsettled = statuses.iter().any(|status| {
        let run = status.run.as_ref();
        run.is_some_and(|run| !run.outcome.is_final())
    });
    match most.saturating_sub(least) {
        0 if unsettled => Ok(most),
        0 => Ok(most.saturating_add(1)),
        1 => Ok(most),
        _ => Err(incomplete(
            "isolates that have made as many runs as each other",
            &format!("{least} runs at one, {most} at another"),
        )),
    }
}
