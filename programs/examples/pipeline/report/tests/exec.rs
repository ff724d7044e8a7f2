//! Runs all three stages under the example's policy, against the answers of Python's statistics module.

use veracruz_example::Example;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const SEATTLE: &str = "/input/seattle.csv";
const NEW_YORK: &str = "/input/new_york.csv";

#[test]
fn three_stages_give_the_expected_report() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn days_that_one_lacks_are_left_out() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let text = example.provided(SEATTLE);
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("-02-")).collect();
    let run = example.input(SEATTLE, without.join("\n")).run().succeeded();
    let report = run.json("/output/report.json");
    // Four Februaries, one of them in a leap year.
    assert_eq!(report["days"], 1461 - 113);
}

#[test]
fn few_days_in_common_get_no_answer() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let text = example.provided(SEATTLE);
    let few: Vec<&str> = text.lines().take(30).collect();
    let run = example.input(SEATTLE, few.join("\n")).run();
    let said = "no answer, because both have fewer than 30 days in common\n";
    assert_eq!((run.code, run.stderr.as_str()), (4, said));
    assert!(!run.wrote("/output/report.json"));
}

#[test]
fn the_first_stage_refuses_malformed_readings_and_names_them() {
    for (path, text, failure) in [
        (
            SEATTLE,
            "date,temp_max_c\n2012-01-01,warm\n",
            ", line 2: `temp_max_c` should be a number",
        ),
        (
            SEATTLE,
            "date,temp_max_c\n2012-01-01,300\n",
            ", line 2: `temp_max_c` is not plausible",
        ),
        (
            NEW_YORK,
            "date,temp_max_c\n2012-01-02,3\n2012-01-01,3\n",
            ", line 3: `date` should be later than in the line before",
        ),
        (
            NEW_YORK,
            "date\n2012-01-02\n",
            ", line 1: the header has no column `temp_max_c`",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}
