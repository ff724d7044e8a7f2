//! What leaves.

use serde::Serialize;

use crate::network::{Network, Pair};
use crate::read::Node;

/// What all parties learn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many nodes have an edge.
    pub nodes: usize,
    /// How many edges there are; one that several parties have is one.
    pub edges: usize,
    /// Edges from a node to itself, which are left out.
    pub self_loops: u64,
    /// Sets of three that are all adjacent to each other.
    pub triangles: u64,
    /// Pairs with at least one neighbour in common.
    pub pairs_with_a_common_neighbour: u64,
    /// The pairs with most neighbours in common, and how many.
    pub common_neighbours: Vec<(Node, Node, u64)>,
    /// The same among those that are not adjacent: who may soon be.
    pub common_neighbours_not_adjacent: Vec<(Node, Node, u64)>,
    /// The nodes with the highest rank.
    pub pagerank: Vec<(Node, f64)>,
    /// The same by weight, where all parties gave weights.
    pub pagerank_weighted: Option<Vec<(Node, f64)>>,
}

impl Summary {
    /// Of each list, the first `top`; of equal ones those whose names come first.
    #[must_use]
    pub fn of(network: &Network, top: usize) -> Self {
        let pairs = network.pairs(top);
        let named = |pairs: Vec<Pair>| {
            let pairs = pairs.into_iter().filter_map(|pair| {
                let [first, second] = [pair.first, pair.second].map(|at| network.nodes().get(at));
                Some((first?.clone(), second?.clone(), pair.common))
            });
            pairs.collect()
        };
        Self {
            nodes: network.nodes().len(),
            edges: network.edges(),
            self_loops: network.loops(),
            triangles: network.triangles(),
            pairs_with_a_common_neighbour: pairs.count,
            common_neighbours: named(pairs.most),
            common_neighbours_not_adjacent: named(pairs.most_not_adjacent),
            pagerank: highest(network, &network.pagerank(false), top),
            pagerank_weighted: network
                .is_weighted()
                .then(|| highest(network, &network.pagerank(true), top)),
        }
    }
}

/// Ranks that are equal but for rounding are ordered by name, as on paper.
fn highest(network: &Network, ranks: &[f64], top: usize) -> Vec<(Node, f64)> {
    let mut nodes: Vec<_> = network.nodes().iter().zip(ranks).collect();
    nodes.sort_by(|(left_name, left), (right_name, right)| {
        let [left, right] = [left, right].map(|rank| (*rank * 1e12).round());
        right
            .total_cmp(&left)
            .then_with(|| left_name.cmp(right_name))
    });
    let nodes = nodes.into_iter().take(top);
    nodes.map(|(name, rank)| (name.clone(), *rank)).collect()
}
