//! Runs under the example's policy, against the answers computed in another language.

use veracruz_example::Example;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const ACME: &str = "/input/acme.csv";
const GLOBEX: &str = "/input/globex.csv";

#[test]
fn real_lists_have_the_expected_sums() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn refuses_a_malformed_line_of_either_party_and_names_it() {
    for (path, text, failure) in [
        (
            ACME,
            "iata,elevation_ft\nHEL,179\nOUL\n",
            ", line 3: expected 2 fields, as in the header, found 1",
        ),
        (
            ACME,
            "iata,elevation_ft\nHEL,high\n",
            ", line 2: `elevation_ft` should be a number",
        ),
        (
            ACME,
            "iata,elevation_ft\nHEL,1\n,1\n",
            ", line 3: `iata` should not be empty",
        ),
        (
            ACME,
            "iata,elevation_ft\nHEL,1\nHEL,2\n",
            ", line 3: `iata` was there before",
        ),
        (
            GLOBEX,
            "iata,departures_2008\nHEL,1\nHEL,\n",
            ", line 3: `departures_2008` should be a number",
        ),
        (
            GLOBEX,
            "code,departures_2008\nHEL,1\n",
            ", line 1: the header has no column `iata`",
        ),
        (GLOBEX, "", ", line 1: the file is empty; expected a header"),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}

#[test]
fn a_shared_key_of_few_gets_no_answer() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example
        .input(GLOBEX, "iata,departures_2008\nHEL,12\n")
        .run();
    assert_eq!(run.code, 4);
    assert_eq!(
        run.stderr,
        "no answer, because fewer than 20 keys are shared\n"
    );
    assert!(!run.wrote("/output/summary.json"));
}

#[test]
fn a_column_must_be_in_one_file() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.arguments(["--key", "iata", "--sum", "price"]).run();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "--sum price: neither file has it\n")
    );
}
