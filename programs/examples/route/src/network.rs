//! The roads as a directed graph, and shortest ways in it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::geometry::Point;
use crate::roads::Roads;

/// The roads as a directed graph: an edge from each node of a road to the next, as long as the great
/// circle between them. Of two parallel edges the shorter is taken.
#[derive(Debug)]
pub struct Network {
    roads: Roads,
    /// The edges that leave node `n` are those from `starts[n]` to before `starts[n + 1]`.
    starts: Vec<usize>,
    edges: Vec<Edge>,
    /// The largest set of nodes from each of which each other can be reached.
    connected: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    metres: f64,
    name: usize,
}

/// A way through the network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) metres: f64,
    pub(crate) nodes: Vec<usize>,
}

impl Network {
    /// Builds the graph, and finds where journeys may start and end.
    #[must_use]
    pub fn new(roads: Roads) -> Self {
        let mut all = Vec::new();
        for road in &roads.ways {
            for pair in road.nodes.windows(2) {
                let [from, to] = pair else { continue };
                let (Some((from, here)), Some((to, there))) =
                    (roads.position(*from), roads.position(*to))
                else {
                    continue;
                };
                if from == to {
                    continue;
                }
                let (metres, name) = (here.metres_to(there), road.name);
                if road.forward {
                    all.push((from, Edge { to, metres, name }));
                }
                if road.backward {
                    all.push((
                        to,
                        Edge {
                            to: from,
                            metres,
                            name,
                        },
                    ));
                }
            }
        }
        all.sort_by_key(|(from, edge)| (*from, edge.to));
        let mut starts = vec![0; roads.nodes.len() + 1];
        for (from, _) in &all {
            if let Some(count) = starts.get_mut(from + 1) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut network = Self {
            roads,
            starts,
            edges: all.into_iter().map(|(_, edge)| edge).collect(),
            connected: Vec::new(),
        };
        network.connected = network.largest_component();
        network
    }

    /// How many nodes, edges, and nodes in the largest connected part there are.
    #[must_use]
    pub fn size(&self) -> (usize, usize, usize) {
        (
            self.roads.nodes.len(),
            self.edges.len(),
            self.connected.len(),
        )
    }

    /// Where a node is.
    pub(crate) fn point(&self, node: usize) -> Option<Point> {
        self.roads.points.get(node).copied().flatten()
    }

    /// The nearest node of the connected part, and how far away it is. Of several, the one with the
    /// smallest identifier.
    pub(crate) fn nearest(&self, to: Point) -> Option<(usize, f64)> {
        let nodes = self.connected.iter();
        let distances = nodes.filter_map(|node| Some((*node, self.point(*node)?.metres_to(to))));
        distances.min_by(|(node, metres), (other, others)| {
            metres.total_cmp(others).then(node.cmp(other))
        })
    }

    /// The shortest way (Dijkstra's algorithm), if there is one.
    pub(crate) fn shortest(&self, from: usize, to: usize) -> Option<Path> {
        let count = self.roads.nodes.len();
        let mut metres = vec![f64::INFINITY; count];
        let mut before = vec![usize::MAX; count];
        let mut queue = BinaryHeap::from([Reached {
            metres: 0.0,
            node: from,
        }]);
        *metres.get_mut(from)? = 0.0;
        while let Some(Reached {
            metres: so_far,
            node,
        }) = queue.pop()
        {
            if node == to {
                let mut nodes = vec![to];
                let mut last = to;
                while last != from {
                    last = before.get(last).copied()?;
                    nodes.push(last);
                }
                nodes.reverse();
                return Some(Path {
                    metres: so_far,
                    nodes,
                });
            }
            if metres.get(node).is_none_or(|best| so_far > *best) {
                continue;
            }
            for edge in self.leaving(node) {
                let further = so_far + edge.metres;
                let best = metres.get_mut(edge.to)?;
                if further < *best {
                    *best = further;
                    *before.get_mut(edge.to)? = node;
                    queue.push(Reached {
                        metres: further,
                        node: edge.to,
                    });
                }
            }
        }
        None
    }

    /// The streets along a way, each once where it follows itself; roads without a name are left out.
    pub(crate) fn streets(&self, path: &Path) -> Vec<String> {
        let mut streets: Vec<String> = Vec::new();
        for pair in path.nodes.windows(2) {
            let [from, to] = pair else { continue };
            let mut edges = self.leaving(*from).iter();
            let name = edges
                .find(|edge| edge.to == *to)
                .map_or(0, |edge| edge.name);
            let name = self.roads.names.get(name).map_or("", String::as_str);
            if !name.is_empty() && streets.last().is_none_or(|last| last != name) {
                streets.push(name.to_owned());
            }
        }
        streets
    }

    fn leaving(&self, node: usize) -> &[Edge] {
        let start = self.starts.get(node).copied().unwrap_or_default();
        let end = self.starts.get(node + 1).copied().unwrap_or(start);
        self.edges.get(start..end).unwrap_or_default()
    }

    /// Tarjan's algorithm, with a stack of its own: roads are longer than a call stack is deep.
    fn largest_component(&self) -> Vec<usize> {
        let count = self.roads.nodes.len();
        let (mut order, mut low) = (vec![usize::MAX; count], vec![usize::MAX; count]);
        let mut open = vec![false; count];
        let mut next = 0;
        let (mut path, mut component) = (Vec::new(), Vec::new());
        let mut largest = Vec::new();
        let get = |list: &[usize], node: usize| list.get(node).copied().unwrap_or(usize::MAX);
        for root in 0..count {
            if get(&order, root) != usize::MAX {
                continue;
            }
            path.push((root, 0));
            while let Some((node, seen)) = path.last_mut() {
                let node = *node;
                if *seen == 0 && get(&order, node) == usize::MAX {
                    set(&mut order, node, next);
                    set(&mut low, node, next);
                    next += 1;
                    component.push(node);
                    set(&mut open, node, true);
                }
                if let Some(edge) = self.leaving(node).get(*seen) {
                    *seen += 1;
                    if get(&order, edge.to) == usize::MAX {
                        path.push((edge.to, 0));
                    } else if open.get(edge.to) == Some(&true) {
                        let lowest = get(&low, node).min(get(&order, edge.to));
                        set(&mut low, node, lowest);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    let lowest = get(&low, *parent).min(get(&low, node));
                    set(&mut low, *parent, lowest);
                }
                if get(&low, node) == get(&order, node) {
                    let start = component.iter().rposition(|member| *member == node);
                    let members = component.split_off(start.unwrap_or_default());
                    members
                        .iter()
                        .for_each(|member| set(&mut open, *member, false));
                    if members.len() > largest.len() {
                        largest = members;
                    }
                }
            }
        }
        largest.sort_unstable();
        largest
    }
}

fn set<T>(list: &mut [T], position: usize, value: T) {
    if let Some(entry) = list.get_mut(position) {
        *entry = value;
    }
}

/// A node, and how far it is; the nearest is the greatest, as the heap wants it.
#[derive(Debug, PartialEq)]
struct Reached {
    metres: f64,
    node: usize,
}

impl Eq for Reached {}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_distance = other.metres.total_cmp(&self.metres);
        by_distance.then_with(|| other.node.cmp(&self.node))
    }
}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
