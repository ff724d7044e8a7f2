//! One isolate that this host started or adopted, until long after its death.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use veracruz_launch::{Health, Isolate, LaunchError, Loss};
use veracruz_policy::{InstanceId, PolicyHash, Timestamp};

use crate::config::Limits;
use crate::metrics::Metrics;

/// How long an isolate's answer is taken for its present state: whoever asks more often than that
/// costs it nothing.
const HEALTH_AGE: Duration = Duration::from_millis(500);

/// A stopped isolate's end is told soon after; nobody waits longer for it.
const END_KNOWN: Duration = Duration::from_secs(5);

/// An isolate, what it last said, and how it ended.
pub(crate) struct Computation {
    isolate: Arc<dyn Isolate>,
    policy: PolicyHash,
    instance: InstanceId,
    loss: OnceLock<Loss>,
    /// What it last said, if anything, and when it was asked. Held while it is asked, so that it is
    /// asked once for all who want to know.
    asked: Mutex<Option<(Instant, Option<Health>)>>,
    /// Those it last told of, and all handed to it since: at times too many, which asking mends.
    /// What no host can get around is the isolate's own limit.
    connections: AtomicU32,
    /// When the certificate ends that a verifier gave it, in seconds since 1970; 0 without one.
    certified_until: AtomicI64,
    unresponsive: AtomicBool,
    metrics: Arc<Metrics>,
}

/// The bare state of a computation: the host's word, for bookkeeping. What participants go by is
/// what the isolate says over an attested connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// The hash of its policy.
    pub policy: String,
    /// The name of the isolate.
    pub instance: String,
    /// The kind of isolate, as policies name it.
    pub kind: &'static str,
    /// Whether that kind protects the participants from this host.
    pub protects_from_host: bool,
    /// What the isolate says (`awaiting`, `ready`, `running`, `finished`, `failed`, `withheld`,
    /// `closed`); `lost` where it is gone, `unresponsive` where it does not answer.
    pub state: &'static str,
    /// Where it is lost: how that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// When the certificate ends with which it meets standard clients, where a verifier gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certified_until: Option<String>,
}

impl Computation {
    /// Takes over an isolate with its policy installed, and watches for its end.
    pub(crate) fn watch(
        isolate: Arc<dyn Isolate>,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let installed = isolate.installed();
        let computation = Arc::new(Self {
            isolate,
            policy: installed.policy,
            instance: installed.instance,
            loss: OnceLock::new(),
            asked: Mutex::new(None),
            connections: AtomicU32::new(0),
            certified_until: AtomicI64::new(0),
            unresponsive: AtomicBool::new(false),
            metrics,
        });
        let watched = Arc::clone(&computation);
        tokio::spawn(async move {
            tokio::select! {
                loss = watched.isolate.lost() => watched.ended(loss),
                () = watched.check(limits.health_interval, limits.hangs_after) => {}
            }
        });
        computation
    }

    /// Asks how it is at an interval, until it has not answered for too long; then ends it.
    async fn check(&self, interval: Duration, patience: Duration) {
        let mut heard = Instant::now();
        loop {
            sleep(interval).await;
            if self.ask().await.is_some() {
                heard = Instant::now();
            } else if heard.elapsed() >= patience {
                break;
            }
        }
        // Whoever is told of its end from now on is told this.
        self.ended(Loss::Hung);
        while let Err(error) = self.isolate.stop().await {
            tracing::warn!(policy = %self.policy, instance = %self.instance, %error, "a hanging isolate cannot be ended");
            sleep(interval).await;
        }
    }

    /// Whether it did not answer when it was asked last.
    pub(crate) fn is_unresponsive(&self) -> bool {
        self.unresponsive.load(Ordering::Relaxed)
    }

    pub(crate) fn policy(&self) -> PolicyHash {
        self.policy
    }

    pub(crate) fn instance(&self) -> InstanceId {
        self.instance
    }

    /// True until its end is known.
    pub(crate) fn is_alive(&self) -> bool {
        self.loss.get().is_none()
    }

    pub(crate) fn isolate(&self) -> &dyn Isolate {
        &*self.isolate
    }

    /// It has taken a certificate that ends then.
    pub(crate) fn certified(&self, until: Timestamp) {
        self.certified_until
            .store(until.seconds(), Ordering::Relaxed);
    }

    /// Hands a connection over. The descriptor is the isolate's from then on.
    pub(crate) async fn connect(&self, accepted: std::net::TcpStream) -> Result<(), LaunchError> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let connected = self.isolate.connect(accepted).await;
        if let Err(LaunchError::Lost { loss }) = &connected {
            self.ended(*loss);
        }
        connected
    }

    /// Connections that may be open; asks the isolate only where that many might be too many.
    pub(crate) async fn connections_below(&self, limit: u32) -> bool {
        if self.connections() < limit {
            return true;
        }
        // Where it does not answer, the old number stands.
        self.ask().await;
        self.connections() < limit
    }

    pub(crate) fn connections(&self) -> u32 {
        if self.is_alive() {
            self.connections.load(Ordering::Relaxed)
        } else {
            0
        }
    }

    /// Ends the isolate, and waits until its end is known.
    pub(crate) async fn stop(&self) -> Result<(), LaunchError> {
        self.isolate.stop().await?;
        if let Ok(loss) = timeout(END_KNOWN, self.isolate.lost()).await {
            self.ended(loss);
        }
        Ok(())
    }

    /// What can be said of it now.
    pub(crate) async fn view(&self) -> View {
        let health = if self.is_alive() {
            self.ask().await
        } else {
            None
        };
        let (state, lost) = match (self.loss.get(), health) {
            (Some(loss), _) => ("lost", Some(loss.to_string())),
            (None, Some(health)) => (health.state.as_str(), None),
            (None, None) => ("unresponsive", None),
        };
        let kind = self.isolate.kind();
        let certified = self.certified_until.load(Ordering::Relaxed);
        View {
            policy: self.policy.to_string(),
            instance: self.instance.to_string(),
            kind: kind.as_str(),
            protects_from_host: kind.protects_from_host(),
            state,
            lost,
            certified_until: (certified != 0 && self.is_alive())
                .then(|| Timestamp::from_seconds(certified).to_string()),
        }
    }

    /// What it says, or said a moment ago; none where it does not answer.
    async fn ask(&self) -> Option<Health> {
        let mut last = self.asked.lock().await;
        if let Some((when, answer)) = *last
            && when.elapsed() < HEALTH_AGE
        {
            return answer;
        }
        let answer = match self.isolate.health().await {
            Ok(health) => {
                self.connections
                    .store(health.connections, Ordering::Relaxed);
                Some(health)
            }
            Err(error) => {
                tracing::warn!(policy = %self.policy, instance = %self.instance, %error, "no answer");
                if let LaunchError::Lost { loss } = error {
                    self.ended(loss);
                } else {
                    self.metrics.unanswered();
                }
                None
            }
        };
        let silent = answer.is_none();
        if self.unresponsive.swap(silent, Ordering::Relaxed) && !silent {
            tracing::info!(policy = %self.policy, instance = %self.instance, "it answers again");
        }
        *last = Some((Instant::now(), answer));
        answer
    }

    /// Keeps how it ended; whoever tells first is believed.
    fn ended(&self, loss: Loss) {
        if self.loss.set(loss).is_ok() {
            tracing::warn!(policy = %self.policy, instance = %self.instance, %loss, "isolate lost");
            self.metrics.lost(loss);
        }
    }
}
