//! What a receipt says about a run, and the receipts that were made.

use alloc::{collections::BTreeMap, vec::Vec};

use veracruz_policy::{FilePath, ParticipantName, Sha256};
use veracruz_protocol::{ErrorCode, Problem, RunOutcome};
use veracruz_receipt::{Commitment, Outcome, ReceiptPayload};

use crate::{Computation, Reply, Resources, Session, runs::Output};

/// The receipt of a run.
pub(crate) enum Receipt {
    Pending,
    Made(Vec<u8>),
    Unavailable,
}

/// What a run began with.
pub(crate) struct Snapshot {
    approvals: BTreeMap<ParticipantName, Sha256>,
    programs: BTreeMap<FilePath, Sha256>,
    inputs: BTreeMap<FilePath, Commitment>,
    randomness: Commitment,
}

impl Computation {
    /// The receipt that a shell was asked for, encoded with its evidence; `None` where there is
    /// no evidence to be had.
    pub fn receipt_made(&mut self, run: u32, receipt: Option<Vec<u8>>) -> Reply<()> {
        self.change(|this, _| {
            let record = this.runs.record_mut(run);
            let record = record.filter(|record| matches!(record.receipt, Receipt::Pending));
            let record = record.ok_or_else(|| Problem::new(ErrorCode::RunUnknown).found(run))?;
            record.receipt = receipt.map_or(Receipt::Unavailable, Receipt::Made);
            Ok(())
        })
    }

    /// `GET /v1/runs/{n}/receipt`, for every participant.
    ///
    /// # Errors
    /// 404, 409 where it is not made yet, 503 where it could not be made.
    pub fn receipt(&self, session: &Session, run: u32) -> Result<&[u8], Problem> {
        self.admit(session)?;
        match &self.runs.record(run)?.receipt {
            Receipt::Made(receipt) => Ok(receipt),
            Receipt::Pending => Err(Problem::new(ErrorCode::ReceiptNotReady)),
            Receipt::Unavailable => Err(Problem::new(ErrorCode::ReceiptUnavailable)),
        }
    }

    /// What is committed and approved at the start of a run.
    pub(crate) fn snapshot(&self, run_secret: &[u8; 32], time: i64) -> Snapshot {
        let mut programs = BTreeMap::new();
        let mut inputs = BTreeMap::new();
        for (path, slot) in &self.slots {
            let Some(file) = &slot.committed else {
                continue;
            };
            if self.is_program(path) {
                programs.insert(path.clone(), file.content.sha256);
            } else {
                inputs.insert(
                    path.clone(),
                    Commitment::to(&file.salt, &file.content.sha256),
                );
            }
        }
        Snapshot {
            approvals: self.approvals.digests(time),
            programs,
            inputs,
            randomness: Commitment::to_randomness(run_secret),
        }
    }

    /// The payload of the receipt of a run that has ended.
    pub(crate) fn payload(
        &self,
        run: u32,
        snapshot: Snapshot,
        outcome: RunOutcome,
        outputs: &BTreeMap<FilePath, Output>,
        resources: Resources,
    ) -> ReceiptPayload {
        let commitment = |(path, output): (&FilePath, &Output)| {
            (
                path.clone(),
                Commitment::to(&output.salt, &output.content.sha256),
            )
        };
        let Resources {
            wall_ms,
            cpu_ms,
            memory_bytes,
        } = resources;
        ReceiptPayload {
            policy: self.policy.hash(),
            instance: self.instance,
            run,
            outcome: match outcome {
                RunOutcome::Finished => Outcome::Finished,
                RunOutcome::Withheld => Outcome::Withheld,
                RunOutcome::Failed | RunOutcome::Running | RunOutcome::Agreeing => Outcome::Failed,
            },
            measurement: self.measurement,
            approvals: snapshot.approvals,
            programs: snapshot.programs,
            inputs: snapshot.inputs,
            outputs: outputs.iter().map(commitment).collect(),
            randomness: snapshot.randomness,
            resources: veracruz_receipt::Resources::rounded(wall_ms, cpu_ms, memory_bytes),
            quorum: self.runs.votes(run).map(|votes| votes.claim(outcome)),
        }
    }
}
