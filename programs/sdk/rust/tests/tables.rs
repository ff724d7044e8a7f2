//! What tables accept and refuse, and the lines that they name.

use proptest::prelude::*;
use veracruz_guest::{Failure, Input, Origin, Place, quoted};

fn input(text: &[u8]) -> Input<&[u8]> {
    Input::new(Origin::at("/input/acme.csv"), text)
}

/// All fields with the line of each record.
fn rows(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Failure> {
    let mut table = input(text).table()?;
    let columns: Vec<_> = table.all_columns().map(|(column, _)| column).collect();
    let mut rows = Vec::new();
    while let Some(row) = table.next_row()? {
        let fields = columns.iter().map(|column| row.text(*column).to_owned());
        rows.push((row.line(), fields.collect()));
    }
    Ok(rows)
}

/// Where it fails, and why.
#[expect(clippy::panic, reason = "a helper of tests")]
fn refusal(text: &[u8]) -> (Place, String) {
    match rows(text) {
        Err(Failure::Input { place, reason, .. }) => (place, reason.into_owned()),
        other => panic!("expected a failure, found {other:?}"),
    }
}

fn record(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
    (
        line,
        fields.iter().map(|field| (*field).to_owned()).collect(),
    )
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let expected = [record(2, &["1", "x"]), record(5, &["2", "y"])];
    assert_eq!(rows(b"a,b\n1,x\n\n\n2,y\n").unwrap(), expected);
    assert_eq!(rows(b"a,b\r\n1,x\r\n\r\n\r\n2,y").unwrap(), expected);
    assert_eq!(
        rows("\u{feff}a,b\n1,x\n\n\n2,y".as_bytes()).unwrap(),
        expected
    );
}

#[test]
fn a_field_in_quotes_may_have_commas_quotes_and_line_breaks() {
    let text = b"a,b\n\"1,\"\"one\"\"\",\"two\nlines\"\n2,y\n";
    let expected = [
        record(2, &["1,\"one\"", "two\nlines"]),
        record(4, &["2", "y"]),
    ];
    assert_eq!(rows(text).unwrap(), expected);
}

#[test]
fn refuses_what_is_no_table() {
    let line = Place::Line;
    for (text, place, reason) in [
        (&b""[..], line(1), "the file is empty; expected a header"),
        (b"a,a\n", line(1), "the header has `a` twice"),
        (
            b"a,b\n1,2\n1\n",
            line(3),
            "expected 2 fields, as in the header, found 1",
        ),
        (
            b"a,b\n1,2,3\n",
            line(2),
            "expected 2 fields, as in the header, found 3",
        ),
        (
            b"a,b\n1,2\n1,\"2\n3,4\n",
            line(3),
            "the double quotes do not pair",
        ),
        (b"a,b\n1,2\n\xff,2\n", line(3), "expected UTF-8"),
        (b"a,b\n\xc3,\xa9\n", line(2), "expected UTF-8"),
    ] {
        assert_eq!(refusal(text), (place, reason.to_owned()), "{text:?}");
    }
}

#[test]
fn a_field_that_is_no_number_is_named_and_not_shown() {
    let mut table = input(b"id,age\nSECRET,private\n").table().unwrap();
    let age = table.column("age").unwrap();
    let row = table.next_row().unwrap().unwrap();
    let failure = row.number(age).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "/input/acme.csv, line 2: `age` should be a number"
    );
    assert_eq!((failure.owner(), failure.exit_code()), (Some("acme"), 1));
    for text in ["inf", "NaN", "1e999", "", "0x1"] {
        let text = format!("age\n\"{text}\"\n");
        let mut table = input(text.as_bytes()).table().unwrap();
        let age = table.column("age").unwrap();
        let row = table.next_row().unwrap().unwrap();
        assert!(row.number(age).is_err(), "{text}");
    }
}

#[test]
fn a_column_that_is_not_there_is_a_failure_of_the_header() {
    let table = input(b"id,age\n").table().unwrap();
    let failure = table.columns(["id", "income"]).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "/input/acme.csv, line 1: the header has no column `income`"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_table_or_a_failure(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = rows(&bytes);
    }

    #[test]
    fn what_was_quoted_is_read_back(fields in proptest::collection::vec("[a,\"\n\r é]{0,8}", 1..6)) {
        // A record of one empty field is an empty line.
        prop_assume!(fields.len() > 1 || !fields[0].is_empty());
        let header: Vec<String> = (0..fields.len()).map(|index| index.to_string()).collect();
        let record: Vec<String> = fields.iter().map(|field| quoted(field).to_string()).collect();
        let text = format!("{}\n{}\n", header.join(","), record.join(","));
        prop_assert_eq!(rows(text.as_bytes()).unwrap(), vec![(2, fields)]);
    }
}
