//! Numbers for whoever watches the service: Prometheus, without a word about what was judged.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every number that the service counts.
pub(crate) struct Metrics {
    registry: Registry,
    challenges: Counter,
    verdicts: Family<VerdictLabels, Counter>,
    certificates: Counter,
    limited: Counter,
    answers: Family<AnswerLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    technology: &'static str,
    purpose: &'static str,
    good: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    status: u16,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("veracruz_verifier");
        let challenges = Counter::default();
        let verdicts = Family::default();
        let certificates = Counter::default();
        let limited = Counter::default();
        let answers = Family::default();
        registry.register(
            "challenges",
            "Challenges that were drawn",
            challenges.clone(),
        );
        registry.register(
            "verdicts",
            "Evidence that was judged, by technology, purpose and outcome",
            verdicts.clone(),
        );
        registry.register(
            "certificates",
            "Certificates that were issued",
            certificates.clone(),
        );
        registry.register(
            "limited",
            "Requests that were refused because their peer asks too often",
            limited.clone(),
        );
        registry.register("answers", "Answers by HTTP status", answers.clone());
        Self {
            registry,
            challenges,
            verdicts,
            certificates,
            limited,
            answers,
        }
    }

    pub(crate) fn challenge(&self) {
        self.challenges.inc();
    }

    pub(crate) fn verdict(
        &self,
        technology: Option<&'static str>,
        purpose: &'static str,
        good: bool,
    ) {
        let labels = VerdictLabels {
            technology: technology.unwrap_or("unknown"),
            purpose,
            good: if good { "true" } else { "false" },
        };
        self.verdicts.get_or_create(&labels).inc();
    }

    pub(crate) fn certificate(&self) {
        self.certificates.inc();
    }

    pub(crate) fn limited(&self) {
        self.limited.inc();
    }

    pub(crate) fn answer(&self, status: u16) {
        self.answers.get_or_create(&AnswerLabels { status }).inc();
    }

    /// All numbers as OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::new();
        metrics.challenge();
        metrics.verdict(Some("sgx"), "certificate", false);
        metrics.verdict(None, "challenge", false);
        metrics.certificate();
        metrics.limited();
        metrics.answer(429);
        let text = metrics.text();
        for line in [
            "veracruz_verifier_challenges_total 1",
            "veracruz_verifier_verdicts_total{technology=\"sgx\",purpose=\"certificate\",good=\"false\"} 1",
            "veracruz_verifier_verdicts_total{technology=\"unknown\",purpose=\"challenge\",good=\"false\"} 1",
            "veracruz_verifier_certificates_total 1",
            "veracruz_verifier_limited_total 1",
            "veracruz_verifier_answers_total{status=\"429\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
