//! Runs under the example's policy, against the answers computed in another language.

use serde_json::Value;
use veracruz_example::Example;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const B: &str = "/bids/b.csv";
const SELLER: &str = "/reserve/seller.csv";
const OUTPUT: &str = "/output/result.csv";

#[test]
fn all_lots_go_to_the_expected_winner_at_the_expected_price() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    let expected: Value = serde_json::from_str(include_str!("../data/expected.json")).unwrap();
    let text = run.text(OUTPUT);
    let prices = text
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap());
    let revenue: u64 = prices.map(|price| price.parse::<u64>().unwrap()).sum();
    assert_eq!(revenue, expected["revenue"].as_u64().unwrap());
}

#[test]
fn reserves_ties_and_single_bids_follow_the_rules() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let example = example
        .input(
            SELLER,
            "lot,reserve\nunwanted,5\ntie,5\nalone,5\nlow,5\nabove,5\n\"a,b\",0\n",
        )
        .input("/bids/a.csv", "lot,bid\ntie,9\nlow,4\nabove,7\n")
        .input(B, "bid,lot\n9,tie\n8,above\n")
        .input("/bids/c.csv", "lot,bid\nalone,50\n\"a,b\",0\n")
        .input("/bids/d.csv", "lot,bid\nabove,6\n");
    let result = example.run().succeeded().text(OUTPUT);
    assert_eq!(
        result,
        "lot,winner,price\ntie,a,9\nalone,c,5\nabove,b,7\n\"a,b\",c,0\n"
    );
}

#[test]
fn refuses_malformed_bids_of_anyone_and_names_them() {
    for (path, text, failure) in [
        (
            B,
            "lot,bid\n1,5\n2,-1\n",
            ", line 3: `bid` should be a whole number, 0 or more",
        ),
        (B, "lot,bid\n1,5\n1,6\n", ", line 3: `lot` was there before"),
        (B, "lot,bid\nmoon,5\n", ", line 2: `lot` is not for sale"),
        (
            SELLER,
            "lot,reserve\n1,5\n1,5\n",
            ", line 3: `lot` was there before",
        ),
        (
            SELLER,
            "lot\n1\n",
            ", line 1: the header has no column `reserve`",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}
