//! A participant at the isolates of a quorum: every command at all of them.

use super::attest::kind;
use super::download::{document, entry, keep_opening, line, words as planned};
use super::{Desk, block_on, milliseconds};
use crate::args::DownloadArgs;
use crate::error::CliError;
use crate::output::{Format, Report, Transfers, unprotected};
use serde_json::{Value, json};
use std::time::Instant;
use veracruz_client::{
    Destination, DownloadOptions, DownloadPlan, Error, KeptReceipt, PlannedDownload, PlannedUpload,
    Quorum, QuorumDial, UploadPlan, Uploads, VerifiedQuorum, WaitOptions, now,
};
use veracruz_protocol::{ErrorCode, MemberWord, RunOutcome, Status};

/// `attest`: says what is at the far end of each connection.
pub(super) fn attest(desk: &Desk, dial: &QuorumDial) -> Result<Report, CliError> {
    let start = Instant::now();
    block_on(async {
        let quorum = Quorum::attest(dial, now()).await?;
        let milliseconds = milliseconds(start);
        let mut report = Report::new(json!({
            "policy": desk.policy.hash().to_string(),
            "quorum": quorum.set().id().to_string(),
            "isolates": isolates(&quorum),
            "milliseconds": milliseconds,
        }))
        .line(format!(
            "these are the quorum of the policy {}, all found good",
            desk.policy.hash()
        ));
        for member in quorum.members() {
            desk.same_instance(&member.instance)?;
            report = report
                .line(format!(
                    "{}  instance {}  at {}",
                    member.kind, member.instance, member.host
                ))
                .line(format!("  {}", member.appraised.words()));
        }
        Ok(cautioned(report, &quorum))
    })
}

/// `approve`: one statement for all of them.
pub(super) fn approve(desk: &Desk, dial: &QuorumDial) -> Result<Report, CliError> {
    block_on(async {
        let mut quorum = Quorum::attest(dial, now()).await?;
        let jws = quorum.approve(desk.provisioning()).await?;
        let name = participant(desk)?;
        let document = json!({
            "participant": name, "isolates": isolates(&quorum), "statement": jws,
        });
        let lines = quorum
            .members()
            .map(|member| format!("  {}  instance {}", member.kind, member.instance));
        Ok(Report::new(document)
            .line(format!("{name} approved the quorum of these isolates:"))
            .lines(lines.collect::<Vec<_>>()))
    })
}

/// `upload`: each file to each isolate.
pub(super) async fn upload(
    desk: &Desk,
    dial: &QuorumDial,
    plan: &UploadPlan,
    uploads: &Uploads,
    format: Format,
) -> Result<Report, CliError> {
    let mut quorum = Quorum::attest(dial, now()).await?;
    let count = u64::try_from(quorum.members().count()).unwrap_or(1);
    let length = |file: &PlannedUpload| Some(file.length?.saturating_mul(count));
    let names = plan
        .files
        .iter()
        .map(|file| (file.path.to_string(), length(file)));
    let transfers = Transfers::new(format, "upload", names);
    let (mut files, mut lines) = (Vec::new(), Vec::new());
    for (index, file) in plan.files.iter().enumerate() {
        let path = &file.path;
        let prepared = uploads.prepared(index).await?;
        let mut told = |so_far, length| transfers.tell(index, so_far, length);
        let sent = quorum.upload_prepared(path, &prepared, desk.provisioning(), &mut told);
        let sent = sent.await?;
        let Some(one) = sent.first() else { continue };
        lines.push(format!(
            "{path}  {} bytes  sha256 {}  at all {} isolates",
            one.length,
            one.sha256,
            sent.len()
        ));
        files.push(json!({
            "path": path.as_str(), "bytes": one.length, "sha256": one.sha256.to_string(),
            "isolates": sent.len(),
        }));
    }
    transfers.finish();
    Ok(Report::new(json!({ "files": files })).lines(lines))
}

