//! Going on with an upload after a connection broke.

use std::sync::Arc;
use std::time::Duration;

use veracruz_appraisal::Collateral;
use veracruz_policy::{FilePath, InstanceId, Policy, Timestamp};
use veracruz_protocol::ErrorCode;
use veracruz_session::{Identity, Unattested};

use crate::connection::{AttestedQuorum, Connection, Provisioning, Source, Uploaded};
use crate::error::Error;

/// Where to find an isolate again.
#[derive(Clone, Debug)]
pub struct Dial {
    /// The host, `name:port`.
    pub host: String,
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
            ..
        } = self;
        let connection = Connection::open(host, policy, identity, Some(*instance), now).await?;
        Ok(connection.with_collateral(Arc::clone(collateral)))
    }
}

/// How often to try anew.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Uploads as [`Connection::upload`], and where the connection breaks dials the *same* isolate,
/// attests the new connection, and goes on. Returns when the isolate has committed the file.
///
/// # Errors
/// As [`Connection::upload`]; [`Error::ConnectionLost`] and [`Error::HostUnreachable`] only after
/// several attempts without progress. An isolate that is gone is not replaced.
pub async fn upload_resuming(
    dial: &Dial,
    path: &FilePath,
    source: &Source,
    provisioning: Provisioning<'_>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    upload_resuming_in(None, dial, path, source, provisioning, progress).await
}

/// As [`upload_resuming`], to one isolate of a quorum.
pub(crate) async fn upload_resuming_in(
    quorum: Option<&AttestedQuorum>,
    dial: &Dial,
    path: &FilePath,
    source: &Source,
    provisioning: Provisioning<'_>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let mut attempts_left = ATTEMPTS;
    let mut pause = FIRST_PAUSE;
    let mut furthest = 0;
    loop {
        let before = furthest;
        let mut watched = |so_far, length| {
            furthest = furthest.max(so_far);
            progress(so_far, length);
        };
        let error = match attempt(quorum, dial, path, source, provisioning, &mut watched).await {
            Ok(uploaded) => return Ok(uploaded),
            Err(error) if may_pass(&error) => error,
            Err(error) => return Err(error),
        };
        if furthest > before {
            (attempts_left, pause) = (ATTEMPTS, FIRST_PAUSE);
        }
        attempts_left = attempts_left.saturating_sub(1);
        if attempts_left == 0 {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
}

async fn attempt(
    quorum: Option<&AttestedQuorum>,
    dial: &Dial,
    path: &FilePath,
    source: &Source,
    provisioning: Provisioning<'_>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let now = provisioning.now;
    let connection = dial.open(now).await?;
    let (mut connection, _) = connection.attest(dial.accept_unprotected, now).await?;
    if let Some(quorum) = quorum {
        connection = connection.in_quorum(quorum)?;
    }
    connection
        .upload(path, source, provisioning, progress)
        .await
}

/// Whether trying anew may help: the network failed, or bytes of the broken connection arrived at
/// the isolate after it was asked how far it had got. An upload that a newer connection of the same
/// provider took over is left to that one: two clients would take turns for ever.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::ConnectionLost { .. } | Error::HostUnreachable { .. } => true,
        Error::Refused(problem) => problem.code == ErrorCode::UploadOffset,
        _ => false,
    }
}
