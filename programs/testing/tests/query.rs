//! The example with SQLite in it. Its tests stand here, since its package is not built everywhere.

use veracruz_example::Example;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/query");
const ACME: &str = "/input/acme.csv";
const GLOBEX: &str = "/input/globex.csv";
const OUTPUT: &str = "/output/result.csv";

#[test]
fn the_agreed_query_has_the_expected_result() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    example.assert_answers(&example.run().succeeded());
}

#[test]
fn fields_keep_their_types_and_names_need_no_quotes() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example
        .input(ACME, "id,the price,code\n1,2.5,007\n2,,1e5\n3,-4,\"a,\"\"b\"\n")
        .input(GLOBEX, "id\n3\n1\n2\n")
        .arguments(["--query", "SELECT a.id, a.\"the price\" * 2 AS twice, code FROM acme a JOIN globex USING (id) ORDER BY a.id"])
        .run()
        .succeeded();
    assert_eq!(
        run.text(OUTPUT),
        "id,twice,code\n1,5,007\n2,,1e5\n3,-8,\"a,\"\"b\"\n"
    );
}

#[test]
fn refuses_malformed_tables_of_either_party_and_names_them() {
    for (path, text, failure) in [
        (
            ACME,
            "iata,elevation_ft\nHEL,high\n",
            ", line 2: `elevation_ft` should be a number",
        ),
        (
            ACME,
            "iata,elevation_ft\nHEL,1\nOUL\n",
            ", line 3: expected 2 fields, as in the header, found 1",
        ),
        (
            ACME,
            "iata,IATA,elevation_ft\n",
            ", line 1: the header has names that SQL cannot tell apart",
        ),
        (
            GLOBEX,
            "iata,state\nHEL,FI\n",
            ", line 1: the header has no column `departures_2008`",
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
fn refuses_what_is_not_one_query() {
    for (query, said) in [
        (
            "DELETE FROM acme",
            "--query: expected one statement that only reads\n",
        ),
        (
            "SELECT 1; SELECT 2",
            "--query: expected one statement that only reads\n",
        ),
        ("", "--query: expected a statement\n"),
        (
            "SELECT price FROM acme",
            "--query: no such column: price in SELECT price FROM acme at offset 7\n",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        let run = example.arguments(["--query", query]).run();
        assert_eq!((run.code, run.stderr.as_str()), (2, said));
        assert!(!run.wrote(OUTPUT));
    }
}
