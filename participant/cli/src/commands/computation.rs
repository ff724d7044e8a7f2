//! A participant at a computation: status, attest, approve, upload, run, download, withdraw.

use super::{collateral, policy, receipt};
use crate::args::{
    ApproveArgs, AttestArgs, DownloadArgs, RunArgs, StatusArgs, Target, UploadArgs, WithdrawArgs,
};
use crate::error::CliError;
use crate::output::{Format, Report, progress, unprotected};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use veracruz_client::{
    Appraised, Attested, Collateral, Connection, Dial, DownloadOptions, Error, FilePath,
    HostClient, Identity, InstanceId, Ledger, Policy, Provisioning, Source, WaitOptions, now,
    upload_resuming,
};
use veracruz_policy::IsolateKind;
use veracruz_protocol::{ErrorCode, Missing, RunOutcome, RunState, Status, WithdrawnWhen};

/// Where a participant sits: its identity, its own copy of the policy, its ledger.
pub(super) struct Desk {
    policy: Arc<Policy>,
    identity: Identity,
    pub(super) ledger: Ledger,
    host: String,
    collateral: Arc<Collateral>,
    accept_unprotected: bool,
    again: bool,
}

impl Desk {
    /// Reads all of it from files.
    pub(super) fn open(target: &Target) -> Result<Self, CliError> {
        let path = &target.identity.identity;
        Ok(Self {
            policy: policy::load(&target.policy)?,
            identity: veracruz_client::identity::load(path, None)?,
            ledger: Ledger::beside(path),
            host: target.host.clone(),
            collateral: Arc::new(collateral::load(&target.collateral)?),
            accept_unprotected: target.accept_unprotected,
            again: target.again,
        })
    }

    /// A connection on which evidence was found good.
    pub(super) async fn attested(&self) -> Result<(Connection<Attested>, Appraised), CliError> {
        let now = now();
        let connection =
            Connection::open(&self.host, &self.policy, &self.identity, None, now).await?;
        let connection = connection.with_collateral(Arc::clone(&self.collateral));
        Ok(connection.attest(self.accept_unprotected, now).await?)
    }

    fn provisioning(&self) -> Provisioning<'_> {
        Provisioning {
            ledger: &self.ledger,
            again: self.again,
            now: now(),
        }
    }

    /// Refuses a second instance before anything is asked of it.
    fn same_instance(&self, instance: &InstanceId) -> Result<(), CliError> {
        let earlier = self.ledger.provisioned(&self.policy.hash())?;
        match earlier.last() {
            Some(last) if !self.again && earlier.iter().all(|one| one.instance != *instance) => {
                Err(Error::SecondInstance {
                    earlier: last.instance,
                    at: last.at,
                    found: *instance,
                }
                .into())
            }
            _ => Ok(()),
        }
    }
}

/// Runs one command's work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Service(error.to_string()))?
        .block_on(work)
}

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

/// `attest`: says what is at the far end.
pub(crate) fn attest(arguments: &AttestArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let start = Instant::now();
    let (instance, appraised) = block_on(async {
        let (connection, appraised) = desk.attested().await?;
        Ok((connection.instance(), appraised))
    })?;
    let milliseconds = milliseconds(start);
    desk.same_instance(&instance)?;
    let words = [
        format!(
            "this connection ends in instance {instance} with the policy {}",
            desk.policy.hash()
        ),
        format!(
            "its runtime has the measurement {}",
            appraised.measurement()
        ),
        appraised.words(),
    ];
    let document = json!({
        "instance": instance.to_string(),
        "policy": desk.policy.hash().to_string(),
        "measurement": appraised.measurement().to_string(),
        "attester": appraised.attester().map(|key| key.to_string()),
        "protects_from_host": appraised.protects_from_host(),
        "words": words,
        "milliseconds": milliseconds,
    });
    let report = Report::new(document).lines(words);
    Ok(if appraised.protects_from_host() {
        report
    } else {
        report.line(unprotected(&kind(&appraised)))
    })
}

/// What policies call the kind of an isolate with this verdict.
fn kind(appraised: &Appraised) -> String {
    // What an attester vouches for is told apart by what it measured.
    let measured = |name| appraised.facts().iter().any(|fact| fact.name == name);
    if measured("image") {
        return IsolateKind::Microvm.name().to_owned();
    }
    if measured("runtime") {
        return IsolateKind::Process.name().to_owned();
    }
    let technology = appraised.technology();
    if appraised.emulated() {
        return format!("{technology}-emulated");
    }
    technology.to_string()
}

