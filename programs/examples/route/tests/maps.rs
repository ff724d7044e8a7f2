//! The network of a map, natively.

use route::{Network, Roads};
use serde_json::Value;
use veracruz_guest::{Input, Origin};

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn map(area: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/data/{area}.osm.pbf",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn read(bytes: &[u8]) -> Result<Roads, veracruz_guest::Failure> {
    Roads::read(|| Ok(Input::new(Origin::at("/input/cartographer.osm.pbf"), bytes)))
}

#[test]
fn networks_have_the_expected_size() {
    let expected: Value = serde_json::from_str(include_str!("../data/expected.json")).unwrap();
    for area in ["liechtenstein", "helsinki"] {
        let (nodes, edges, connected) = Network::new(read(&map(area)).unwrap()).size();
        let expected = &expected[area];
        // Nodes of roads that have no position, and parallel edges, are not in the answer's graph.
        let number = |name: &str| usize::try_from(expected[name].as_u64().unwrap()).unwrap();
        assert!(
            nodes >= number("graph_nodes") && edges >= number("graph_edges"),
            "{nodes} {edges}"
        );
        assert_eq!(connected, number("largest_scc_nodes"), "{area}");
    }
}

#[test]
fn a_map_with_a_changed_byte_is_read_or_refused() {
    let mut bytes = map("helsinki");
    for step in 0..40 {
        let position = (step * 7919 * 13) % bytes.len();
        let position = if step < 20 { step * 3 } else { position };
        bytes[position] ^= 0x41;
        if let Ok(roads) = read(&bytes) {
            let _ = Network::new(roads);
        }
        bytes[position] ^= 0x41;
    }
}
