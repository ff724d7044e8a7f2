//! What `veracruz policy check` says of each fault: a code, the place with a caret below it, and
//! what to do. One row of a table a fault, and one snapshot of all that a person sees.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

/// The library's good policy, which every row breaks in one place.
const GOOD: &str = include_str!("../../../common/policy/tests/data/overlap.json");

/// What stands in the certificates of others.
const EXPIRED: &str = include_str!("../../../common/policy/tests/data/expired.pem");
const ACME: &str = include_str!("../../../common/policy/tests/data/acme.pem");

/// A fault, the code that it must have, and the document.
struct Fault {
    name: &'static str,
    code: &'static str,
    document: Vec<u8>,
}

/// The good policy with one text in place of another, which stands there once.
fn edit(name: &'static str, code: &'static str, from: &str, to: &str) -> Fault {
    assert_eq!(GOOD.matches(from).count(), 1, "{name}: {from:?}");
    raw(name, code, GOOD.replace(from, to))
}

/// A document that is no edit of the good one.
fn raw(name: &'static str, code: &'static str, document: impl Into<Vec<u8>>) -> Fault {
    let document = document.into();
    Fault {
        name,
        code,
        document,
    }
}

/// The good policy with another certificate of lab.
fn certificate(name: &'static str, code: &'static str, pem: &str) -> Fault {
    let start = GOOD.find("\"lab\": { \"certificate\": ").unwrap();
    let value = start + GOOD[start..].find("\"-----").unwrap();
    let end = value + 1 + GOOD[value + 1..].find('"').unwrap() + 1;
    let mut document = GOOD.to_owned();
    document.replace_range(value..end, &format!("{pem:?}"));
    raw(name, code, document)
}

/// Every character of the text in two bytes, the lower one first.
fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What refuses the policy.
fn errors() -> Vec<Fault> {
    let provider = "{ \"provider\": \"acme\", \"max_bytes\": \"2GiB\" }";
    vec![
        edit("an unknown field", "VC-0121", "\"expires\":", "\"expiry\":"),
        edit(
            "a field in another place",
            "VC-0121",
            "\"random\": \"seeded\"",
            "\"random\": \"seeded\", \"runs\": 3",
        ),
        edit(
            "a key twice",
            "VC-0107",
            provider,
            "{ \"provider\": \"acme\", \"provider\": \"lab\" }",
        ),
        edit(
            "an output at the path of an input",
            "VC-0107",
            "\"/output/overlap.csv\": {",
            "\"/input/acme.csv\": {",
        ),
        edit(
            "an output that is an input",
            "VC-0160",
            "\"write\": [\"/output/overlap.csv\"]",
            "\"write\": [\"/output/overlap.csv\", \"/input/acme.csv\"]",
        ),
        edit(
            "a program that there is not",
            "VC-0152",
            "\"program\": \"/program/sum.wasm\"",
            "\"program\": \"/program/sums.wasm\"",
        ),
        edit(
            "a receiver who is no participant",
            "VC-0151",
            "[\"globex\", \"acme\"]",
            "[\"globex\", \"hooli\"]",
        ),
        edit(
            "a stage that reads what nothing provides",
            "VC-0158",
            "\"read\": [\"/input/\"]",
            "\"read\": [\"/inputs/\"]",
        ),
        edit(
            "a stage that writes what is no output",
            "VC-0159",
            "\"write\": [\"/output/overlap.csv\"]",
            "\"write\": [\"/results/\"]",
        ),
        certificate("a certificate that is used twice", "VC-0150", ACME),
        certificate("a certificate that is none", "VC-0140", "lab.crt"),
        edit(
            "an isolate that protects nobody, unsaid",
            "VC-0161",
            "  \"unprotected\": true,\n",
            "",
        ),
        edit(
            "a missing trust anchor",
            "VC-0122",
            ",\n      \"attesters\": [\"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9\"]",
            "",
        ),
        edit(
            "a character that turns the direction, in the name",
            "VC-0128",
            "customer-overlap-2026-11",
            "customer\u{202e}-overlap",
        ),
        edit(
            "a character that turns the direction, in a path",
            "VC-0130",
            "\"/input/globex.csv\": {",
            "\"/input/\u{2067}globex.csv\": {",
        ),
        edit(
            "a participant's name in another alphabet",
            "VC-0129",
            "\"lab\": {",
            "\"l\u{430}b\": {",
        ),
        edit(
            "a number that is none",
            "VC-0108",
            "\"runs\": 3",
            "\"runs\": 3.0",
        ),
        edit(
            "a huge number",
            "VC-0108",
            "\"max_bytes\": 1000000",
            "\"max_bytes\": 1000000000000000000000000000000",
        ),
        edit(
            "a number with an exponent",
            "VC-0108",
            "\"max_bytes\": 1000000",
            "\"max_bytes\": 1e400",
        ),
        edit(
            "a huge size",
            "VC-0126",
            "\"max_bytes\": \"2GiB\"",
            "\"max_bytes\": \"99999999999999999999GiB\"",
        ),
        edit(
            "more time than there may be",
            "VC-0126",
            "\"time\": \"5min\"",
            "\"time\": \"100000h\"",
        ),
        edit(
            "half of a surrogate pair",
            "VC-0109",
            "\"writes the program\"",
            "\"\\ud83d\"",
        ),
        edit(
            "a comma too many",
            "VC-0104",
            "\"expires\": \"2027-01-01T00:00:00Z\"",
            "\"expires\": \"2027-01-01T00:00:00Z\",",
        ),
        edit(
            "a comment",
            "VC-0104",
            "  \"unprotected\": true,",
            "  \"unprotected\": true, // for the test",
        ),
        raw("nothing", "VC-0104", ""),
        raw("cut in the middle", "VC-0104", &GOOD.as_bytes()[..3000]),
        raw("a mebibyte of brackets", "VC-0105", "[".repeat(1 << 20)),
        raw(
            "deep nesting",
            "VC-0105",
            format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000)),
        ),
        raw("more than a mebibyte", "VC-0101", " ".repeat((1 << 20) + 1)),
        raw(
            "too many values",
            "VC-0106",
            format!("[{}0]", "0,".repeat(200_000)),
        ),
        raw(
            "UTF-16",
            "VC-0102",
            [b"\xff\xfe", &utf16(GOOD)[..]].concat(),
        ),
        raw("UTF-16 without a mark", "VC-0102", utf16(GOOD)),
        raw(
            "Latin-1",
            "VC-0102",
            GOOD.as_bytes()
                .iter()
                .map(|byte| if *byte == b'-' { 0xe4 } else { *byte })
                .collect::<Vec<u8>>(),
        ),
        raw("a byte order mark", "VC-0103", format!("\u{feff}{GOOD}")),
        raw("an overlong encoding", "VC-0102", b"{ \"\xc0\xaf\": 1 }"),
    ]
}

