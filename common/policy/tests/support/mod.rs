//! What the tests of this crate share.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::fmt::Write as _;

use veracruz_policy::{Policy, PolicyErrors, Warning};

/// A policy that uses every supported field.
pub(crate) const GOOD: &str = include_str!("../data/overlap.json");

/// The good policy with one text replaced by another; the text stands there exactly once.
pub(crate) fn edited(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?}");
    GOOD.replace(from, to)
}

/// The good policy with several texts replaced.
pub(crate) fn edited_all(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(GOOD.to_owned(), |document, (from, to)| {
        assert_eq!(document.matches(from).count(), 1, "{from:?}");
        document.replace(from, to)
    })
}

/// The good policy with the certificate of `name` replaced by another of the test data.
pub(crate) fn with_certificate(name: &str, pem: &str) -> String {
    let start = GOOD
        .find(&format!("{name:?}: {{ \"certificate\": "))
        .unwrap();
    let value = start + GOOD[start..].find("\"---").unwrap();
    let end = value + 1 + GOOD[value + 1..].find('"').unwrap() + 1;
    let mut document = GOOD.to_owned();
    document.replace_range(value..end, &format!("{:?}", pem));
    document
}

pub(crate) fn parse(document: &str) -> Policy {
    Policy::parse(document.as_bytes())
        .unwrap_or_else(|errors| panic!("{}", show(document, &errors)))
}

pub(crate) fn errors(document: &str) -> PolicyErrors {
    Policy::parse(document.as_bytes()).expect_err("the policy is wrong")
}

/// All errors as a person would see them: the line, the place under a caret, and the hint.
pub(crate) fn show(document: &str, errors: &PolicyErrors) -> String {
    let mut text = String::new();
    for error in errors {
        writeln!(text, "{error}").unwrap();
        caret(&mut text, document, error.line(), error.column());
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        writeln!(
            text,
            "  expected: {}; found: {}; hint: {}",
            or_none(error.expected()),
            or_none(error.found()),
            error.hint()
        )
        .unwrap();
    }
    text
}

pub(crate) fn show_warnings(document: &str, warnings: &[Warning]) -> String {
    let mut text = String::new();
    for warning in warnings {
        writeln!(text, "{warning}").unwrap();
        caret(&mut text, document, warning.line(), warning.column());
    }
    text
}

/// The line from a little before the place, so that long lines stay readable, and a caret.
fn caret(text: &mut String, document: &str, line: usize, column: usize) {
    let line = document.split('\n').nth(line - 1).expect("the line exists");
    let before = (column - 1).min(24);
    let shown: String = line.chars().skip(column - 1 - before).take(60).collect();
    writeln!(text, "  | {shown}\n  | {}^", " ".repeat(before)).unwrap();
}
