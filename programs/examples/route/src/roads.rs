//! The roads of a map.

use std::collections::HashMap;
use std::io::BufRead;

use osmpbf::{BlobDecode, BlobError, BlobReader, Element, ErrorKind, PrimitiveBlock, Way};
use veracruz_guest::{Failure, Input, Origin};

use crate::geometry::Point;

/// What a reader must know of a file to understand it, and this one does.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// Values of `highway` for cars; each but the last five has a `_link` besides.
const ROADS: [&str; 10] = [
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
];
const WITH_LINKS: usize = 5;

/// The roads for cars in a map.
#[derive(Debug, Default)]
pub struct Roads {
    /// Identifiers of the nodes on roads, rising.
    pub(crate) nodes: Vec<i64>,
    /// Where each is; none where the extract ends before it.
    pub(crate) points: Vec<Option<Point>>,
    pub(crate) ways: Vec<Road>,
    /// Names of streets; the first is empty.
    pub(crate) names: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Road {
    pub(crate) nodes: Vec<i64>,
    pub(crate) forward: bool,
    pub(crate) backward: bool,
    /// The position of its name.
    pub(crate) name: usize,
}

impl Roads {
    /// Reads a map twice: its ways, then the nodes on those that are roads, so that memory is needed for
    /// roads alone. `open` opens the same file each time.
    ///
    /// A way is a road where `highway` is one of the car network, unless `area=yes`, or `access` or
    /// `motor_vehicle` is `no` or `private`. It leads one way where `oneway` says so; without that, also
    /// on a motorway and in a roundabout. Restrictions of turns and barriers are not looked at.
    ///
    /// # Errors
    /// In which block the file is malformed, and why; or that there are no roads in it.
    pub fn read<R: BufRead + Send>(
        open: impl Fn() -> Result<Input<R>, Failure>,
    ) -> Result<Self, Failure> {
        let mut roads = Self {
            names: vec![String::new()],
            ..Self::default()
        };
        let mut names = HashMap::new();
        blocks(open()?, |block| {
            for way in block.groups().flat_map(|group| group.ways()) {
                roads.ways.extend(road(&way, &mut names, &mut roads.names));
            }
        })?;
        let mut nodes: Vec<i64> = roads
            .ways
            .iter()
            .flat_map(|way| way.nodes.clone())
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        roads.points = vec![None; nodes.len()];
        roads.nodes = nodes;
        let origin = blocks(open()?, |block| {
            block.for_each_element(|element| match element {
                Element::DenseNode(node) => {
                    roads.place(node.id(), node.decimicro_lat(), node.decimicro_lon());
                }
                Element::Node(node) => {
                    roads.place(node.id(), node.decimicro_lat(), node.decimicro_lon());
                }
                Element::Way(_) | Element::Relation(_) => {}
            });
        })?;
        if roads.points.iter().all(Option::is_none) {
            return Err(origin.failure("there are no roads for cars in this map"));
        }
        Ok(roads)
    }

    /// The position of a node, if it is known where it is.
    pub(crate) fn position(&self, node: i64) -> Option<(usize, Point)> {
        let position = self.nodes.binary_search(&node).ok()?;
        let point = self.points.get(position).copied().flatten()?;
        Some((position, point))
    }

    /// Takes a node's place, in tenths of a millionth of a degree, if it is on a road.
    fn place(&mut self, node: i64, latitude: i32, longitude: i32) {
        let position = self.nodes.binary_search(&node).ok();
        let point = position.and_then(|position| self.points.get_mut(position));
        if let Some(point) = point {
            *point = Some(Point {
                latitude: f64::from(latitude) / 1e7,
                longitude: f64::from(longitude) / 1e7,
            });
        }
    }
}

fn road(
    way: &Way<'_>,
    positions: &mut HashMap<String, usize>,
    names: &mut Vec<String>,
) -> Option<Road> {
    let tags: HashMap<&str, &str> = way.tags().collect();
    let tag = |key: &str| tags.get(key).copied();
    let highway = tag("highway")?;
    let barred = |key| matches!(tag(key), Some("no" | "private"));
    if !is_road(highway)
        || tag("area") == Some("yes")
        || barred("access")
        || barred("motor_vehicle")
    {
        return None;
    }
    let (forward, backward) = match tag("oneway") {
        Some("yes" | "true" | "1") => (true, false),
        Some("-1" | "reverse") => (false, true),
        None if tag("junction") == Some("roundabout") || highway == "motorway" => (true, false),
        _ => (true, true),
    };
    let name = tag("name").unwrap_or_default();
    let name = *positions.entry(name.to_owned()).or_insert_with(|| {
        if name.is_empty() {
            return 0;
        }
        names.push(name.to_owned());
        names.len() - 1
    });
    Some(Road {
        nodes: way.refs().collect(),
        forward,
        backward,
        name,
    })
}

fn is_road(highway: &str) -> bool {
    let main = highway.strip_suffix("_link");
    ROADS.contains(&highway)
        || main.is_some_and(|main| ROADS.iter().take(WITH_LINKS).any(|road| *road == main))
}

/// Hands every block of data to `take`.
fn blocks<R: BufRead + Send>(
    input: Input<R>,
    mut take: impl FnMut(&PrimitiveBlock),
) -> Result<Origin, Failure> {
    let (origin, reader) = input.into_parts();
    let mut header = false;
    for (number, blob) in (1_u64..).zip(BlobReader::new(reader)) {
        let failure = |reason: &str| origin.failure(format!("block {number}: {reason}"));
        let blob = blob.map_err(|error| failure(reason(error.kind())))?;
        match blob
            .decode()
            .map_err(|error| failure(reason(error.kind())))?
        {
            BlobDecode::OsmHeader(found) => {
                let known = |feature: &String| FEATURES.contains(&feature.as_str());
                if !found.required_features().iter().all(known) {
                    return Err(failure("the map needs a feature that is not supported"));
                }
                header = true;
            }
            BlobDecode::OsmData(_) if !header => {
                return Err(failure("expected an OSM header before data"));
            }
            BlobDecode::OsmData(block) => take(&block),
            BlobDecode::Unknown(_) => {}
        }
    }
    if header {
        Ok(origin)
    } else {
        Err(origin.failure("the file is empty; expected a map (.osm.pbf)"))
    }
}

/// In words of our own: the library's may show what stands in the file.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io(_) => "cut, or badly compressed",
        ErrorKind::Protobuf { .. } => "cut, or no protocol buffer",
        ErrorKind::StringtableUtf8 { .. } => "a text is not UTF-8",
        ErrorKind::StringtableIndexOutOfBounds { .. } => "a text is named that is not there",
        ErrorKind::Blob(BlobError::InvalidHeaderSize) => "cut, or no map (.osm.pbf)",
        ErrorKind::Blob(BlobError::HeaderTooBig { .. }) => "no map (.osm.pbf)",
        ErrorKind::Blob(BlobError::MessageTooBig { .. }) => "larger than 32 MiB",
        ErrorKind::Blob(_) => "empty, or compressed in a way that is not supported",
        _ => "malformed",
    }
}
