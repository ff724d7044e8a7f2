//! The real lists against the answers that `data/answer.py` gives, and what is refused.

use std::path::Path;

use psi::{Error, Overlap, Owner, Reason};

const ACME: &str = "iata,country,elevation_ft\nHEL,FI,179\nOUL,FI,47\n";
const GLOBEX: &str = "iata,state,departures_2008\nHEL,--,12\nJFK,NY,118804\n";

#[test]
fn real_lists_have_the_expected_overlap() {
    let overlap = Overlap::of(
        data("acme_airports.csv").as_bytes(),
        data("globex_airports.csv").as_bytes(),
    )
    .unwrap();
    let expected = data("expected.json");
    let codes: Vec<&str> = overlap.codes.iter().map(String::as_str).collect();

    assert_eq!(codes.len(), 1642);
    assert_eq!(codes[..5], ["AAF", "AAO", "AAT", "ABE", "ABI"]);
    assert_eq!(
        codes[codes.len() - 5..],
        ["YNG", "YUM", "ZER", "ZPH", "ZZV"]
    );
    let mut summary = Vec::new();
    overlap.write_summary(&mut summary).unwrap();
    for line in String::from_utf8(summary)
        .unwrap()
        .lines()
        .filter(|line| line.contains(':'))
    {
        let fact = line.trim().trim_end_matches(',');
        assert!(expected.contains(fact), "{fact} is not in expected.json");
    }
}

#[test]
fn codes_are_written_sorted_below_a_header() {
    let overlap = Overlap::of(
        "iata,elevation_ft\nOUL,1\nHEL,2\n".as_bytes(),
        "departures_2008,iata\n5,HEL\n7,OUL\n".as_bytes(),
    );
    let mut codes = Vec::new();
    overlap.unwrap().write_codes(&mut codes).unwrap();
    assert_eq!(codes, b"iata\nHEL\nOUL\n");
}

#[test]
fn lists_without_rows_have_nothing_in_common() {
    let overlap = Overlap::of("iata,elevation_ft".as_bytes(), GLOBEX.as_bytes()).unwrap();
    assert_eq!(
        overlap,
        Overlap {
            codes: Vec::new(),
            departures_2008: 0,
            elevation_ft: 0
        }
    );
}

#[test]
fn refuses_a_malformed_line_and_names_it() {
    let acme = |text: &str| Overlap::of(text.as_bytes(), GLOBEX.as_bytes()).unwrap_err();
    let header = "iata,country,elevation_ft\n";
    let cases = [
        (String::new(), 1, Reason::Empty),
        (
            "iata,country\n".to_owned(),
            1,
            Reason::NoColumn {
                column: "elevation_ft",
            },
        ),
        (
            "iata,iata,elevation_ft\n".to_owned(),
            1,
            Reason::Duplicate { column: "iata" },
        ),
        (
            format!("{header}HEL,FI,179\nOUL,FI\n"),
            3,
            Reason::Width {
                expected: 3,
                found: 2,
            },
        ),
        (
            format!("{header}HEL,FI,high\n"),
            2,
            Reason::NotANumber {
                column: "elevation_ft",
            },
        ),
        (
            format!("{header}HEL,FI,99999999999999999999\n"),
            2,
            Reason::NotANumber {
                column: "elevation_ft",
            },
        ),
        (
            format!("{header},FI,1\n"),
            2,
            Reason::NotACode { column: "iata" },
        ),
        (
            format!("{header}\"H,L\",FI,1\n"),
            2,
            Reason::NotACode { column: "iata" },
        ),
        (
            format!("{header}HEL,FI,1\nHEL,FI,1\n"),
            3,
            Reason::Duplicate { column: "iata" },
        ),
        (format!("{header}HEL,\"FI,1\n"), 2, Reason::Quotes),
    ];
    for (text, line, reason) in cases {
        assert_eq!(
            acme(&text),
            Error {
                owner: Owner::Acme,
                line,
                reason
            },
            "{text:?}"
        );
    }
}

#[test]
fn refuses_a_key_that_would_be_counted_twice() {
    let globex = format!("{GLOBEX}HEL,--,1\n");
    let error = Overlap::of(ACME.as_bytes(), globex.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        Error {
            owner: Owner::Globex,
            line: 4,
            reason: Reason::Duplicate { column: "iata" }
        }
    );
}

#[test]
fn refuses_a_sum_that_does_not_fit() {
    let acme = format!("iata,elevation_ft\nHEL,{0}\nJFK,{0}\n", i64::MAX);
    let error = Overlap::of(acme.as_bytes(), GLOBEX.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        Error {
            owner: Owner::Globex,
            line: 3,
            reason: Reason::SumTooLarge
        }
    );
}

#[test]
fn refuses_bytes_that_are_not_utf8() {
    let error = Overlap::of(&b"iata,elevation_ft\n\xff,1\n"[..], GLOBEX.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        Error {
            owner: Owner::Acme,
            line: 2,
            reason: Reason::NotUtf8
        }
    );
}

#[test]
fn a_file_cut_anywhere_is_an_answer_or_an_error() {
    for length in 0..ACME.len() {
        let _ = Overlap::of(&ACME.as_bytes()[..length], GLOBEX.as_bytes());
        let _ = Overlap::of(ACME.as_bytes(), &GLOBEX.as_bytes()[..length]);
    }
}

#[test]
fn an_error_tells_no_value_of_the_file() {
    let error = Overlap::of(
        "iata,elevation_ft\nSECRET,private\n".as_bytes(),
        GLOBEX.as_bytes(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "acme's file, line 2: `elevation_ft` should be a number"
    );
}

#[test]
fn tenths_of_a_foot_are_dropped() {
    let acme = "iata,elevation_ft\nHEL,-12.9\nJFK,5354.9\n";
    let overlap = Overlap::of(acme.as_bytes(), GLOBEX.as_bytes()).unwrap();
    assert_eq!(overlap.elevation_ft, 5342);
    for malformed in ["1.", ".", ".5", "1.5e3", "1.-5", "--1", "1.5.5"] {
        let acme = format!("iata,elevation_ft\nHEL,{malformed}\n");
        assert!(
            Overlap::of(acme.as_bytes(), GLOBEX.as_bytes()).is_err(),
            "{malformed}"
        );
    }
}

#[expect(clippy::panic, reason = "a helper of tests")]
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
