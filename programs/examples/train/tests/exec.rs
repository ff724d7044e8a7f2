//! Runs under the example's policy, against scikit-learn's answers.

use serde_json::Value;
use veracruz_example::{Example, Run};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const A: &str = "/train/hospital_a.csv";
const C: &str = "/train/hospital_c.csv";
const CLINIC: &str = "/test/clinic.csv";

#[test]
fn three_hospitals_get_the_model_of_pooled_data() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    let expected = include_str!("../data/expected.json");
    let expected: Value = serde_json::from_str(expected).unwrap();
    let model = run.json("/output/model.json");
    let numbers = |list: &str| -> Vec<f64> {
        let list = model[list].as_array().unwrap();
        list.iter().map(|number| number.as_f64().unwrap()).collect()
    };
    for (list, member, tolerance) in [
        ("mean", "pooled_mean", 1e-6),
        ("standard_deviation", "pooled_std", 1e-6),
        // scikit-learn stops a little before the minimum.
        ("coefficients", "pooled_coef", 1e-4),
    ] {
        for (name, found) in model["features"]
            .as_array()
            .unwrap()
            .iter()
            .zip(numbers(list))
        {
            let name = name.as_str().unwrap();
            let expected = expected[member][name].as_f64().unwrap();
            assert!(
                (found - expected).abs() < tolerance,
                "{list} of {name}: {found} {expected}"
            );
        }
    }
    let intercept = model["intercept"].as_f64().unwrap();
    assert!((intercept - expected["pooled_intercept"].as_f64().unwrap()).abs() < 1e-4);
}

#[test]
fn one_hospital_alone_gets_a_worse_model() {
    let correct = |run: Run| {
        run.json("/output/evaluation.json")["correct"]
            .as_u64()
            .unwrap()
    };
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let together = correct(example.run().succeeded());
    let header = example.provided(A).lines().next().unwrap().to_owned() + "\n";
    let alone = example
        .input(A, header.clone())
        .input("/train/hospital_b.csv", header);
    let alone = correct(alone.run().succeeded());
    assert!(alone < together, "{alone} {together}");
}

#[test]
fn columns_may_stand_in_another_order() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let reversed: Vec<String> = example
        .provided(C)
        .lines()
        .map(|line| line.split(',').rev().collect::<Vec<_>>().join(","))
        .collect();
    let example = example.input(C, reversed.join("\r\n"));
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn refuses_malformed_rows_of_any_party_and_names_them() {
    for (path, change, failure) in [
        (
            A,
            ("20.57", "large"),
            ", line 2: `mean_radius` should be a number",
        ),
        (A, (",0\n", ",2\n"), ", line 2: `benign` should be 0 or 1"),
        (
            C,
            ("mean_texture", "texture"),
            ", line 1: the column `texture` is not in the first file",
        ),
        (
            CLINIC,
            ("benign", "malign"),
            ", line 1: the header has no column `benign`",
        ),
        (
            CLINIC,
            ("17.99,", "17.99,,"),
            ", line 2: expected 32 fields, as in the header, found 33",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        let (from, to) = change;
        let text = example.provided(path).replacen(from, to, 1);
        example.assert_refuses(path, text, failure);
    }
}

#[test]
fn rows_of_one_class_give_no_model() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let header = example.provided(A).lines().next().unwrap().to_owned() + "\n";
    let paths = [A, "/train/hospital_b.csv", C];
    let example = paths
        .into_iter()
        .fold(example, |example, path| example.input(path, header.clone()));
    let run = example.run();
    assert_eq!(run.code, 4);
    assert_eq!(
        run.stderr,
        "no answer, because all rows to train on are of one class\n"
    );
}
