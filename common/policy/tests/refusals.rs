//! What is refused, and what the author of the policy is told: the snapshots are the whole text.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::fmt::Write as _;

use insta::assert_snapshot;
use support::{GOOD, edited, edited_all, errors, parse, show, show_warnings, with_certificate};

/// Each wrong document with what is said about it.
fn refusals<'a>(documents: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut text = String::new();
    for (title, document) in documents {
        writeln!(text, "# {title}\n{}", show(&document, &errors(&document))).unwrap();
    }
    text
}

#[test]
fn refuses_wrong_syntax() {
    let half = GOOD.find("\"pipeline\"").unwrap();
    let text = refusals([
        ("nothing", String::new()),
        ("cut off", GOOD[..half].to_owned()),
        (
            "comma at the end",
            edited(
                "\"run_by\": [\"acme\", \"lab\"]",
                "\"run_by\": [\"acme\", \"lab\",]",
            ),
        ),
        (
            "comment",
            edited("\"veracruz\": 1,", "\"veracruz\": 1, // version"),
        ),
        ("something after", format!("{GOOD}{{}}")),
        ("fraction", edited("1000000", "1e6")),
        (
            "duplicate name",
            edited(
                "\"unprotected\": true,",
                "\"unprotected\": true, \"unprotected\": false,",
            ),
        ),
        (
            "lone surrogate",
            edited("writes the program", "writes \\ud83d the program"),
        ),
        ("byte order mark", format!("\u{feff}{GOOD}")),
        ("depth", "[".repeat(40)),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_what_is_not_a_policy() {
    let text = refusals([
        ("a list", "[]".to_owned()),
        ("no version", "{\n}".to_owned()),
        (
            "another version",
            edited("\"veracruz\": 1,", "\"veracruz\": 2,"),
        ),
        (
            "a version in words",
            edited("\"veracruz\": 1,", "\"veracruz\": \"1\","),
        ),
        ("only the version", "{ \"veracruz\": 1 }".to_owned()),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_unknown_fields_and_suggests_what_was_meant() {
    let text = refusals([
        ("of the policy", edited("\"expires\":", "\"expiry\":")),
        (
            "of a file",
            edited("\"intermediate\": true,", "\"itnermediate\": true,"),
        ),
        (
            "of a stage",
            edited("\"args\": [\"--key\", \"e-mail\"]", "\"arguments\": []"),
        ),
        ("far from everything", edited("\"expires\":", "\"colour\":")),
        ("of an isolate", edited("\"attesters\":", "\"attester\":")),
        ("in capitals", edited("\"expires\":", "\"Expires\":")),
        (
            "an isolate of no kind",
            edited("\"process\": {", "\"proces\": {"),
        ),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_what_later_versions_will_support() {
    let text = refusals([
        (
            "a hardware isolate",
            edited(
                "\"process\": {",
                "\"sev-snp\": { \"measurement\": \"00\" }, \"process\": {",
            ),
        ),
        (
            "verifiers",
            edited(
                "\"unprotected\": true,",
                "\"unprotected\": true, \"verifiers\": [],",
            ),
        ),
        ("clock of the host", edited("\"fixed\"", "\"host\"")),
        (
            "folders",
            edited("\"/input/acme.csv\": {", "\"/input/acme/\": {"),
        ),
        (
            "reports",
            edited("\"/output/overlap.csv\": {", "\"/report/acme\": {"),
        ),
        (
            "standard clients",
            edited(
                "\"description\": \"writes the program\"",
                "\"trust\": \"verifier\"",
            ),
        ),
        (
            "P-384",
            with_certificate("lab", include_str!("data/p384.pem")),
        ),
        (
            "Ed25519",
            with_certificate("lab", include_str!("data/ed25519.pem")),
        ),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_wrong_values() {
    let text = refusals([
        (
            "wrong type",
            edited("\"unprotected\": true", "\"unprotected\": \"true\""),
        ),
        (
            "null",
            edited("\"expires\": \"2027-01-01T00:00:00Z\"", "\"expires\": null"),
        ),
        ("word", edited("\"canonical\"", "\"same\"")),
        ("size without unit", edited("\"2GiB\" },", "\"2GB\" },")),
        ("size too large", edited("\"2GiB\" },", "\"2TiB\" },")),
        (
            "size far too large",
            edited("\"2GiB\" },", "\"99999999999999999999TiB\" },"),
        ),
        ("negative size", edited("1000000", "-1")),
        ("duration without unit", edited("\"5min\"", "300")),
        ("duration in other units", edited("\"5min\"", "\"5m\"")),
        ("no runs", edited("\"runs\": 3", "\"runs\": 0")),
        (
            "time",
            edited("2027-01-01T00:00:00Z", "2027-02-30T00:00:00Z"),
        ),
        (
            "time zone",
            edited("2027-01-01T00:00:00Z", "2027-01-01T00:00:00+01:00"),
        ),
        ("digest in capitals", edited("93a44bbb96c7", "93A44BBB96C7")),
        ("digest cut off", edited("b1e4d0dc5f9476", "b1e4d0dc5f94")),
        (
            "no digest",
            edited(
                "[\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"]",
                "[]",
            ),
        ),
        (
            "dots in a path",
            edited("\"/input/acme.csv\":", "\"/input/../acme.csv\":"),
        ),
        (
            "relative path",
            edited("\"read\": [\"/input/\"]", "\"read\": [\"input/\"]"),
        ),
        (
            "two slashes",
            edited(
                "\"program\": \"/program/psi.wasm\"",
                "\"program\": \"/program//psi.wasm\"",
            ),
        ),
        (
            "direction of writing",
            edited("\"/input/acme.csv\":", "\"/input/\\u202eacme.csv\":"),
        ),
        (
            "name of a participant",
            edited("\"lab\": { \"certificate\"", "\"Lab\": { \"certificate\""),
        ),
        ("name of a variable", edited("\"LANG\"", "\"LANG=\"")),
        ("NUL", edited("\"e-mail\"", "\"e\\u0000mail\"")),
        (
            "line feed in a name",
            edited("customer-overlap", "customer\\noverlap"),
        ),
        ("no name", edited("\"customer-overlap-2026-11\"", "\"\"")),
        (
            "twice in a list",
            edited(
                "\"run_by\": [\"acme\", \"lab\"]",
                "\"run_by\": [\"acme\", \"acme\"]",
            ),
        ),
        ("no isolate", {
            let start = GOOD.find("    \"process\"").unwrap();
            let end = GOOD.find("  },\n  \"unprotected\"").unwrap();
            GOOD.replace(&GOOD[start..end], "")
        }),
        (
            "several at once",
            edited_all(&[
                ("\"runs\": 3", "\"runs\": \"3\""),
                ("\"5min\"", "\"5 min\""),
                ("\"expires\":", "\"expire\":"),
            ]),
        ),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_wrong_certificates() {
    let acme = include_str!("data/acme.pem");
    let edit = |pem: String| with_certificate("lab", &pem);
    let text = refusals([
        ("not PEM", edit("MIIB".to_owned())),
        ("two blocks", edit(format!("{acme}{acme}"))),
        ("text before", edit(format!("acme\n{acme}"))),
        ("text after", edit(format!("{acme}acme\n"))),
        ("a key", edit(acme.replace("CERTIFICATE", "PUBLIC KEY"))),
        ("not base64", edit(acme.replacen('M', "!", 1))),
        (
            "cut off",
            edit(acme.replacen(acme.lines().nth(1).unwrap(), "", 1)),
        ),
        (
            "version 1",
            edit(include_str!("data/version-1.pem").to_owned()),
        ),
        (
            "critical extension",
            edit(include_str!("data/critical-unknown.pem").to_owned()),
        ),
        (
            "compressed key",
            edit(include_str!("data/compressed.pem").to_owned()),
        ),
        (
            "missing",
            edited(
                ", \"description\": \"writes the program\"",
                ", \"certificate \": \"\"",
            ),
        ),
        ("too long", edit("a".repeat(20_000))),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_contradictions() {
    let text = refusals([
        (
            "two participants with one key",
            with_certificate("lab", include_str!("data/acme-again.pem")),
        ),
        (
            "unknown provider",
            edited("\"provider\": \"acme\"", "\"provider\": \"acmee\""),
        ),
        (
            "unknown receiver",
            edited("[\"globex\", \"acme\"]", "[\"globex\", \"initech\"]"),
        ),
        (
            "unknown approver",
            edited(
                "\"required\": [\"acme\", \"globex\"]",
                "\"required\": [\"acme\", \"globx\"]",
            ),
        ),
        (
            "unknown runner",
            edited(
                "\"run_by\": [\"acme\", \"lab\"]",
                "\"run_by\": [\"nobody\"]",
            ),
        ),
        (
            "unknown program",
            edited(
                "\"program\": \"/program/sum.wasm\"",
                "\"program\": \"/program/sun.wasm\"",
            ),
        ),
        (
            "program that is written",
            edited(
                "\"program\": \"/program/sum.wasm\"",
                "\"program\": \"/temp/common.csv\"",
            ),
        ),
        (
            "file without a role",
            edited("\"intermediate\": true", "\"intermediate\": false"),
        ),
        (
            "intermediate with parties",
            edited(
                "\"intermediate\": true",
                "\"intermediate\": true, \"receivers\": [\"acme\"], \"provider\": \"lab\"",
            ),
        ),
        (
            "pinned output",
            edited(
                "\"64KiB\"",
                "1, \"sha256\": \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
            ),
        ),
        (
            "file below a file",
            edited_all(&[
                ("\"/input/acme.csv\": {", "\"/input\": {"),
                (
                    "\"read\": [\"/input/\"]",
                    "\"read\": [\"/input/\", \"/input\"]",
                ),
            ]),
        ),
        (
            "reads what nothing provides",
            edited("\"read\": [\"/input/\"]", "\"read\": [\"/inputs/\"]"),
        ),
        (
            "reads what is written later",
            edited(
                "\"read\": [\"/input/\"]",
                "\"read\": [\"/output/overlap.csv\"]",
            ),
        ),
        (
            "writes nothing",
            edited(
                "\"write\": [\"/output/overlap.csv\"]",
                "\"write\": [\"/output/overlap.tsv\"]",
            ),
        ),
        (
            "writes an input",
            edited(
                "\"write\": [\"/output/overlap.csv\"]",
                "\"write\": [\"/input/acme.csv\"]",
            ),
        ),
        (
            "writes everything",
            edited("\"write\": [\"/output/overlap.csv\"]", "\"write\": [\"/\"]"),
        ),
        (
            "does not say that it is unprotected",
            edited("  \"unprotected\": true,\n", ""),
        ),
        (
            "exceeds its own limits",
            edited(
                "\"limits\": { \"time\": \"5min\",",
                "\"limits\": { \"args_bytes\": 17, \"env_bytes\": 20, \"files\": 1,",
            ),
        ),
        (
            "an entry twice",
            edited(
                "\"read\": [\"/input/\"]",
                "\"read\": [\"/input/\", \"/input/\"]",
            ),
        ),
        (
            "several at once",
            edited_all(&[
                ("\"provider\": \"acme\"", "\"provider\": \"a\""),
                ("\"provider\": \"globex\"", "\"provider\": \"g\""),
                ("  \"unprotected\": true,\n", ""),
            ]),
        ),
    ]);
    assert_snapshot!(text);
}

#[test]
fn refuses_files_that_are_too_large_together() {
    let mut files = String::new();
    for number in 0..16 {
        write!(
            files,
            "\"/input/{number}\": {{ \"provider\": \"acme\", \"max_bytes\": \"1TiB\" }}, "
        )
        .unwrap();
    }
    let document = edited(
        "\"/program/sum.wasm\": {",
        &format!("{files}\"/program/sum.wasm\": {{"),
    );
    let text = show(&document, &errors(&document));
    assert_snapshot!(text);
}

#[test]
fn a_message_is_one_line_whatever_the_names_are() {
    let document = edited("\"lab\": {", "\"l\\n\\u202eab\": {");
    let errors = errors(&document);
    let first = &errors.as_slice()[0];
    assert_eq!(first.pointer(), "/participants/l\n\u{202e}ab");
    assert_eq!(first.found().unwrap(), "l\u{fffd}\u{fffd}ab");
    assert!(
        first
            .to_string()
            .contains("(/participants/l\u{fffd}\u{fffd}ab)")
    );
}

#[test]
fn says_at_most_thirty_two_errors() {
    let unknown: String = (0..1000)
        .map(|number| format!("\"u{number}\": 0, "))
        .collect();
    let document = edited(
        "\"unprotected\": true,",
        &format!("{unknown}\"unprotected\": true,"),
    );
    let errors = errors(&document);
    assert_eq!(errors.as_slice().len(), 32);
    assert!(errors.to_string().ends_with("(and 31 more errors)"));
}

#[test]
fn a_long_text_is_shown_shortened() {
    let document = edited(
        "\"expires\":",
        &format!("\"{}\": 0, \"expires\":", "é".repeat(2000)),
    );
    let errors = errors(&document);
    assert!(errors.to_string().len() < 700);
    assert_eq!(errors.as_slice()[0].pointer().chars().count(), 2001);
}

#[test]
fn warns_of_what_is_probably_not_meant() {
    let mut text = String::new();
    for (title, document) in [
        ("the good policy", GOOD.to_owned()),
        (
            "input not used",
            edited("\"read\": [\"/input/\"]", "\"read\": [\"/input/acme.csv\"]"),
        ),
        (
            "output never written",
            edited(",\n      \"write\": [\"/output/overlap.csv\"]", ""),
        ),
        (
            "intermediate never read",
            edited("      \"read\": [\"/temp/common.csv\"],\n", ""),
        ),
        (
            "overlapping",
            edited("\"read\": [\"/input/\"]", "\"read\": [\"/\", \"/input/\"]"),
        ),
        (
            "participant without a role",
            edited_all(&[
                ("\"provider\": \"lab\",", "\"provider\": \"acme\","),
                ("{ \"provider\": \"lab\" }", "{ \"provider\": \"acme\" }"),
                ("\"run_by\": [\"acme\", \"lab\"]", "\"run_by\": [\"acme\"]"),
            ]),
        ),
        (
            "no output, no end",
            edited_all(&[
                (
                    "\"receivers\": [\"globex\", \"acme\"]",
                    "\"intermediate\": true",
                ),
                (",\n  \"expires\": \"2027-01-01T00:00:00Z\"", ""),
            ]),
        ),
    ] {
        let policy = parse(&document);
        writeln!(
            text,
            "# {title}\n{}",
            show_warnings(&document, policy.warnings())
        )
        .unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn warns_of_names_that_look_like_others() {
    let mut text = String::new();
    let named = |name: &str| edited("/input/globex.csv\":", &format!("/input/{name}.csv\":"));
    for (title, document) in [
        ("plain names", GOOD.to_owned()),
        ("one letter of another alphabet", named("gl\u{43e}bex")),
        ("a slash that is none", named("a\u{2215}globex")),
        ("nothing to see", named("globex\u{200b}")),
        (
            "a word in another alphabet",
            named("\u{434}\u{430}\u{43d}\u{43d}\u{44b}\u{435}"),
        ),
        (
            "two that look alike",
            edited(
                "\"/temp/common.csv\": {",
                "\"/temp/cornmon.csv\": { \"receivers\": [\"lab\"] }, \"/temp/common.csv\": {",
            ),
        ),
    ] {
        let policy = parse(&document);
        let warnings = policy.check_names();
        writeln!(text, "# {title}\n{}", show_warnings(&document, &warnings)).unwrap();
    }
    assert_snapshot!(text);
}