/// `run`: starts it in all of them, waits, and carries what they say.
pub(super) fn run(desk: &Desk, dial: &QuorumDial) -> Result<Report, CliError> {
    block_on(async {
        let mut quorum = Quorum::attest(dial, now()).await?;
        let start = Instant::now();
        let ended = quorum.run(WaitOptions::default()).await?;
        let milliseconds = milliseconds(start);
        for (member, state) in quorum.members().zip(&ended.states) {
            let policy = desk.policy.hash();
            desk.ledger
                .note_run(&policy, &member.instance, ended.run, state.outcome, now())?;
        }
        if ended.outcome() != RunOutcome::Finished {
            let (outcome, code) = match ended.outcome() {
                RunOutcome::Withheld => (
                    "ended, and the isolates of the quorum do not agree".to_owned(),
                    ErrorCode::RunDisagreed,
                ),
                RunOutcome::Failed => (
                    "failed in one isolate at least".into(),
                    ErrorCode::RunFailed,
                ),
                _ => (
                    "ended in some isolates, and waits for the others".into(),
                    ErrorCode::AgreementNotReady,
                ),
            };
            return Err(CliError::Run {
                run: ended.run,
                outcome,
                code: Some(code),
            });
        }
        let outputs = ended.states.first().map(|state| state.outputs.clone());
        let outputs: Vec<_> = outputs.iter().flatten().map(ToString::to_string).collect();
        let document = json!({
            "run": ended.run, "outcome": "finished", "milliseconds": milliseconds,
            "outputs": outputs, "isolates": isolates(&quorum),
        });
        let report = Report::new(document)
            .line(format!(
                "run {} finished after {milliseconds} ms: all {} isolates found the same",
                ended.run,
                ended.states.len()
            ))
            .lines(outputs.iter().map(|output| format!("for you: {output}")));
        Ok(cautioned(report, &quorum))
    })
}

/// `download`: what all of them show.
pub(super) fn download(
    desk: &Desk,
    dial: &QuorumDial,
    arguments: &DownloadArgs,
    make: &dyn Fn(Option<&Status>) -> Result<DownloadPlan, Error>,
    format: Format,
) -> Result<Report, CliError> {
    block_on(async {
        let mut quorum = Quorum::attest(dial, now()).await?;
        let plan = make(quorum.statuses().await?.first())?;
        if arguments.how.dry_run {
            return Ok(Report::new(document(&plan, &[])).lines(planned(&plan)));
        }
        let options = DownloadOptions {
            ledger: &desk.ledger,
            overwrite: arguments.force,
        };
        let length = |file: &PlannedDownload| file.content.map(|content| content.length);
        let names = plan
            .files
            .iter()
            .map(|file| (file.path.to_string(), length(file)));
        let transfers = Transfers::new(format, "download", names);
        let (mut entries, mut lines) = (Vec::new(), Vec::new());
        for (index, file) in plan.files.iter().enumerate() {
            let Destination::File { path: local, .. } = &file.to else {
                let expected = "a file: what a quorum shows goes to files";
                return Err(CliError::argument(expected, &"-"));
            };
            file.make_way()?;
            let mut told = |so_far, length| transfers.tell(index, so_far, length);
            let got = quorum
                .download(&file.path, local, options, &mut told)
                .await?;
            keep_opening(file, &got)?;
            let mut shown = entry(file, &got);
            if let Value::Object(fields) = &mut shown {
                fields.insert("isolates".into(), isolates(&quorum).into());
            }
            entries.push(shown);
            lines.push(format!("{}  as all isolates show it", line(file, &got)));
        }
        transfers.finish();
        let document = match entries.len() {
            1 => entries.pop().unwrap_or_default(),
            _ => json!({ "files": entries }),
        };
        Ok(cautioned(Report::new(document).lines(lines), &quorum))
    })
}

/// `withdraw`: at every one of them.
pub(super) fn withdraw(desk: &Desk, dial: &QuorumDial) -> Result<Report, CliError> {
    block_on(async {
        let mut quorum = Quorum::attest(dial, now()).await?;
        let answers = quorum.withdraw().await?;
        let name = participant(desk)?;
        let lines = quorum
            .members()
            .zip(&answers)
            .map(|(member, answer)| format!("{name} withdrew at {} {answer}", member.instance));
        let lines: Vec<_> = lines.collect();
        Ok(Report::new(json!({ "participant": name, "answers": answers })).lines(lines))
    })
}