/// `approve`: signs for the instance that this connection ends in.
pub(crate) fn approve(arguments: &ApproveArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let (mut connection, _) = desk.attested().await?;
        let status = connection.status().await?;
        let jws = connection.approve(&status, desk.provisioning()).await?;
        let (participant, instance) = (connection.participant().to_string(), connection.instance());
        let document = json!({
            "participant": participant, "instance": instance.to_string(), "statement": jws,
        });
        Ok(Report::new(document).line(format!("{participant} approved instance {instance}")))
    })
}

/// `upload`: each file whole, going on at the same isolate where the line breaks.
pub(crate) fn upload(arguments: &UploadArgs, format: Format) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let (connection, _) = desk.attested().await?;
        let dial = Dial {
            host: desk.host.clone(),
            policy: Arc::clone(&desk.policy),
            identity: desk.identity.clone(),
            instance: connection.instance(),
            accept_unprotected: desk.accept_unprotected,
            collateral: Arc::clone(&desk.collateral),
        };
        drop(connection);
        let (mut files, mut lines) = (Vec::new(), Vec::new());
        for assignment in &arguments.files {
            let path = path(&assignment.path)?;
            let source = Source::File(assignment.file.clone());
            let mut bar = progress(format, path.as_str());
            let sent =
                upload_resuming(&dial, &path, &source, desk.provisioning(), &mut bar).await?;
            lines.push(format!(
                "{path}  {} bytes  sha256 {}",
                sent.length, sent.sha256
            ));
            files.push(json!({
                "path": path.as_str(),
                "bytes": sent.length,
                "sha256": sent.sha256.to_string(),
                "resumed_at": sent.resumed_at,
            }));
        }
        Ok(Report::new(json!({ "files": files })).lines(lines))
    })
}

/// `run`: starts it on the state that is seen now, and waits.
pub(crate) fn run(arguments: &RunArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let (mut connection, appraised) = desk.attested().await?;
        let status = connection.settled_status().await?;
        let start = Instant::now();
        let started = connection.start_run(status.tag).await?;
        let ended = connection
            .wait_for_run(started.run, WaitOptions::default())
            .await?;
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
        Ok(if appraised.protects_from_host() {
            report
        } else {
            report.line(unprotected(&kind(&appraised)))
        })
    })
}

/// `download`: checked, then put in place, with what opens its commitment beside it.
pub(crate) fn download(arguments: &DownloadArgs, format: Format) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    let path = path(&arguments.path)?;
    block_on(async {
        let (mut connection, appraised) = desk.attested().await?;
        let options = DownloadOptions {
            ledger: &desk.ledger,
            overwrite: arguments.force,
        };
        let mut bar = progress(format, path.as_str());
        let got = connection
            .download(&path, &arguments.output, options, &mut bar)
            .await?;
        if let Some(salt) = &got.opening {
            receipt::keep_opening(&arguments.output, &path, salt)?;
        }
        let document = json!({
            "path": path.as_str(),
            "file": arguments.output,
            "bytes": got.length,
            "sha256": got.sha256.to_string(),
        });
        let line = format!(
            "{path}  {} bytes  in {}",
            got.length,
            arguments.output.display()
        );
        let report = Report::new(document).line(line);
        Ok(if appraised.protects_from_host() {
            report
        } else {
            report.line(unprotected(&kind(&appraised)))
        })
    })
}

/// `withdraw`.
pub(crate) fn withdraw(arguments: &WithdrawArgs) -> Result<Report, CliError> {
    let desk = Desk::open(&arguments.target)?;
    block_on(async {
        let (mut connection, _) = desk.attested().await?;
        let answer = connection.withdraw().await?;
        let line = match answer.withdrawn {
            WithdrawnWhen::BeforeRun => "withdrawn before any run: your inputs are erased",
            WithdrawnWhen::DuringRun => {
                "withdrawn during a run, which goes on; there will be no other"
            }
            WithdrawnWhen::AfterRun => "withdrawn after a run that has read your inputs",
        };
        let document = serde_json::to_value(&answer).unwrap_or_default();
        Ok(Report::new(document).line(line))
    })
}

fn path(text: &str) -> Result<FilePath, CliError> {
    FilePath::parse(text)
        .map_err(|_| CliError::argument("a path of the policy, as /input/a.csv", &text))
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
