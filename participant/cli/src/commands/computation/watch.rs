//! `status --watch`: a line a change.

use super::Desk;
use super::status::{Line, Whose};
use crate::error::CliError;
use crate::output::{Format, Report, painted};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write as _};
use veracruz_client::{CheckedStatus, Seen, Watch, now};
use veracruz_protocol::ComputationState;

/// The exit code where the computation is over without the state that was waited for: the answer is
/// no, which is no error.
const NEVER: u8 = 9;
/// What a shell says of a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Prints changes until the computation is over, the awaited state is there, the reader has gone or
/// the user has had enough.
pub(super) async fn watch(
    desk: &Desk,
    line: Line,
    whose: &Whose,
    until: Option<ComputationState>,
    format: Format,
) -> Result<Option<Report>, CliError> {
    let (instance, mut watch) = match line {
        Line::Attested(connection) => {
            let instance = connection.instance();
            let dial = desk.dial(instance);
            (instance, Watch::attested(connection, dial).await?)
        }
        Line::Unattested(connection) => {
            let instance = connection.instance();
            let dial = desk.dial(instance);
            (instance, Watch::unattested(connection, dial).await?)
        }
    };
    // Listened for from its first poll on: before anything is printed.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        _ = &mut interrupted => return Ok(Some(end("interrupted", None).ending_with(INTERRUPTED))),
        () = std::future::ready(()) => {}
    }
    let begin = json!({
        "change": "begin", "instance": instance.to_string(),
        "policy": desk.policy.hash().to_string(), "said_by": whose.said_by, "note": whose.note,
    });
    let mut words = vec![format!(
        "watching instance {instance} of {}",
        desk.policy.name()
    )];
    words.extend(whose.note.clone());
    if !say(format, &words, begin)? {
        return Ok(None);
    }
    let mut gone = std::pin::pin!(reader_gone());
    let attested = whose.said_by == "isolate";
    let mut before: Option<CheckedStatus> = None;
    loop {
        let seen = tokio::select! {
            seen = watch.next() => seen?,
            () = &mut gone => return Ok(None),
            _ = &mut interrupted => {
                let state = before.map(|before| before.status.state);
                return Ok(Some(end("interrupted", state).ending_with(INTERRUPTED)));
            }
        };
        let heard = match seen {
            None => {
                let state = before.map(|before| before.status.state);
                let report = end("the computation is over", state);
                return Ok(Some(match until.is_none() || until == state {
                    true => report,
                    false => report.ending_with(NEVER),
                }));
            }
            Some(Seen::Status(checked)) => {
                let changes = checked.changes_since(before.as_ref());
                let mut heard = true;
                for change in &changes {
                    heard = heard && say(format, &[change.to_string()], change.document())?;
                }
                // A ledger that cannot be written does not end the watch; `status` says so.
                if attested && !changes.is_empty() {
                    let _ = desk.ledger.note_status(&checked.status, now());
                }
                if heard && until == Some(checked.status.state) {
                    return Ok(Some(end("as awaited", until)));
                }
                before = Some(*checked);
                heard
            }
            Some(Seen::Cut(error)) => {
                let words = format!("the line was cut ({error}); dialling the same instance again");
                let document = json!({ "change": "cut", "reason": error.to_string() });
                say(format, &[words], document)?
            }
            Some(_) => {
                let words = "the same instance answers again".to_owned();
                say(format, &[words], json!({ "change": "back" }))?
            }
        };
        if !heard {
            return Ok(None);
        }
    }
}

/// Prints lines with the time, at once. Says whether anybody still reads.
fn say(format: Format, words: &[String], mut document: Value) -> Result<bool, CliError> {
    let at = now();
    let text = match format {
        Format::Text => {
            let lines = words.iter().map(|words| format!("{at}  {words}\n"));
            painted(&lines.collect::<String>())
        }
        Format::Quiet => String::new(),
        Format::Json => {
            put_time(&mut document);
            format!("{document}\n")
        }
    };
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CliError::Output(error)),
    }
}

/// Waits until nobody can read the standard output any more, where the system tells: between two
/// changes hours may pass.
#[cfg(unix)]
async fn reader_gone() {
    use std::os::fd::AsFd as _;
    use tokio::{io::Interest, net::unix::pipe::Sender};
    // Nothing is written through it, so it may block. A file, which has no readers, is refused.
    let stdout = std::io::stdout().as_fd().try_clone_to_owned();
    if let Ok(stdout) = stdout.and_then(Sender::from_owned_fd_unchecked)
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
async fn reader_gone() {
    std::future::pending().await
}

/// The last line.
fn end(why: &str, state: Option<ComputationState>) -> Report {
    let mut document = json!({ "change": "end", "why": why, "state": state });
    put_time(&mut document);
    let state = state.map_or_else(String::new, |state| format!(": {state}"));
    Report::new(document).line(format!("{}  {why}{state}", now()))
}

fn put_time(document: &mut Value) {
    if let Some(fields) = document.as_object_mut() {
        fields.insert("at".into(), now().to_string().into());
    }
}
