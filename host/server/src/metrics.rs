//! Numbers for whoever watches the host: Prometheus, without a word about whose computation it is.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use veracruz_launch::{ClientError, LaunchError, Loss};

use crate::computations::{AdmissionError, Occupancy};

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a `process` isolate's few milliseconds to the minute of a machine that is emulated.
const LAUNCH_SECONDS: [f64; 10] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0, 60.0];

/// What has happened since the host was started.
pub(crate) struct Metrics {
    launches: Family<LaunchLabels, Counter>,
    launch_time: Histogram,
    losses: Family<LossLabels, Counter>,
    unanswered: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaunchLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LossLabels {
    how: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeeperLabels {
    memory: &'static str,
    processes: &'static str,
    cpu: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            launches: Family::default(),
            launch_time: Histogram::new(LAUNCH_SECONDS),
            losses: Family::default(),
            unanswered: Counter::default(),
        }
    }

    /// An isolate was started and answers.
    pub(crate) fn started(&self, taken: Duration) {
        self.launch_time.observe(taken.as_secs_f64());
        self.count_launch("started");
    }

    /// None was.
    pub(crate) fn refused(&self, why: &AdmissionError) {
        self.count_launch(match why {
            AdmissionError::Policy(_) => "policy",
            AdmissionError::Kind { .. } => "kind",
            AdmissionError::AlreadyLaunched => "already_launched",
            AdmissionError::Isolates { .. } | AdmissionError::Launches { .. } => "limit",
            AdmissionError::Memory { .. } => "memory",
            AdmissionError::Launch(
                LaunchError::Silent | LaunchError::Attester(ClientError::Timeout),
            ) => "slow",
            AdmissionError::Launch(_) | AdmissionError::Abandoned | AdmissionError::OtherPolicy => {
                "failed"
            }
        });
    }

    fn count_launch(&self, outcome: &'static str) {
        self.launches.get_or_create(&LaunchLabels { outcome }).inc();
    }

    /// An isolate is gone.
    pub(crate) fn lost(&self, loss: Loss) {
        let how = match loss {
            Loss::Exited(_) => "exited",
            Loss::Signalled(_) => "signalled",
            Loss::Hung => "hung",
            Loss::Stopped => "stopped",
            _ => "unknown",
        };
        self.losses.get_or_create(&LossLabels { how }).inc();
    }

    /// An isolate did not say how it is.
    pub(crate) fn unanswered(&self) {
        self.unanswered.inc();
    }

    /// All numbers as OpenMetrics, with the present state.
    pub(crate) fn text(&self, now: &Occupancy) -> String {
        let mut registry = Registry::with_prefix("veracruz_host");
        self.register(&mut registry);
        register_state(&mut registry, now);
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    fn register(&self, registry: &mut Registry) {
        let launches = self.launches.clone();
        registry.register(
            "launches",
            "Isolates that were asked for, by outcome",
            launches,
        );
        registry.register_with_unit(
            "launch",
            "From the order to start an isolate until it answers",
            Unit::Seconds,
            self.launch_time.clone(),
        );
        registry.register(
            "losses",
            "Isolates that are gone, by how",
            self.losses.clone(),
        );
        registry.register(
            "unanswered",
            "Questions to isolates how they are that got no answer in time",
            self.unanswered.clone(),
        );
    }
}

fn register_state(registry: &mut Registry, now: &Occupancy) {
    let mut gauge = |name: &str, help: &str, value: u64| {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    gauge("isolates", "Isolates that run", count(now.running));
    let help = "Isolates that run and did not answer when they were asked last";
    gauge("isolates_unresponsive", help, count(now.unresponsive));
    let help = "Isolates that are being started";
    gauge("isolates_launching", help, count(now.launching));
    let help = "Isolates that may run";
    gauge("isolates_limit", help, count(now.isolates));
    let help = "Memory that running isolates may use together, by their limits";
    gauge("memory_promised_bytes", help, now.memory_promised);
    if let Some(limit) = now.memory {
        let help = "Memory that isolates may be promised together";
        gauge("memory_limit_bytes", help, limit);
    }
    let help = "Memory that one isolate may use";
    gauge("isolate_memory_limit_bytes", help, now.isolate_memory);
    if let Some(limit) = now.isolate_cpu {
        let help = "Processor time that one isolate may use, in thousandths of a processor";
        gauge("isolate_cpu_limit_millis", help, limit.into());
    }
    let help = "Connections that isolates may have open";
    gauge("connections", help, now.connections.into());
    if let Some(kept) = now.limited_by {
        let by = Family::<KeeperLabels, Gauge<u64, AtomicU64>>::default();
        let labels = KeeperLabels {
            memory: kept.memory.as_str(),
            processes: kept.processes.as_str(),
            cpu: kept.cpu.as_str(),
        };
        by.get_or_create(&labels).set(1);
        registry.register("limits_kept_by", "Who keeps the limits of isolates", by);
    }
}

#[cfg(test)]
mod tests {
    use veracruz_launch::Resources;

    use super::*;

    #[test]
    fn what_happened_and_what_is_there_is_told() {
        let metrics = Metrics::new();
        metrics.started(Duration::from_millis(7));
        metrics.refused(&AdmissionError::AlreadyLaunched);
        metrics.refused(&AdmissionError::Launch(LaunchError::Silent));
        metrics.lost(Loss::Hung);
        metrics.unanswered();
        let text = metrics.text(&Occupancy {
            running: 2,
            unresponsive: 1,
            launching: 0,
            isolates: 16,
            memory_promised: 17,
            memory: Some(18),
            isolate_memory: Resources::default().memory,
            isolate_cpu: Some(1500),
            limited_by: None,
            connections: 3,
        });
        for line in [
            "veracruz_host_launches_total{outcome=\"started\"} 1",
            "veracruz_host_launches_total{outcome=\"slow\"} 1",
            "veracruz_host_launch_seconds_bucket{le=\"0.01\"} 1",
            "veracruz_host_losses_total{how=\"hung\"} 1",
            "veracruz_host_unanswered_total 1",
            "veracruz_host_isolates 2",
            "veracruz_host_isolates_unresponsive 1",
            "veracruz_host_memory_limit_bytes 18",
            "veracruz_host_isolate_cpu_limit_millis 1500",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
