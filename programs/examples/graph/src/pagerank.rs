//! PageRank: how often a walker comes by, who follows a random edge most of the time and starts anew
//! at a random node now and then.

use crate::network::Network;

/// How often the walker follows an edge.
const DAMPING: f64 = 0.85;
/// The ranks are found when they move by less than this altogether.
const CONVERGED: f64 = 1e-13;
/// Each step brings them closer by the damping, so far fewer suffice.
const MAX_STEPS: usize = 1000;

impl Network {
    /// The rank of each node; together they are 1. With `weighted`, the walker prefers heavy edges.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of nodes")]
    pub fn pagerank(&self, weighted: bool) -> Vec<f64> {
        let count = self.nodes().len();
        let even = 1.0 / count as f64;
        let weight = |weight: f64| if weighted { weight } else { 1.0 };
        let out: Vec<f64> = self
            .neighbours()
            .iter()
            .map(|list| list.iter().map(|(_, by)| weight(*by)).sum())
            .collect();
        let mut ranks = vec![even; count];
        for _ in 0..MAX_STEPS {
            // Who is at a node without edges starts anew.
            let stuck = ranks.iter().zip(&out).filter(|(_, out)| **out == 0.0);
            let stuck: f64 = stuck.map(|(rank, _)| rank).sum();
            let anew = (1.0 - DAMPING + DAMPING * stuck) * even;
            let mut next = vec![anew; count];
            for ((rank, out), list) in ranks.iter().zip(&out).zip(self.neighbours()) {
                for (to, by) in list {
                    if let Some(next) = next.get_mut(*to) {
                        *next += DAMPING * rank * weight(*by) / out;
                    }
                }
            }
            let moved: f64 = next.iter().zip(&ranks).map(|(a, b)| (a - b).abs()).sum();
            ranks = next;
            if moved < CONVERGED {
                break;
            }
        }
        ranks
    }
}
