//! A line to one isolate, dialled anew where it breaks.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use veracruz_appraisal::Collateral;
use veracruz_policy::{FilePath, InstanceId, Policy, Timestamp};
use veracruz_protocol::ErrorCode;
use veracruz_session::{Attested, Identity, Unattested};

use crate::connection::{
    AttestedQuorum, Connection, DownloadOptions, Downloaded, Fetch, Prepared, Progress,
    Provisioning, Target, Uploaded, refuse_existing, unfinished,
};
use crate::dial::HostAddress;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::rate::RateLimit;

/// Where to find an isolate again.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The host.
    pub host: HostAddress,
    /// The participant's own copy of the policy.
    pub policy: Arc<Policy>,
    /// Who it is.
    pub identity: Identity,
    /// The one isolate that is meant. There is no 'any' here: what was begun at one isolate is
    /// never gone on with at another.
    pub instance: InstanceId,
    /// See [`Connection::attest`].
    pub accept_unprotected: bool,
    /// See [`Connection::with_collateral`].
    pub collateral: Arc<Collateral>,
    /// See [`Connection::with_rate_limit`].
    pub limit: RateLimit,
}

impl Dial {
    /// A new connection to that isolate, not attested yet.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub(crate) async fn open(&self, now: Timestamp) -> Result<Connection<Unattested>, Error> {
        let Self {
            host,
            policy,
            identity,
            instance,
            collateral,
            limit,
            ..
        } = self;
        let connection = Connection::open(host, policy, identity, Some(*instance), now).await?;
        let connection = connection.with_collateral(Arc::clone(collateral));
        Ok(connection.with_rate_limit(limit.clone()))
    }
}

/// A line to one isolate: a connection that is used for one file after the other, and another one
/// to the *same* isolate, attested anew, where it breaks.
#[derive(Debug)]
pub struct Line {
    dial: Dial,
    connection: Option<Connection<Attested>>,
    /// The quorum of which the isolate is one.
    quorum: Option<AttestedQuorum>,
    /// The time when the line was made, by the clock of this machine and since then.
    now: (Timestamp, Instant),
    dialled: u32,
}

