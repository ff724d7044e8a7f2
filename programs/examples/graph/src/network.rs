//! The network, and what is counted in it.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::read::Node;

/// A network without direction, without loops, without double edges.
#[derive(Debug)]
pub struct Network {
    nodes: Vec<Node>,
    /// For each node, its neighbours in rising order, each with the edge's weight.
    neighbours: Vec<Vec<(usize, f64)>>,
    edges: usize,
    loops: u64,
    weighted: bool,
}

/// Two nodes, and how many neighbours they have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) common: u64,
}

/// Pairs with a common neighbour: how many, and those with most of them.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) count: u64,
    pub(crate) most: Vec<Pair>,
    pub(crate) most_not_adjacent: Vec<Pair>,
}

impl Network {
    pub(crate) fn new(
        nodes: Vec<Node>,
        edges: &[(usize, usize, f64)],
        loops: u64,
        weighted: bool,
    ) -> Self {
        let mut neighbours = vec![Vec::new(); nodes.len()];
        for (from, to, weight) in edges {
            for (here, there) in [(*from, *to), (*to, *from)] {
                if let Some(list) = neighbours.get_mut(here) {
                    list.push((there, *weight));
                }
            }
        }
        for list in &mut neighbours {
            list.sort_unstable_by_key(|(node, _)| *node);
        }
        Self {
            nodes,
            neighbours,
            edges: edges.len(),
            loops,
            weighted,
        }
    }

    /// The nodes, in order of their names.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many edges there are.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.edges
    }

    /// How many edges were left out because they led from a node to itself.
    #[must_use]
    pub fn loops(&self) -> u64 {
        self.loops
    }

    /// Whether every party gave weights.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.weighted
    }

    /// How many sets of three nodes are all adjacent to each other.
    #[must_use]
    pub fn triangles(&self) -> u64 {
        let mut triangles = 0;
        for (node, list) in self.neighbours.iter().enumerate() {
            // Each triangle once: from its first node over its second to its third.
            let later = |list: &[(usize, f64)], than: usize| {
                let start = list.partition_point(|(node, _)| *node <= than);
                list.get(start..).unwrap_or_default().to_vec()
            };
            let reach = later(list, node);
            for (next, _) in &reach {
                let Some(others) = self.neighbours.get(*next) else {
                    continue;
                };
                triangles += common(&later(&reach, *next), &later(others, *next));
            }
        }
        triangles
    }

    /// Counts the common neighbours of each pair, and keeps the `top` pairs with most; of equal ones
    /// those whose names come first.
    pub(crate) fn pairs(&self, top: usize) -> Pairs {
        let mut counts = vec![0_u64; self.nodes.len()];
        let mut touched = Vec::new();
        let mut found = 0;
        let (mut most, mut apart) = (Best::new(top), Best::new(top));
        for (first, list) in self.neighbours.iter().enumerate() {
            for (between, _) in list {
                let beyond = self.neighbours.get(*between).into_iter().flatten();
                for (second, _) in beyond.filter(|(second, _)| *second > first) {
                    if let Some(count) = counts.get_mut(*second) {
                        if *count == 0 {
                            touched.push(*second);
                        }
                        *count += 1;
                    }
                }
            }
            found += touched.len() as u64;
            for second in touched.drain(..) {
                let common = counts
                    .get_mut(second)
                    .map(std::mem::take)
                    .unwrap_or_default();
                let pair = Pair {
                    first,
                    second,
                    common,
                };
                most.offer(pair);
                if list
                    .binary_search_by_key(&second, |(node, _)| *node)
                    .is_err()
                {
                    apart.offer(pair);
                }
            }
        }
        Pairs {
            count: found,
            most: most.sorted(),
            most_not_adjacent: apart.sorted(),
        }
    }

    pub(crate) fn neighbours(&self) -> &[Vec<(usize, f64)>] {
        &self.neighbours
    }
}

/// How many nodes are in both sorted lists.
fn common(left: &[(usize, f64)], right: &[(usize, f64)]) -> u64 {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut common = 0;
    while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
        match a.cmp(b) {
            Ordering::Less => drop(left.next()),
            Ordering::Greater => drop(right.next()),
            Ordering::Equal => {
                common += 1;
                left.next();
                right.next();
            }
        }
    }
    common
}

/// The best few pairs of many.
struct Best {
    top: usize,
    /// The worst of them first.
    heap: BinaryHeap<Reverse<Pair>>,
}

impl Best {
    fn new(top: usize) -> Self {
        Self {
            top,
            heap: BinaryHeap::new(),
        }
    }

    fn offer(&mut self, pair: Pair) {
        self.heap.push(Reverse(pair));
        if self.heap.len() > self.top {
            self.heap.pop();
        }
    }

    fn sorted(self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self.heap.into_iter().map(|Reverse(pair)| pair).collect();
        pairs.sort_by(|left, right| right.cmp(left));
        pairs
    }
}

/// More in common is greater; of equal ones, the pair whose nodes come first.
impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_count = self.common.cmp(&other.common);
        let nodes = |pair: &Self| (pair.first, pair.second);
        by_count.then_with(|| nodes(other).cmp(&nodes(self)))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
