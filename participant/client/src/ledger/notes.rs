//! What is noted beside what was entrusted: approvals that were signed offline, runs that were seen.

use veracruz_policy::{InstanceId, Policy, PolicyHash, Timestamp};
use veracruz_protocol::{ApprovalStatement, RunOutcome, Status};

use super::Ledger;
use super::document::{ApprovalEntry, RunEntry};
use crate::error::Error;

impl Ledger {
    /// Notes what a policy is called, for people who read the ledger.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::LedgerVersion`].
    pub fn note_name(&self, policy: &Policy) -> Result<(), Error> {
        self.locked(|document| {
            let entry = document.policies.entry(policy.hash().to_string());
            entry.or_default().name = Some(policy.name().to_owned());
            Ok(())
        })
    }

    /// Notes an approval that was signed offline, before it leaves this machine: from then on
    /// anybody may carry it to the isolates that it names, so they count as provisioned.
    ///
    /// # Errors
    /// [`Error::SecondInstance`] where the ledger names isolates for this policy, the statement
    /// names another one, and the caller did not say `again`. An approval for any isolate says so
    /// itself. [`Error::Ledger`], [`Error::LedgerVersion`].
    pub fn note_approval(
        &self,
        statement: &ApprovalStatement,
        again: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.locked(|document| {
            let entry = document
                .policies
                .entry(statement.policy.to_string())
                .or_default();
            let named = statement.instances.named();
            self.provision_all(entry, named.as_deref().unwrap_or_default(), again, now)?;
            let instances = named.map(|list| list.iter().map(ToString::to_string).collect());
            entry.approvals.push(ApprovalEntry {
                id: statement.jti.as_str().to_owned(),
                instances,
                at: now.to_string(),
                expires: Timestamp::from_seconds(statement.exp).to_string(),
            });
            Ok(())
        })
    }

    /// Notes a run that was seen. A run that ended once stays so.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::LedgerVersion`].
    pub fn note_run(
        &self,
        policy: &PolicyHash,
        instance: &InstanceId,
        run: u32,
        outcome: RunOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let seen = RunEntry {
            instance: instance.to_string(),
            run,
            outcome: in_protocol(outcome).to_owned(),
            at: now.to_string(),
            budget: None,
        };
        self.locked(|document| {
            let entry = document.policies.entry(policy.to_string()).or_default();
            let known = entry
                .runs
                .iter_mut()
                .find(|known| (&known.instance, known.run) == (&seen.instance, run));
            match known {
                None => entry.runs.push(seen.clone()),
                Some(known)
                    if [RunOutcome::Running, RunOutcome::Agreeing]
                        .map(in_protocol)
                        .contains(&known.outcome.as_str())
                        && outcome != RunOutcome::Running =>
                {
                    known.outcome.clone_from(&seen.outcome);
                    known.at.clone_from(&seen.at);
                }
                Some(_) => {}
            }
            Ok(())
        })
    }

    /// Notes the run in a status, if there is one. The status has to come from an attested
    /// connection: anybody else could have made it up.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::LedgerVersion`].
    pub fn note_status(&self, status: &Status, now: Timestamp) -> Result<(), Error> {
        match &status.run {
            Some(run) => self.note_run(&status.policy, &status.instance, run.run, run.outcome, now),
            None => Ok(()),
        }
    }
}

/// The word that the protocol has for it.
fn in_protocol(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Running => "running",
        RunOutcome::Agreeing => "agreeing",
        RunOutcome::Finished => "finished",
        RunOutcome::Failed => "failed",
        RunOutcome::Withheld => "withheld",
    }
}
