//! Runs under the example's policy, against the answers computed in another language.

use serde_json::json;
use veracruz_example::{Example, assert_holds};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const STATION: &str = "/input/station.csv";

#[test]
fn readings_with_gaps_have_the_expected_statistics() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    let windows = run.json("/output/statistics.json")["windows"]
        .as_u64()
        .unwrap();
    assert_eq!(
        run.text("/output/means.csv").lines().count() as u64,
        windows + 1
    );
}

#[test]
fn every_mean_of_seven_days_is_as_expected() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example
        .input(STATION, include_str!("../data/seattle.csv"))
        .arguments(["--time", "date", "--value", "temp_max_c", "--window", "7"])
        .run()
        .succeeded();
    let means = run.text("/output/means.csv");
    let expected = include_str!("../data/expected_ma7_seattle.csv");
    assert_eq!(means.lines().count(), expected.lines().count());
    for (found, expected) in means.lines().zip(expected.lines()).skip(1) {
        let (day, mean) = found.split_once(',').unwrap();
        let (expected_day, expected) = expected.split_once(',').unwrap();
        let distance = mean.parse::<f64>().unwrap() - expected.parse::<f64>().unwrap();
        assert!(
            day == expected_day && distance.abs() < 2e-6,
            "{found} {expected}"
        );
    }
}

#[test]
fn a_window_with_a_gap_has_no_mean() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example
        .input(
            STATION,
            "date,co2\n8,1\n9,3\n10,\n11,\n12,5\n13,\n14,7\n15,9\n",
        )
        .arguments(["--time", "date", "--value", "co2", "--window", "2"])
        .run()
        .succeeded();
    assert_eq!(
        run.text("/output/means.csv"),
        "date,mean\n9,2.000000\n15,8.000000\n"
    );
    let expected = json!({ "present": 5, "missing": 3, "gaps": 2, "longest_gap": 2, "mean": 5,
        "standard_deviation": 8_f64.sqrt(), "maximum_at": "15" });
    assert_holds(&run.json("/output/statistics.json"), &expected);
}

#[test]
fn refuses_malformed_readings_and_names_them() {
    for (text, failure) in [
        (
            "date,co2\n1,2\n2,high\n",
            ", line 3: `co2` should be a number",
        ),
        (
            "date,co2\n2,2\n10,2\n10,2\n",
            ", line 4: `date` should be later than in the line before",
        ),
        ("date,co2\n,2\n", ", line 2: `date` should not be empty"),
        ("date\n1\n", ", line 1: the header has no column `co2`"),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(STATION, text, failure);
    }
}
