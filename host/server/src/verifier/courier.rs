//! Keeps one isolate certified, for as long as it lives.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::time::sleep;
use veracruz_launch::LaunchError;
use veracruz_policy::Timestamp;

use super::Client;
use super::client::CallError;
use crate::computation::Computation;

/// After a failure, doubled with each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Between two certificates at least, however short they are good.
const SHORTEST_RENEWAL: Duration = Duration::from_secs(10);

/// Why an isolate got no certificate this time.
#[derive(Debug, Error)]
enum Undelivered {
    #[error(transparent)]
    Verifier(#[from] CallError),
    #[error(transparent)]
    Isolate(#[from] LaunchError),
    #[error("the isolate's policy does not name it, or it has no evidence")]
    NotNamed,
    #[error("the isolate does not take the certificate")]
    NotTaken,
}

/// Gets certificates for an isolate until it is gone: the first that one of `verifiers` gives, and
/// another when half of its time is over.
pub(crate) fn attend(computation: Arc<Computation>, verifiers: Arc<[Client]>) {
    if verifiers.is_empty() {
        return;
    }
    tokio::spawn(async move {
        tokio::select! {
            () = renew(&computation, &verifiers) => {}
            _ = computation.isolate().lost() => {}
        }
    });
}

async fn renew(computation: &Computation, verifiers: &[Client]) {
    let mut pause = FIRST_PAUSE;
    loop {
        let wait = match deliver(computation, verifiers).await {
            Some(expires) => {
                pause = FIRST_PAUSE;
                computation.certified(expires);
                (remaining(expires) / 2).max(SHORTEST_RENEWAL)
            }
            None => {
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        sleep(wait).await;
    }
}

/// When the certificate ends that the isolate has taken; `None` where no verifier gave one.
async fn deliver(computation: &Computation, verifiers: &[Client]) -> Option<Timestamp> {
    let policy = computation.policy();
    for verifier in verifiers {
        match deliver_from(computation, verifier).await {
            Ok(expires) => {
                tracing::info!(%policy, verifier = verifier.host(), %expires, "isolate certified");
                return Some(expires);
            }
            Err(error) => {
                tracing::warn!(%policy, verifier = verifier.host(), %error, "not certified");
            }
        }
    }
    None
}

async fn deliver_from(
    computation: &Computation,
    verifier: &Client,
) -> Result<Timestamp, Undelivered> {
    let isolate = computation.isolate();
    let challenge = verifier.challenge().await?;
    let wanted = isolate
        .certificate_request(challenge.verifier, challenge.nonce)
        .await?
        .ok_or(Undelivered::NotNamed)?;
    let certificate = verifier.certify(&challenge, &wanted).await?;
    let taken = isolate
        .install_certificate(challenge.verifier, certificate.der)
        .await?;
    if !taken {
        return Err(Undelivered::NotTaken);
    }
    Ok(certificate.expires)
}

fn remaining(expires: Timestamp) -> Duration {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let expires = u64::try_from(expires.seconds()).unwrap_or(0);
    Duration::from_secs(expires).saturating_sub(now)
}