/// What is allowed, and probably not meant.
fn warnings() -> Vec<Fault> {
    vec![
        edit(
            "an input that nobody may read",
            "VC-0180",
            "\"read\": [\"/input/\"]",
            "\"read\": [\"/input/acme.csv\"]",
        ),
        edit(
            "an output that nobody may write",
            "VC-0181",
            "\"write\": [\"/output/overlap.csv\"]",
            "\"write\": []",
        ),
        edit(
            "an intermediate file that nobody may read",
            "VC-0187",
            "\"read\": [\"/temp/common.csv\"]",
            "\"read\": []",
        ),
        edit(
            "overlapping rights",
            "VC-0182",
            "\"read\": [\"/input/\"]",
            "\"read\": [\"/input/\", \"/input/acme.csv\"]",
        ),
        certificate("a certificate that is over", "VC-0190", EXPIRED),
        edit(
            "the end in the past",
            "VC-0192",
            "2027-01-01T00:00:00Z",
            "2021-01-01T00:00:00Z",
        ),
        edit(
            "no end",
            "VC-0186",
            ",\n  \"expires\": \"2027-01-01T00:00:00Z\"",
            "",
        ),
        edit(
            "a missing limit of an output",
            "VC-0197",
            "\"receivers\": [\"globex\", \"acme\"], \"max_bytes\": \"64KiB\"",
            "\"receivers\": [\"globex\", \"acme\"]",
        ),
        raw("an isolate that protects nobody", "VC-0184", GOOD),
        edit(
            "a name that looks like another",
            "VC-0198",
            "\"/temp/common.csv\": {",
            "\"/input/\u{430}cme.csv\": { \"provider\": \"lab\" },\n    \"/temp/common.csv\": {",
        ),
        edit(
            "a participant without a role",
            "VC-0183",
            "\"participants\": {",
            &format!("\"participants\": {{\n    \"idle\": {{ \"certificate\": {EXPIRED:?} }},"),
        ),
    ]
}

/// What `policy check` prints of a document, and its exit code.
fn check(folder: &Path, document: &[u8]) -> (String, Option<i32>) {
    fs::write(folder.join("policy.json"), document).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(["policy", "check", "policy.json"])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout) + &text(output.stderr),
        output.status.code(),
    )
}

/// What is said of one code: from its line to the empty one.
fn said<'a>(shown: &'a str, label: &str, code: &str) -> Option<&'a str> {
    let start = shown.find(&format!("{label}[{code}]: "))?;
    let rest = &shown[start..];
    Some(rest.split("\n\n").next().unwrap_or(rest))
}

fn snapshot(faults: Vec<Fault>, label: &str, exit_code: i32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for Fault {
        name,
        code,
        document,
    } in faults
    {
        let (shown, ended) = check(folder.path(), &document);
        assert_eq!(ended, Some(exit_code), "{name}: {shown}");
        let said = said(&shown, label, code).unwrap_or_else(|| panic!("{name}: {shown}"));
        let lines: Vec<_> = said.lines().map(str::trim_start).collect();
        let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
        assert!(has("--> policy.json:"), "{name}: no place:\n{said}");
        assert!(has("= hint: "), "{name}: no hint:\n{said}");
        let caret = lines
            .iter()
            .any(|line| line.starts_with('|') && line.ends_with('^'));
        assert!(caret, "{name}: no caret:\n{said}");
        assert!(said.len() < 1000, "{name}: {} bytes", said.len());
        let is_plain = |c: char| c == '\n' || !c.is_control();
        assert!(
            said.chars().all(is_plain),
            "{name}: a terminal takes orders"
        );
        writeln!(all, "# {name}\n{said}\n").unwrap();
    }
    all
}

#[test]
fn every_error_shows_its_place_and_what_to_do() {
    assert_snapshot!(snapshot(errors(), "error", 3));
}

#[test]
fn every_warning_shows_its_place_and_what_to_do() {
    assert_snapshot!(snapshot(warnings(), "warning", 0));
}

#[test]
fn with_strict_a_warning_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.json"), GOOD).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(["policy", "check", "--strict", "policy.json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("warning[VC-0184]"), "{text}");
}

#[test]
fn what_never_ends_is_not_read_to_its_end() {
    if !Path::new("/dev/zero").exists() {
        println!("skipped: this machine has no /dev/zero");
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .args(["policy", "check", "/dev/zero"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.starts_with("error[VC-0101]: "), "{text}");
}
