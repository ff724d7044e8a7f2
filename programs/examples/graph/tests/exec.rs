//! Runs under the example's policy, against the answers of networkx.

use serde_json::{Value, json};
use veracruz_example::{Example, assert_holds};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const ALPHA: &str = "/input/alpha.csv";
const BETA: &str = "/input/beta.csv";
const OUTPUT: &str = "/output/network.json";

#[test]
fn the_novel_has_the_expected_triangles_pairs_and_ranks() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn so_has_the_karate_club() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let read = |name: &str| std::fs::read(format!("{FOLDER}/data/karate/{name}.csv")).unwrap();
    let example = example
        .input(ALPHA, read("alpha"))
        .input(BETA, read("beta"));
    let expected: Value = serde_json::from_str(include_str!("../data/expected.json")).unwrap();
    let expected = &expected["karate"];
    let network = example.run().succeeded().json(OUTPUT);
    for (found, expected) in [
        ("nodes", &expected["nodes"]),
        ("edges", &expected["edges"]),
        ("triangles", &expected["triangles"]),
        (
            "pairs_with_a_common_neighbour",
            &expected["pairs_with_a_common_neighbour"],
        ),
        ("common_neighbours", &expected["top10_common_neighbours"]),
        (
            "common_neighbours_not_adjacent",
            &expected["top10_common_neighbours_not_adjacent"],
        ),
        ("pagerank", &expected["pagerank_top10"]),
        ("pagerank_weighted", &expected["pagerank_weighted_top10"]),
    ] {
        assert_holds(&network[found], expected);
    }
}

#[test]
fn names_loops_and_edges_that_both_have_are_taken() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let example = example
        .input(ALPHA, "v,u\nann,ben\nben,ann\ncat,cat\n9,ann\n")
        .input(BETA, "u,v,weight\nann,ben,2\nben,9,1\n");
    let network = example.run().succeeded().json(OUTPUT);
    let expected = json!({
        "nodes": 4, "edges": 3, "self_loops": 1, "triangles": 1,
        "common_neighbours": [[9, "ann", 1], [9, "ben", 1], ["ann", "ben", 1]],
        "pagerank_weighted": null,
    });
    assert_holds(&network, &expected);
    let ranks = network["pagerank"].as_array().unwrap().iter();
    let total: f64 = ranks.map(|rank| rank[1].as_f64().unwrap()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
}

#[test]
fn refuses_malformed_edges_of_either_party_and_names_them() {
    for (path, text, failure) in [
        (
            ALPHA,
            "u,v,weight\n1,2,3\n1,,3\n",
            ", line 3: `v` should not be empty",
        ),
        (
            ALPHA,
            "from,to\n1,2\n",
            ", line 1: the header has no column `u`",
        ),
        (
            BETA,
            "u,v,weight\n1,2,much\n",
            ", line 2: `weight` should be a number",
        ),
        (
            BETA,
            "u,v,weight\n1,2,-1\n",
            ", line 2: `weight` should be above 0",
        ),
        (
            BETA,
            "u,v,weight\n1,2\n",
            ", line 2: expected 3 fields, as in the header, found 2",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}
