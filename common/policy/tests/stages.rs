//! What a policy says of a stage beside its rights: whether it runs, its standard streams, and who
//! learns how it ended.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use support::{GOOD, edited_all, errors, parse};
use veracruz_policy::{FilePath, ParticipantName, Policy, Stage};

/// Where the second stage of the good policy begins.
const SECOND: &str = "\"env\": {";

/// The good policy with another file in it, and more fields in its second stage.
fn with_second(fields: &str) -> String {
    edited_all(&[
        (
            "\"/temp/common.csv\": {",
            "\"/output/log.txt\": { \"receivers\": [\"lab\"], \"max_bytes\": 500 }, \"/temp/common.csv\": {",
        ),
        (SECOND, &format!("{fields}, {SECOND}")),
    ])
}

fn second(document: &str) -> Stage {
    parse(document).pipeline().get(1).unwrap().clone()
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

/// The codes of all errors with their places.
fn refused(document: &str) -> Vec<(String, String)> {
    let errors = errors(document);
    let said = errors.as_slice().iter();
    said.map(|error| (error.code().to_owned(), error.pointer().to_owned()))
        .collect()
}

#[track_caller]
fn is_refused(fields: &str, code: &str, field: &str) {
    let expected = (code.to_owned(), format!("/pipeline/1/{field}"));
    assert_eq!(refused(&with_second(fields)), [expected], "{fields}");
}

#[test]
fn a_stage_that_says_nothing_runs_reads_nothing_prints_nowhere_and_tells_nobody() {
    let stage = second(GOOD);
    assert_eq!(
        (stage.if_exists, stage.stdin, stage.stdout, stage.stderr),
        (None, None, None, None)
    );
    assert!(stage.exit_code.is_empty() && stage.trap.is_empty());
    assert_eq!(
        (stage.limits.stdout_bytes, stage.limits.stderr_bytes),
        (0, 0)
    );
}

#[test]
fn a_stage_has_standard_streams_a_condition_and_people_who_are_told() {
    let stage = second(&with_second(
        r#""if_exists": "/input/acme.csv", "stdin": "/temp/common.csv", "stderr": "/output/log.txt",
           "exit_code": ["lab", "acme"], "trap": ["lab"]"#,
    ));
    assert_eq!(stage.if_exists, Some(path("/input/acme.csv")));
    assert_eq!(stage.stdin, Some(path("/temp/common.csv")));
    assert_eq!(
        (stage.stdout.clone(), stage.stderr.clone()),
        (None, Some(path("/output/log.txt")))
    );
    let names: Vec<_> = stage
        .exit_code
        .iter()
        .map(ParticipantName::as_str)
        .collect();
    assert_eq!(names, ["lab", "acme"]);
    assert_eq!(stage.trap.len(), 1);
    assert!(stage.prints_to(&path("/output/log.txt")));
    assert!(!stage.prints_to(&path("/output/overlap.csv")));
    assert!(!stage.rights(&path("/output/log.txt")).any());
}

#[test]
fn a_stage_prints_as_much_as_its_file_may_have_or_less() {
    let printed = |fields: &str| {
        let limits = second(&with_second(fields)).limits;
        (limits.stdout_bytes, limits.stderr_bytes)
    };
    let stdout = r#""stdout": "/output/log.txt""#;
    assert_eq!(printed(stdout), (500, 0));
    let less = with_second(stdout).replace("\"time\": \"5min\"", "\"stdout_bytes\": 20");
    assert_eq!(second(&less).limits.stdout_bytes, 20);
    let more = with_second(stdout).replace("\"stack\"", "\"stdout_bytes\": \"1MiB\", \"stack\"");
    assert_eq!(second(&more).limits.stdout_bytes, 500);
    assert_eq!(parse(&more).pipeline()[0].limits.stdout_bytes, 0);
}

#[test]
fn refuses_a_condition_or_an_input_that_can_never_be_there() {
    is_refused(
        r#""if_exists": "/output/overlap.csv""#,
        "VC-0170",
        "if_exists",
    );
    is_refused(r#""if_exists": "/output/log.txt""#, "VC-0170", "if_exists");
    is_refused(r#""if_exists": "/temp/comon.csv""#, "VC-0152", "if_exists");
    let document = with_second(r#""stdin": "/output/log.txt""#);
    let document = document.replace(
        "\"read\": [\"/temp/common.csv\"]",
        "\"read\": [\"/temp/common.csv\", \"/output/\"]",
    );
    assert!(refused(&document).contains(&("VC-0170".into(), "/pipeline/1/stdin".into())));
}

#[test]
fn refuses_a_standard_input_without_the_right_to_read() {
    is_refused(r#""stdin": "/input/acme.csv""#, "VC-0171", "stdin");
}

#[test]
fn refuses_to_print_to_what_is_provided_or_written_otherwise_or_printed_twice() {
    is_refused(r#""stdout": "/input/acme.csv""#, "VC-0160", "stdout");
    is_refused(r#""stdout": "/output/overlap.csv""#, "VC-0172", "stdout");
    is_refused(r#""stderr": "/output/none""#, "VC-0152", "stderr");
    is_refused(
        r#""stdout": "/output/log.txt", "stderr": "/output/log.txt""#,
        "VC-0173",
        "stderr",
    );
}

#[test]
fn refuses_to_tell_nobody_strangers_or_one_twice() {
    is_refused(r#""exit_code": []"#, "VC-0127", "exit_code");
    is_refused(r#""trap": ["acme", "acmee"]"#, "VC-0151", "trap/1");
    is_refused(r#""trap": ["acme", "acme"]"#, "VC-0135", "trap/1");
}

#[test]
fn a_file_that_is_only_printed_to_is_written() {
    let codes = |document: &str| {
        let policy = parse(document);
        let warnings = policy.warnings().iter();
        warnings.map(|w| w.code().to_owned()).collect::<Vec<_>>()
    };
    let never_written = "VC-0181".to_owned();
    assert!(codes(&with_second(r#""args": []"#)).contains(&never_written));
    let printed = codes(&with_second(r#""stdout": "/output/log.txt""#));
    assert!(!printed.contains(&never_written), "{printed:?}");
}

#[test]
fn a_later_stage_reads_what_an_earlier_one_printed() {
    let document = edited_all(&[
        (
            "\"write\": [\"/temp/common.csv\"]",
            "\"stdout\": \"/temp/common.csv\"",
        ),
        (SECOND, "\"stdin\": \"/temp/common.csv\", \"env\": {"),
    ]);
    let policy: Policy = parse(&document);
    assert_eq!(policy.pipeline()[0].limits.stdout_bytes, 1 << 20);
    assert_eq!(policy.pipeline()[0].limits.written_bytes, 0);
}

#[test]
fn somebody_who_is_only_told_has_a_role() {
    let without = edited_all(&[
        ("\"provider\": \"lab\",", "\"provider\": \"acme\","),
        ("{ \"provider\": \"lab\" }", "{ \"provider\": \"acme\" }"),
        ("\"run_by\": [\"acme\", \"lab\"]", "\"run_by\": [\"acme\"]"),
    ]);
    let has_no_role = |document: &str| {
        let policy = parse(document);
        policy
            .warnings()
            .iter()
            .any(|warning| warning.code() == "VC-0183")
    };
    assert!(has_no_role(&without));
    assert!(!has_no_role(
        &without.replace(SECOND, "\"trap\": [\"lab\"], \"env\": {")
    ));
}
