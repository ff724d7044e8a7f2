//! Runs under the example's policy, against the answers of Python's statistics module.

use serde_json::{Value, json};
use veracruz_example::{Example, assert_holds};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const A: &str = "/input/pollster_a.csv";
const C: &str = "/input/pollster_c.csv";
const OUTPUT: &str = "/output/answers.json";

#[test]
fn three_pollsters_get_the_answers_of_pooled_data() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn every_histogram_has_the_expected_counts() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let expected: Value = serde_json::from_str(include_str!("../data/expected.json")).unwrap();
    let run = example.arguments([
        "--minimum",
        "1",
        "--histogram",
        "income",
        "--histogram",
        "vote",
        "--histogram",
        "age/10",
        "--histogram",
        "PID+vote",
    ]);
    let answers = run.run().succeeded().json(OUTPUT);
    let histograms = &answers["histograms"];
    assert_holds(&histograms["income"]["groups"], &expected["hist_income"]);
    assert_holds(&histograms["vote"]["groups"], &expected["vote_counts"]);
    assert_holds(
        &histograms["age/10"]["groups"],
        &expected["hist_age_decades"],
    );
    for (party, votes) in expected["vote_by_PID"].as_object().unwrap() {
        for (vote, count) in votes.as_array().unwrap().iter().enumerate() {
            assert_eq!(
                &histograms["PID+vote"]["groups"][format!("{party}+{vote}")],
                count
            );
        }
    }
}

#[test]
fn groups_that_are_too_small_are_hidden_with_another() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let answers = example.run().succeeded().json(OUTPUT);
    // Three of the strongest Democrats voted for Dole; alone they would follow from the total. Those
    // with the next smallest group, seven, are hidden with them.
    let groups = &answers["histograms"]["PID+vote"];
    assert_eq!(groups["groups"]["0+1"], Value::Null);
    assert_eq!(groups["groups"]["2+1"], Value::Null);
    assert_eq!(groups["groups"]["6+0"], json!(8));
    assert_eq!(groups["hidden_rows"], json!(10));
}

#[test]
fn who_did_not_answer_is_left_out_of_that_question() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let example = example
        .input(A, "g,x\nu,1\nu,\n,5\nv,2\n")
        .input("/input/pollster_b.csv", "x,g\n4,v\n")
        .input(C, "other,g,x\n-,u,3\n")
        .arguments(["--minimum", "1", "--mean", "x:g"]);
    let answers = example.run().succeeded().json(OUTPUT);
    let u = json!({ "rows": 2, "sum": 4, "mean": 2, "variance": 1 });
    let v = json!({ "rows": 2, "sum": 6, "mean": 3, "variance": 1 });
    assert_holds(
        &answers,
        &json!({ "rows": 6, "means": { "x:g": { "groups": { "u": u, "v": v } } } }),
    );
}

#[test]
fn refuses_malformed_answers_of_any_party_and_names_them() {
    for (path, text, failure) in [
        (
            A,
            "age,vote,income,educ,PID\n36,1,1,3,6\nold,0,1,3,6\n",
            ", line 3: `age` should be a number",
        ),
        (
            A,
            "age,vote,income,educ\n36,1,1,3\n",
            ", line 1: the header has no column `PID`",
        ),
        (
            C,
            "age,vote,income,educ,PID\n36,1,1,3,6\n36,1\n",
            ", line 3: expected 5 fields, as in the header, found 2",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}

#[test]
fn refuses_a_question_that_is_none() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.arguments(["--histogram", "age/0"]).run();
    let said = "age/0: expected COLUMN/WIDTH with a whole number above 0\n";
    assert_eq!((run.code, run.stderr.as_str()), (2, said));
}