/// How often to try without getting further: for about a minute in all.
const ATTEMPTS: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Line {
    /// A line that is not dialled yet.
    pub fn new(dial: Dial, now: Timestamp) -> Self {
        Self {
            dial,
            connection: None,
            quorum: None,
            now: (now, Instant::now()),
            dialled: 0,
        }
    }

    /// Uses a connection that is there, where it leads to the isolate that is meant.
    #[must_use]
    pub fn over(mut self, connection: Connection<Attested>) -> Self {
        if connection.instance() == self.dial.instance {
            self.connection = Some(connection.with_rate_limit(self.dial.limit.clone()));
        }
        self
    }

    /// To one isolate of a quorum, all of which were attested.
    #[must_use]
    pub(crate) fn in_quorum(mut self, quorum: &AttestedQuorum) -> Self {
        self.quorum = Some(quorum.clone());
        self
    }

    /// How often it was dialled.
    pub fn dialled(&self) -> u32 {
        self.dialled
    }

    /// Uploads as [`Connection::upload_prepared`], and goes on where the connection breaks.
    /// Returns when the isolate has committed the file.
    ///
    /// # Errors
    /// As there; [`Error::ConnectionLost`] and [`Error::HostUnreachable`] only after a minute of
    /// attempts without progress. An isolate that is gone is not replaced.
    pub async fn upload(
        &mut self,
        path: &FilePath,
        prepared: &Prepared,
        provisioning: Provisioning<'_>,
        progress: Progress<'_>,
    ) -> Result<Uploaded, Error> {
        let mut patience = Patience::new();
        loop {
            let attempt = async {
                let mut watched = patience.watch(progress);
                let connection = self.connected().await?;
                connection
                    .upload_prepared(path, prepared, provisioning, &mut watched)
                    .await
            };
            match attempt.await {
                Ok(uploaded) => return Ok(uploaded),
                Err(error) => {
                    self.connection = None;
                    patience.wait(error).await?;
                }
            }
        }
    }

    /// Downloads as [`Connection::download`], and goes on where the connection breaks.
    ///
    /// # Errors
    /// As there, and as [`Line::upload`].
    pub async fn download(
        &mut self,
        path: &FilePath,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        refuse_existing(destination, options.overwrite)?;
        let target = Target::Beside(destination);
        let (connection, fetch) = self.fetch(path, target, progress).await?;
        connection.keep(path, destination, fetch, options)
    }

    /// Downloads into a private file without a name, from its beginning: for a result that is
    /// passed on, and only after all of it was found to be what the isolate announced.
    ///
    /// # Errors
    /// As [`Line::download`].
    pub async fn download_unnamed(
        &mut self,
        path: &FilePath,
        ledger: &Ledger,
        progress: Progress<'_>,
    ) -> Result<(Downloaded, File), Error> {
        let (connection, fetch) = self.fetch(path, Target::WithoutAName, progress).await?;
        connection.hand_over(path, fetch, ledger)
    }

    async fn fetch(
        &mut self,
        path: &FilePath,
        target: Target<'_>,
        progress: Progress<'_>,
    ) -> Result<(&Connection<Attested>, Fetch), Error> {
        let mut patience = Patience::new();
        let mut fetch = None;
        loop {
            let attempt = async {
                let mut watched = patience.watch(progress);
                let connection = self.connected().await?;
                connection
                    .fetch(path, target, &mut fetch, &mut watched)
                    .await
            };
            match attempt.await {
                Ok(()) => break,
                Err(error) => {
                    self.connection = None;
                    patience.wait(error).await?;
                }
            }
        }
        self.connection.as_ref().zip(fetch).ok_or_else(unfinished)
    }

    /// The connection that is there, or a new one to the same isolate.
    async fn connected(&mut self) -> Result<&mut Connection<Attested>, Error> {
        if self.connection.is_none() {
            let connection = self.connect().await?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(unfinished)
    }

    async fn connect(&mut self) -> Result<Connection<Attested>, Error> {
        self.dialled = self.dialled.saturating_add(1);
        let (start, since) = self.now;
        let passed = i64::try_from(since.elapsed().as_secs()).unwrap_or(i64::MAX);
        let now = Timestamp::from_seconds(start.seconds().saturating_add(passed));
        let connection = self.dial.open(now).await?;
        let (connection, _) = connection.attest(self.dial.accept_unprotected, now).await?;
        match &self.quorum {
            Some(quorum) => connection.in_quorum(quorum),
            None => Ok(connection),
        }
    }
}

/// How long to go on trying. Every byte of progress renews it.
struct Patience {
    attempts_left: u32,
    pause: Duration,
    furthest: u64,
    furthest_before: u64,
}

impl Patience {
    fn new() -> Self {
        Self {
            attempts_left: ATTEMPTS,
            pause: FIRST_PAUSE,
            furthest: 0,
            furthest_before: 0,
        }
    }

    /// Tells `progress`, and notes how far it got.
    fn watch<'a>(&'a mut self, progress: Progress<'a>) -> impl FnMut(u64, u64) + Send + 'a {
        |so_far, length| {
            self.furthest = self.furthest.max(so_far);
            progress(so_far, length);
        }
    }

    /// Waits until it is time for another attempt.
    async fn wait(&mut self, error: Error) -> Result<(), Error> {
        if !may_pass(&error) {
            return Err(error);
        }
        if self.furthest > self.furthest_before {
            (self.attempts_left, self.pause) = (ATTEMPTS, FIRST_PAUSE);
            self.furthest_before = self.furthest;
        }
        self.attempts_left = self.attempts_left.saturating_sub(1);
        if self.attempts_left == 0 {
            return Err(error);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// Whether trying anew may help: the network failed, or bytes of the broken connection arrived at
/// the isolate after it was asked how far it had got. An upload that a newer connection of the same
/// provider took over is left to that one: two clients would take turns for ever.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::ConnectionLost { .. } | Error::HostUnreachable { .. } => true,
        Error::Proxy(error) => error.may_pass(),
        Error::Refused(problem) => problem.code == ErrorCode::UploadOffset,
        _ => false,
    }
}
