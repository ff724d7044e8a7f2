//! `status`.

use super::{Desk, block_on};
use crate::args::StatusArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use veracruz_client::{Connection, HostClient, now};
use veracruz_protocol::{Missing, RunOutcome, RunState, Status};

/// `status`: from the isolate, or where it does not answer, from its host.
pub(crate) fn status(arguments: &StatusArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let asked = async {
            let now = now();
            let mut connection =
                Connection::open(&desk.host, &desk.policy, &desk.identity, None, now).await?;
            connection.status().await
        };
        match (asked.await, arguments.management) {
            (Ok(status), _) => Ok(status_report(&status)),
            (Err(_), Some(management)) => {
                let host = HostClient::new(management.to_string(), None);
                let state = host.bare_state(&desk.policy.hash()).await?;
                let lost = state.lost.clone().unwrap_or_default();
                Ok(Report::new(json!({
                    "state": state.state, "instance": state.instance, "lost": lost,
                    "said_by": "host",
                }))
                .line(format!("state     {} {lost}", state.state))
                .line(format!("instance  {}", state.instance))
                .line("This is the host's word alone: the isolate did not answer."))
            }
            (Err(error), None) => Err(error.into()),
        }
    })
}

fn status_report(status: &Status) -> Report {
    let missing = status.missing.iter().map(|missing| match missing {
        Missing::Approval { participant } => format!("missing   the approval of {participant}"),
        Missing::File { path, provider } => format!("missing   {path}, which {provider} provides"),
        Missing::Compilation { path } => format!("missing   {path} is not compiled"),
    });
    let document = serde_json::to_value(status).unwrap_or_default();
    Report::new(document)
        .line(format!("state     {}", status.state))
        .line(format!("instance  {}", status.instance))
        .line(format!(
            "runs      {} of {}",
            status.runs.started, status.runs.allowed
        ))
        .lines(missing)
        .lines(status.run.iter().map(last_run))
}

/// How the latest run ended, as far as this participant may know.
fn last_run(run: &RunState) -> String {
    let number = run.run;
    match (run.outcome, &run.failure) {
        (RunOutcome::Running, _) => format!("run       {number} is at work"),
        (RunOutcome::Finished, _) => format!("run       {number} finished"),
        (RunOutcome::Withheld, _) => {
            format!("run       {number} ended, and its outputs are kept back")
        }
        (RunOutcome::Failed, Some(failure)) => format!("run       {number} failed: {failure}"),
        (RunOutcome::Failed, None) => {
            format!("run       {number} failed; why is not for you to know by the policy")
        }
    }
}
