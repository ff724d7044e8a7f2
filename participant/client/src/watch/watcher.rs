//! Watching one isolate, over as many connections as that takes.

use std::time::Duration;

use tokio::time::Instant;
use veracruz_policy::Timestamp;
use veracruz_protocol::{ErrorCode, Status};
use veracruz_session::{Attested, Unattested};

use super::CheckedStatus;
use crate::clock::now;
use crate::connection::{Connection, StatusEvents};
use crate::error::Error;
use crate::line::Dial;

/// How long the isolate may be out of reach before the watch ends.
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that lasts that long is no sign of trouble when it ends.
const LASTING: Duration = Duration::from_secs(10);
/// How long the receipt of the last run may take.
const RECEIPT: Duration = Duration::from_secs(5);

/// A computation's status as it changes, at one isolate. Where the connection breaks, the *same*
/// isolate is dialled again, and never another one.
#[derive(Debug)]
pub struct Watch {
    dial: Dial,
    attest: bool,
    line: Line,
    begun: Instant,
    pause: Duration,
    stage: Stage,
}

/// How far the computation is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Going,
    /// It is over, and the receipt of its last run is still to come.
    Ending,
    Over,
}

/// What a watch sees.
#[derive(Debug)]
#[non_exhaustive]
pub enum Seen {
    /// The status: first of all, and after each change. It can be the same as the one before.
    Status(Box<CheckedStatus>),
    /// The connection broke; the same isolate is dialled again.
    Cut(Error),
    /// The same isolate answers again.
    Back,
}

#[derive(Debug)]
enum Line {
    Attested(Box<StatusEvents<Attested>>),
    Unattested(Box<StatusEvents<Unattested>>),
    Cut { since: Instant },
}

impl Watch {
    /// Watches over an attested connection. `dial` says how the same isolate is found again; each
    /// new connection is attested.
    ///
    /// # Errors
    /// Those of [`Connection::status_events`].
    pub async fn attested(connection: Connection<Attested>, dial: Dial) -> Result<Self, Error> {
        let events = connection.status_events().await?;
        Ok(Self::begin(Line::Attested(Box::new(events)), true, dial))
    }

    /// Watches over connections that prove nothing: what is seen is the word of whoever answers.
    ///
    /// # Errors
    /// Those of [`Connection::status_events`].
    pub async fn unattested(connection: Connection<Unattested>, dial: Dial) -> Result<Self, Error> {
        let events = connection.status_events().await?;
        Ok(Self::begin(Line::Unattested(Box::new(events)), false, dial))
    }

    fn begin(line: Line, attest: bool, dial: Dial) -> Self {
        Self {
            dial,
            attest,
            line,
            begun: Instant::now(),
            pause: FIRST_PAUSE,
            stage: Stage::Going,
        }
    }

    /// Waits for what is to be seen next; `None` when the computation is over and has been seen so.
    ///
    /// # Errors
    /// Where the isolate cannot be reached for a minute, the reason of the last attempt;
    /// [`Error::OtherInstance`] and [`Error::HandshakeRefused`] at once; those of every call and of an attestation.
    pub async fn next(&mut self) -> Result<Option<Seen>, Error> {
        if self.stage == Stage::Over {
            return Ok(None);
        }
        if let Line::Cut { since } = self.line {
            self.line = self.dial_again(since).await?;
            self.begun = Instant::now();
            return Ok(Some(Seen::Back));
        }
        let next = async {
            match &mut self.line {
                Line::Attested(events) => events.next().await,
                Line::Unattested(events) => events.next().await,
                // Dealt with above.
                Line::Cut { .. } => std::future::pending().await,
            }
        };
        let status = if self.stage == Stage::Ending {
            match tokio::time::timeout(RECEIPT, next).await {
                Ok(status) => status,
                Err(_) => return Ok(None),
            }
        } else {
            next.await
        };
        match status {
            Ok(status) => Ok(Some(self.seen(status))),
            Err(_) if self.stage == Stage::Ending => Ok(None),
            Err(error) if may_pass(&error) => {
                if self.begun.elapsed() >= LASTING {
                    self.pause = FIRST_PAUSE;
                }
                self.line = Line::Cut {
                    since: Instant::now(),
                };
                Ok(Some(Seen::Cut(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// After the end, the receipt of the last run may still come: the status that has it is the last.
    fn seen(&mut self, status: Status) -> Seen {
        let whole = status.run.as_ref().is_none_or(|run| run.receipt);
        let checked = CheckedStatus::new(&self.dial.policy, status, now());
        self.stage = match (checked.is_over(), whole) {
            (false, _) => Stage::Going,
            (true, false) if self.stage == Stage::Going => Stage::Ending,
            (true, _) => Stage::Over,
        };
        Seen::Status(Box::new(checked))
    }

    async fn dial_again(&mut self, since: Instant) -> Result<Line, Error> {
        loop {
            tokio::time::sleep(self.pause).await;
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
            match self.attempt(now()).await {
                Ok(line) => return Ok(line),
                Err(error) if may_pass(&error) && since.elapsed() < PATIENCE => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, now: Timestamp) -> Result<Line, Error> {
        let connection = self.dial.open(now).await?;
        if !self.attest {
            let events = connection.status_events().await?;
            return Ok(Line::Unattested(Box::new(events)));
        }
        let (connection, _) = connection.attest(self.dial.accept_unprotected, now).await?;
        let events = connection.status_events().await?;
        Ok(Line::Attested(Box::new(events)))
    }
}

/// Whether the same isolate may answer a little later.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::ConnectionLost { .. } | Error::HostUnreachable { .. } | Error::NoIsolate { .. } => {
            true
        }
        // The isolate may not have noticed yet that the connection before this one is gone.
        Error::Refused(problem) => problem.code == ErrorCode::TooManyRequests,
        _ => false,
    }
}
