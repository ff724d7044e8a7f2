//! All computations of this host: admission, routing, and the memory of those that ended.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::time::Instant;
use veracruz_launch::{Kind, LaunchError, Launcher, LimitedBy, Resources};
use veracruz_policy::{Policy, PolicyErrors, PolicyHash};
use veracruz_session::IsolateName;

use crate::computation::Computation;
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::verifier;

/// So many ended computations are remembered, the latest ones.
const REMEMBERED: usize = 256;

/// The host's table of isolates.
pub(crate) struct Computations {
    launcher: Arc<dyn Launcher>,
    resources: Resources,
    limits: Limits,
    verifiers: Arc<[verifier::Client]>,
    metrics: Arc<Metrics>,
    table: Mutex<Table>,
}

/// How much of the host is in use, and how much it takes on.
#[derive(Clone, Debug)]
pub(crate) struct Occupancy {
    pub(crate) running: usize,
    /// Of those that run.
    pub(crate) unresponsive: usize,
    pub(crate) launching: usize,
    /// The most that may run.
    pub(crate) isolates: usize,
    /// Bytes.
    pub(crate) memory_promised: u64,
    pub(crate) memory: Option<u64>,
    pub(crate) isolate_memory: u64,
    /// Thousandths of a processor.
    pub(crate) isolate_cpu: Option<u32>,
    pub(crate) limited_by: Option<LimitedBy>,
    pub(crate) connections: u32,
}

#[derive(Default)]
struct Table {
    /// In the order in which they were started.
    known: Vec<Arc<Computation>>,
    /// Policies whose isolates are on their way.
    launching: BTreeSet<PolicyHash>,
}

/// Why a computation was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum AdmissionError {
    /// Whoever wrote the policy is at fault.
    #[error("{0}")]
    Policy(#[from] PolicyErrors),
    /// The policy accepts kinds of isolate that this host cannot start.
    #[error("the policy accepts no isolate of kind `{offered}`")]
    Kind {
        /// What this host has.
        offered: Kind,
    },
    /// The policy has an isolate here.
    #[error("an isolate with this policy is running, or being started")]
    AlreadyLaunched,
    /// The host has as many isolates as it may.
    #[error("{limit} isolates are running, which is the limit")]
    Isolates {
        /// The limit.
        limit: usize,
    },
    /// What is left of the host's memory does not suffice for an isolate.
    #[error(
        "an isolate may use {wanted} bytes, and {promised} of the {limit} for all isolates are \
         promised to others"
    )]
    Memory {
        /// What an isolate may use, in bytes.
        wanted: u64,
        /// What others may use.
        promised: u64,
        /// What there is for all.
        limit: u64,
    },
    /// The host starts as many at a time as it may.
    #[error("{limit} isolates are being started, which is the limit")]
    Launches {
        /// The limit.
        limit: usize,
    },
    /// The isolate did not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The host failed, or is shutting down.
    #[error("the launch was abandoned")]
    Abandoned,
    /// The isolate says that it has another policy than it was given.
    #[error("the isolate answered with another policy than it was given")]
    OtherPolicy,
}

impl Computations {
    /// Adopts the isolates that outlived the host that started them.
    pub(crate) async fn adopt(
        launcher: Arc<dyn Launcher>,
        resources: Resources,
        limits: Limits,
        verifiers: Arc<[verifier::Client]>,
    ) -> Result<Arc<Self>, LaunchError> {
        let metrics = Arc::new(Metrics::new());
        let watch = |isolate| Computation::watch(isolate, limits, Arc::clone(&metrics));
        let known: Vec<_> = launcher.adopt().await?.into_iter().map(watch).collect();
        for computation in &known {
            tracing::info!(policy = %computation.policy(), instance = %computation.instance(), "isolate adopted");
            // Whether its policy names a verifier, it will say itself.
            verifier::attend(Arc::clone(computation), Arc::clone(&verifiers));
        }
        let table = Mutex::new(Table {
            known,
            launching: BTreeSet::new(),
        });
        Ok(Arc::new(Self {
            launcher,
            resources,
            limits,
            verifiers,
            metrics,
            table,
        }))
    }

    /// Starts an isolate with this policy document and waits until it answers.
    ///
    /// It goes on where the caller does not wait: an isolate that was asked for is then running,
    /// and known.
    pub(crate) async fn launch(
        self: &Arc<Self>,
        document: Arc<[u8]>,
    ) -> Result<Arc<Computation>, AdmissionError> {
        let reserved = self.admit(&document);
        let reserved = reserved.inspect_err(|error| self.metrics.refused(error))?;
        let launch = tokio::spawn(reserved.launch(document));
        launch.await.unwrap_or(Err(AdmissionError::Abandoned))
    }

    fn admit(self: &Arc<Self>, document: &[u8]) -> Result<Reservation, AdmissionError> {
        let policy = Policy::parse(document)?;
        let offered = self.launcher.kind();
        if !accepts(&policy, offered) {
            return Err(AdmissionError::Kind { offered });
        }
        let mut reserved = self.reserve(policy.hash())?;
        reserved.has_verifiers = !policy.verifiers().is_empty();
        Ok(reserved)
    }

    /// The running isolate that a connection asks for by name: the oldest, where several have the
    /// policy and none is named.
    pub(crate) fn route(&self, name: &IsolateName) -> Option<Arc<Computation>> {
        let fits = |computation: &&Arc<Computation>| {
            computation.is_alive()
                && computation.policy() == name.policy
                && name
                    .instance
                    .is_none_or(|instance| computation.instance() == instance)
        };
        self.table().known.iter().find(fits).cloned()
    }

