//! `run`.

use super::attest::kind;
use super::{Desk, block_on, milliseconds, quorum};
use crate::args::RunArgs;
use crate::error::CliError;
use crate::output::{Report, unprotected};
use serde_json::json;
use std::time::Instant;
use veracruz_client::{WaitOptions, now};
use veracruz_protocol::{ErrorCode, RunOutcome};

/// `run`: starts it on the state that is seen now, and waits.
pub(crate) fn run(arguments: &RunArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if let Some(dial) = desk.quorum() {
        return quorum::run(&desk, &dial);
    }
    block_on(async {
        let (mut connection, appraised) = desk.attested().await?;
        let status = connection.settled_status().await?;
        let start = Instant::now();
        let started = connection.start_run(status.tag).await?;
        let ended = connection
            .wait_for_run(started.run, WaitOptions::default())
            .await?;
        // The result is told whatever becomes of the note.
        let noted = desk.ledger.note_run(
            &desk.policy.hash(),
            &connection.instance(),
            ended.run,
            ended.outcome,
            now(),
        );
        if ended.outcome != RunOutcome::Finished {
            let (outcome, code) = match (&ended.failure, ended.outcome) {
                (Some(failure), _) => (format!("failed: {failure}"), Some(failure.class.code())),
                (None, RunOutcome::Failed) => ("failed".into(), Some(ErrorCode::RunFailed)),
                (None, _) => (
                    "ended without outputs, which a rule of the policy keeps back".into(),
                    None,
                ),
            };
            return Err(CliError::Run {
                run: ended.run,
                outcome,
                code,
            });
        }
        let milliseconds = milliseconds(start);
        let outputs: Vec<_> = ended.outputs.iter().map(ToString::to_string).collect();
        let document = json!({
            "run": ended.run, "outcome": "finished", "milliseconds": milliseconds,
            "outputs": outputs,
        });
        let report = Report::new(document)
            .line(format!(
                "run {} finished after {milliseconds} ms",
                ended.run
            ))
            .lines(outputs.iter().map(|output| format!("for you: {output}")));
        let report = match noted {
            Ok(()) => report,
            Err(error) => report.line(format!("NOTE: the run was not noted: {error}")),
        };
        Ok(if appraised.protects_from_host() {
            report
        } else {
            report.line(unprotected(&kind(&appraised)))
        })
    })
}
