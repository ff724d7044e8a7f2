//! Edges from the parties' files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use serde::Serialize;
use veracruz_guest::{Failure, Input};

use crate::network::Network;

/// A node's name. Numbers come first, in their own order; so 9 is before 10.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Node {
    /// A name that is a number.
    Number(u64),
    /// Any other.
    Name(String),
}

/// The edges of all parties so far.
#[derive(Debug, Default)]
pub struct Builder {
    edges: BTreeMap<(Node, Node), f64>,
    nodes: BTreeSet<Node>,
    loops: u64,
    /// Whether a file had no weights.
    unweighted: bool,
}

impl Builder {
    /// Adds a party's edges: the columns `u` and `v`, and `weight` if it is there. Edges have no
    /// direction; one that is named several times is one edge, with the weights added up. Edges from
    /// a node to itself are counted and left out.
    ///
    /// # Errors
    /// In which line the file is malformed, and why.
    pub fn add<R: BufRead>(&mut self, input: Input<R>) -> Result<(), Failure> {
        let mut table = input.table()?;
        let [from, to] = table.columns(["u", "v"])?;
        let weight = table.find("weight");
        self.unweighted |= weight.is_none();
        while let Some(row) = table.next_row()? {
            let (from, to) = (Node::of(row.required(from)?), Node::of(row.required(to)?));
            let value = weight.map_or(Ok(1.0), |column| row.number(column))?;
            if let Some(column) = weight.filter(|_| value <= 0.0) {
                return Err(row.failure_of(column, "should be above 0"));
            }
            self.nodes.extend([from.clone(), to.clone()]);
            if from == to {
                self.loops += 1;
                continue;
            }
            let edge = if from < to { (from, to) } else { (to, from) };
            *self.edges.entry(edge).or_default() += value;
        }
        Ok(())
    }

    /// The network of all edges.
    #[must_use]
    pub fn build(self) -> Network {
        let positions: BTreeMap<&Node, usize> = self.nodes.iter().zip(0..).collect();
        let position = |node| positions.get(node).copied().unwrap_or_default();
        let edges = self.edges.iter();
        let edges = edges.map(|((from, to), weight)| (position(from), position(to), *weight));
        let edges: Vec<_> = edges.collect();
        Network::new(
            self.nodes.into_iter().collect(),
            &edges,
            self.loops,
            !self.unweighted,
        )
    }
}

impl Node {
    fn of(text: &str) -> Self {
        match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => Self::Number(number),
            _ => Self::Name(text.to_owned()),
        }
    }
}
