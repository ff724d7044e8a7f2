//! Runs under the example's policy, against the answers of pyosmium, networkx and scipy.

use serde_json::Value;
use veracruz_example::Example;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const MAP: &str = "/input/cartographer.osm.pbf";
const TRAVELLER: &str = "/input/traveller.csv";
const OUTPUT: &str = "/output/routes.json";

#[test]
fn all_routes_through_liechtenstein_are_as_long_as_expected() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    assert_lengths(&run.json(OUTPUT), "liechtenstein");
}

#[test]
fn so_are_those_through_helsinki() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example
        .input(
            MAP,
            std::fs::read(format!("{FOLDER}/data/helsinki.osm.pbf")).unwrap(),
        )
        .input(TRAVELLER, include_str!("../data/helsinki_queries.csv"))
        .run()
        .succeeded();
    assert_lengths(&run.json(OUTPUT), "helsinki");
}

#[test]
fn refuses_a_malformed_map_and_names_the_block() {
    let map = std::fs::read(format!("{FOLDER}/data/liechtenstein.osm.pbf")).unwrap();
    for (bytes, failure) in [
        (Vec::new(), ": the file is empty; expected a map (.osm.pbf)"),
        (b"not a map at all".to_vec(), ": block 1: no map (.osm.pbf)"),
        (
            map[..map.len() / 2].to_vec(),
            ": block 7: cut, or no protocol buffer",
        ),
        (
            b"\0\0\0\x05hello".to_vec(),
            ": block 1: cut, or no protocol buffer",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(MAP, bytes, failure);
    }
}

#[test]
fn refuses_malformed_questions_and_names_them() {
    let header = "id,from_lat,from_lon,to_lat,to_lon\n";
    for (text, failure) in [
        (
            format!("{header}1,47,9.5,47,9.5\n2,147,9.5,47,9.5\n"),
            ", line 3: `from_lat` should be from -90 to 90",
        ),
        (
            format!("{header}1,47,east,47,9.5\n"),
            ", line 2: `from_lon` should be a number",
        ),
        (
            "id\n1\n".to_owned(),
            ", line 1: the header has no column `from_lat`",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(TRAVELLER, text, failure);
    }
}

/// Paths may differ where two are equally long, so lengths are compared.
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests"
)]
fn assert_lengths(found: &Value, area: &str) {
    let expected: Value = serde_json::from_str(include_str!("../data/expected.json")).unwrap();
    let expected = expected[area]["routes"].as_array().unwrap();
    let found = found["routes"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let metres = found["metres"].as_f64().unwrap();
        let distance = (metres - expected["length_m"].as_f64().unwrap()).abs();
        assert!(distance < 2e-3, "{area} {}: {metres}", found["id"]);
    }
}