    /// Whether one more connection may be handed to this isolate.
    pub(crate) async fn admits_connection(&self, to: &Computation) -> bool {
        if !to
            .connections_below(self.limits.connections_per_isolate)
            .await
        {
            return false;
        }
        if self.connections() < self.limits.connections {
            return true;
        }
        // The sum may be out of date: those told of may have been closed long since.
        for computation in self.all() {
            computation.connections_below(1).await;
        }
        self.connections() < self.limits.connections
    }

    /// The one that runs with this policy; else the last that ran.
    pub(crate) fn find(&self, policy: PolicyHash) -> Option<Arc<Computation>> {
        let table = self.table();
        let mut with_policy = table.known.iter().filter(|one| one.policy() == policy);
        let running = with_policy.clone().find(|one| one.is_alive());
        running.or_else(|| with_policy.next_back()).cloned()
    }

    /// Every one that is known, the oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Computation>> {
        self.table().known.clone()
    }

    fn connections(&self) -> u32 {
        self.table()
            .known
            .iter()
            .map(|one| one.connections())
            .fold(0, u32::saturating_add)
    }

    fn reserve(self: &Arc<Self>, policy: PolicyHash) -> Result<Reservation, AdmissionError> {
        let mut table = self.table();
        let alive = table.known.iter().filter(|one| one.is_alive());
        if alive.clone().any(|one| one.policy() == policy) || table.launching.contains(&policy) {
            return Err(AdmissionError::AlreadyLaunched);
        }
        let (limits, launching) = (self.limits, table.launching.len());
        if alive.count() + launching >= limits.isolates {
            return Err(AdmissionError::Isolates {
                limit: limits.isolates,
            });
        }
        if launching >= limits.launches {
            return Err(AdmissionError::Launches {
                limit: limits.launches,
            });
        }
        if let Some(limit) = limits.memory {
            let wanted = self.resources.memory;
            let promised = self.promised(&table);
            if promised.saturating_add(wanted) > limit {
                return Err(AdmissionError::Memory {
                    wanted,
                    promised,
                    limit,
                });
            }
        }
        table.launching.insert(policy);
        Ok(Reservation {
            computations: Arc::clone(self),
            policy,
            has_verifiers: false,
        })
    }

    /// What all isolates may use together, in bytes: those that were adopted as much as the others.
    fn promised(&self, table: &Table) -> u64 {
        let alive = table.known.iter().filter(|one| one.is_alive()).count();
        let count = alive.saturating_add(table.launching.len());
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.resources.memory.saturating_mul(count)
    }

    /// How much of the host is in use.
    pub(crate) fn occupancy(&self) -> Occupancy {
        let table = self.table();
        let running = table.known.iter().filter(|one| one.is_alive());
        Occupancy {
            running: running.clone().count(),
            unresponsive: running.filter(|one| one.is_unresponsive()).count(),
            launching: table.launching.len(),
            isolates: self.limits.isolates,
            memory_promised: self.promised(&table),
            memory: self.limits.memory,
            isolate_memory: self.resources.memory,
            isolate_cpu: self.resources.cpu,
            limited_by: self.launcher.limited_by(),
            connections: table
                .known
                .iter()
                .map(|one| one.connections())
                .fold(0, u32::saturating_add),
        }
    }

    /// All numbers as OpenMetrics.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.text(&self.occupancy())
    }

    fn remember(&self, computation: Arc<Computation>) {
        let mut table = self.table();
        table.known.push(computation);
        while table.known.iter().filter(|one| !one.is_alive()).count() > REMEMBERED {
            let Some(oldest) = table.known.iter().position(|one| !one.is_alive()) else {
                break;
            };
            table.known.remove(oldest);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that holds it can leave it half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for an isolate that is on its way, free again when this is dropped.
struct Reservation {
    computations: Arc<Computations>,
    policy: PolicyHash,
    /// Whether the policy names any verifier.
    has_verifiers: bool,
}

impl Reservation {
    async fn launch(self, document: Arc<[u8]>) -> Result<Arc<Computation>, AdmissionError> {
        let begin = Instant::now();
        let metrics = Arc::clone(&self.computations.metrics);
        let launched = self.launch_unmeasured(document).await;
        match &launched {
            Ok(_) => metrics.started(begin.elapsed()),
            Err(error) => metrics.refused(error),
        }
        launched
    }

    async fn launch_unmeasured(
        self,
        document: Arc<[u8]>,
    ) -> Result<Arc<Computation>, AdmissionError> {
        let computations = &self.computations;
        let isolate = computations
            .launcher
            .launch(document, computations.resources.clone())
            .await?;
        if isolate.installed().policy != self.policy {
            isolate.stop().await?;
            return Err(AdmissionError::OtherPolicy);
        }
        let metrics = Arc::clone(&computations.metrics);
        let computation = Computation::watch(isolate, computations.limits, metrics);
        tracing::info!(policy = %self.policy, instance = %computation.instance(), "isolate started");
        computations.remember(Arc::clone(&computation));
        if self.has_verifiers {
            let verifiers = Arc::clone(&computations.verifiers);
            verifier::attend(Arc::clone(&computation), verifiers);
        }
        Ok(computation)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.computations.table().launching.remove(&self.policy);
    }
}

fn accepts(policy: &Policy, kind: Kind) -> bool {
    policy
        .isolates()
        .kinds()
        .any(|accepted| accepted == kind.in_policies())
}