/// `receipt fetch`: the receipts of all of them in one file.
pub(in crate::commands) fn fetch_receipt(
    desk: &Desk,
    dial: &QuorumDial,
    run: u32,
    kept: &KeptReceipt,
) -> Result<Report, CliError> {
    let verified = block_on(async {
        let mut quorum = Quorum::attest(dial, now()).await?;
        let stored = quorum.store_receipt(run, kept.clone(), &desk.ledger, now());
        Ok(stored.await?)
    })?;
    Ok(verified_report(&verified).line(format!(
        "kept in {}, with your dated appraisal in {}",
        kept.path().display(),
        kept.appraisal_path().display()
    )))
}

/// What a combined receipt proved, and what it did not.
pub(in crate::commands) fn verified_report(verified: &VerifiedQuorum) -> Report {
    let words = |list: &[String]| -> Vec<String> {
        list.iter().map(|word| format!("  - {word}")).collect()
    };
    let mut report = Report::new(json!({
        "outcome": verified.outcome.to_string(),
        "differences": verified.differences,
        "isolates": verified.members.iter().map(|(kind, one)| json!({
            "kind": kind.name(),
            "run": one.payload.run,
            "instance": one.payload.instance.to_string(),
            "proved": texts(&one.proved),
            "not_proved": texts(&one.not_proved),
        })).collect::<Vec<_>>(),
    }))
    .line(match verified.differences.as_slice() {
        [] => format!(
            "The combined receipt holds: in all {} isolates the run {}, with the same programs, \
             inputs, outputs and randomness.",
            verified.members.len(),
            verified.outcome
        ),
        differences => format!(
            "The combined receipt holds: nothing was released, and the isolates differ in {}.",
            differences.join(", ")
        ),
    });
    for (kind, one) in &verified.members {
        report = report
            .line(format!("{kind} proves:"))
            .lines(words(&texts(&one.proved)))
            .line(format!("{kind} does NOT prove:"))
            .lines(words(&texts(&one.not_proved)));
    }
    report
}

fn texts(list: &[impl ToString]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// What each isolate of a run said, on a line each.
pub(super) fn words(run: &veracruz_protocol::RunState) -> Vec<String> {
    let members = run.quorum.iter().flat_map(|quorum| &quorum.members);
    let said = |word| match word {
        MemberWord::This => "this isolate",
        MemberWord::Awaited => "is awaited",
        MemberWord::Heard => "was heard",
        MemberWord::Agrees => "agrees",
        MemberWord::Differs => "found something else",
    };
    members
        .map(|member| {
            format!(
                "quorum    {}  {}  {}",
                member.kind,
                member.instance,
                said(member.word)
            )
        })
        .collect()
}

fn participant(desk: &Desk) -> Result<String, CliError> {
    let key = desk.identity.key();
    let participant = desk.policy.participant_by_key(&key);
    let unknown = veracruz_client::Error::NotAParticipant { key };
    Ok(participant.ok_or(unknown)?.name.to_string())
}

fn isolates(quorum: &Quorum) -> Vec<Value> {
    let isolate = |member: veracruz_client::QuorumMemberView<'_>| {
        json!({
            "kind": member.kind.name(),
            "instance": member.instance.to_string(),
            "host": member.host,
            "measurement": member.appraised.measurement().to_string(),
            "protects_from_host": member.appraised.protects_from_host(),
            "words": member.appraised.words(),
        })
    };
    quorum.members().map(isolate).collect()
}

fn cautioned(report: Report, quorum: &Quorum) -> Report {
    let weak =
        |member: &veracruz_client::QuorumMemberView<'_>| !member.appraised.protects_from_host();
    quorum
        .members()
        .filter(weak)
        .fold(report, |report, member| {
            report.line(unprotected(&kind(member.appraised)))
        })
}
