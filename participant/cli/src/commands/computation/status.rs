//! `status`.

use super::attest::kind;
use super::{Desk, block_on, quorum, watch};
use crate::args::StatusArgs;
use crate::error::CliError;
use crate::output::{Format, Report, unprotected};
use serde_json::{Value, json};
use std::net::SocketAddr;
use veracruz_client::{
    ApprovalVerdict, Attested, CheckedApproval, CheckedStatus, Connection, HostClient, Unattested,
    now,
};
use veracruz_protocol::{Missing, RunOutcome, RunState};

/// `status`: from the isolate, or where it does not answer, from its host.
pub(crate) fn status(arguments: &StatusArgs, format: Format) -> Result<Option<Report>, CliError> {
    let desk = Desk::open(&arguments.target)?;
    if desk.quorum().is_some() && desk.hosts.len() > 1 && !arguments.watch {
        return of_each(&desk, arguments.unattested).map(Some);
    }
    block_on(async {
        let asked = async {
            let (line, whose) = Line::open(&desk, arguments.unattested).await?;
            if arguments.watch {
                return watch::watch(&desk, line, &whose, arguments.until, format).await;
            }
            once(&desk, line, &whose).await.map(Some)
        };
        match (asked.await, arguments.management) {
            (Err(CliError::Client(_)), Some(management)) => {
                the_hosts_word(&desk, management).await.map(Some)
            }
            (answer, _) => answer,
        }
    })
}

/// The status of every isolate of a quorum, as each gives it; of one by itself while it is watched.
fn of_each(desk: &Desk, unattested: bool) -> Result<Report, CliError> {
    block_on(async {
        let mut reports = Vec::new();
        for host in &desk.hosts {
            let desk = desk.at(host);
            let (line, whose) = Line::open(&desk, unattested).await?;
            reports.push(once(&desk, line, &whose).await?);
        }
        Ok(Report::joined("isolates", reports))
    })
}

/// A connection for looking.
pub(super) enum Line {
    /// Evidence was found good on it.
    Attested(Connection<Attested>),
    /// It may end anywhere.
    Unattested(Connection<Unattested>),
}

/// Whose word the status is.
pub(super) struct Whose {
    /// For programs: `isolate`, or `unattested`.
    pub(super) said_by: &'static str,
    /// What a reader has to know about that, if anything.
    pub(super) note: Option<String>,
}

impl Line {
    /// Attested, unless that is not wanted or not possible any more. Nothing is entrusted to the far
    /// end, so it need not protect anything.
    async fn open(desk: &Desk, unattested: bool) -> Result<(Self, Whose), CliError> {
        let reason = match desk.policy.expires() {
            _ if unattested => Some("you asked for that".to_owned()),
            Some(expired) if now() >= expired => {
                Some(format!("nobody attests after the policy's end, {expired}"))
            }
            _ => None,
        };
        if let Some(reason) = reason {
            let note = format!(
                "NOTE: not attested ({reason}): this is the word of whoever answers at {}, the host \
                 for example. Signatures under approvals are verified all the same",
                desk.host
            );
            let whose = Whose {
                said_by: "unattested",
                note: Some(note),
            };
            return Ok((Self::Unattested(desk.unproven().await?), whose));
        }
        let (connection, appraised) = desk.looking().await?;
        let protects = appraised.protects_from_host();
        let whose = Whose {
            said_by: "isolate",
            note: (!protects).then(|| unprotected(&kind(&appraised))),
        };
        Ok((Self::Attested(connection), whose))
    }
}

/// The status as it is now.
async fn once(desk: &Desk, line: Line, whose: &Whose) -> Result<Report, CliError> {
    let now = now();
    let (status, noted) = match line {
        Line::Attested(mut connection) => {
            let status = connection.status().await?;
            // To look must be possible with a ledger that cannot be written.
            let noted = desk.ledger.note_status(&status, now);
            (status, noted.err())
        }
        Line::Unattested(mut connection) => (connection.status().await?, None),
    };
    let checked = CheckedStatus::new(&desk.policy, status, now);
    let mut report = report(&checked, whose);
    if let Err(other) = desk.same_instance(&checked.status.instance) {
        report = report.line(format!("NOTE: {}", other.message()));
    }
    if let Some(error) = noted {
        report = report.line(format!("NOTE: the run was not noted: {error}"));
    }
    Ok(match &whose.note {
        Some(note) => report.line(note.as_str()),
        None => report,
    })
}

/// What the host says where the isolate says nothing.
async fn the_hosts_word(desk: &Desk, management: SocketAddr) -> Result<Report, CliError> {
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

fn report(checked: &CheckedStatus, whose: &Whose) -> Report {
    let status = &checked.status;
    // After the last run nothing is missing any more, whatever would be needed for another.
    let wanted = status.missing.iter().filter(|_| !checked.is_over());
    let missing = wanted.map(|missing| match missing {
        Missing::Approval { participant } => format!("missing   the approval of {participant}"),
        Missing::File { path, provider } => format!("missing   {path}, which {provider} provides"),
        Missing::Quorum => "missing   one quorum that all have signed".to_owned(),
        Missing::Compilation { path } => format!("missing   {path} is not compiled"),
    });
    Report::new(document(checked, whose))
        .line(format!("state     {}", status.state))
        .line(format!("instance  {}", status.instance))
        .line(format!(
            "runs      {} of {}",
            status.runs.started, status.runs.allowed
        ))
        .lines(missing)
        .lines(checked.approvals.iter().filter_map(approval))
        .lines(status.run.iter().map(last_run))
        .lines(status.run.iter().flat_map(quorum::words))
}

/// The isolate's document, with what was found out about it here.
fn document(checked: &CheckedStatus, whose: &Whose) -> Value {
    let mut document = serde_json::to_value(&checked.status).unwrap_or_default();
    let approvals = checked.approvals.iter().map(|approval| {
        json!({
            "participant": approval.participant.as_str(),
            "required": approval.required,
            "verdict": approval.verdict.as_str(),
            "expires": approval.expires().map(|expires| expires.to_string()),
        })
    });
    if let Some(fields) = document.as_object_mut() {
        fields.insert("said_by".into(), whose.said_by.into());
        fields.insert("verified_approvals".into(), approvals.collect());
    }
    document
}

/// An approval that is there, or was.
fn approval(approval: &CheckedApproval) -> Option<String> {
    let label = match approval.verdict {
        ApprovalVerdict::None => return None,
        ApprovalVerdict::Withdrawn => "withdrawn",
        _ => "approval",
    };
    Some(format!("{label:<10}{approval}"))
}

/// How the latest run ended, as far as this participant may know.
fn last_run(run: &RunState) -> String {
    let number = run.run;
    match (run.outcome, &run.failure) {
        (RunOutcome::Running, _) => format!("run       {number} is at work"),
        (RunOutcome::Finished, _) => format!("run       {number} finished"),
        (RunOutcome::Agreeing, _) => {
            format!("run       {number} is done here, and waits for the rest of the quorum")
        }
        (RunOutcome::Withheld, _) if run.quorum.is_some() => {
            format!("run       {number} ended, and the isolates of the quorum do not agree")
        }
        (RunOutcome::Withheld, _) => {
            format!("run       {number} ended, and its outputs are kept back")
        }
        (RunOutcome::Failed, Some(failure)) => format!("run       {number} failed: {failure}"),
        (RunOutcome::Failed, None) => {
            format!("run       {number} failed; why is not for you to know by the policy")
        }
    }
}
