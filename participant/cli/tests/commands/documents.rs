//! Every command in both forms, and the snapshots of both.

use super::cases::{CASES, Case};
use super::desk::{Desk, texts};
use super::redact::redact;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Output;

/// The names of all commands that have none below them.
pub(crate) fn leaves(command: &clap::Command, name: &str, found: &mut Vec<String>) {
    let below: Vec<_> = command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .collect();
    if below.is_empty() {
        found.push(name.trim_start().to_owned());
    }
    for command in below {
        leaves(command, &format!("{name} {}", command.get_name()), found);
    }
}

fn all_commands() -> BTreeSet<String> {
    let mut found = Vec::new();
    leaves(&veracruz_cli::command_line(), "", &mut found);
    found.into_iter().collect()
}

#[test]
fn every_command_has_a_case() {
    let told: BTreeSet<_> = CASES.iter().map(|case| case.command.to_owned()).collect();
    assert_eq!(told, all_commands());
}

#[test]
fn wrong_usage_of_every_command_is_one_document_and_ends_with_2() {
    let desk = Desk::empty();
    for command in all_commands() {
        let output = desk.call(&format!("{command} --json --no-such-option"));
        let (stdout, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {stderr}");
        assert!(stdout.is_empty(), "{command}: {stdout}");
        let document: Value = serde_json::from_str(&stderr).unwrap();
        assert_eq!(document["code"], "VC-0808", "{command}");
        let message = document["message"].as_str().unwrap();
        assert!(message.contains("--no-such-option"), "{command}: {message}");
        // And for people, with the code.
        let (_, stderr) = texts(&desk.call(&format!("{command} --no-such-option")));
        assert!(
            stderr.starts_with("error[VC-0808]: "),
            "{command}: {stderr}"
        );
    }
}

#[test]
fn every_command_answers_in_words_and_in_one_document() {
    for case in CASES {
        let (spoken, written) = (Desk::new(), Desk::new());
        for line in case.before {
            for desk in [&spoken, &written] {
                assert!(desk.call(line).status.success(), "{line}");
            }
        }
        let mut told = String::new();
        for call in case.calls {
            let line = format!("{} {call}", case.command);
            let line = line.trim_end();
            let words = spoken.call(line);
            let document = written.call(&format!("--json {line}"));
            assert_eq!(words.status.code(), document.status.code(), "{line}");
            let parsed = parsed(case, line, &document);
            let _ = writeln!(told, "$ veracruz {line}");
            let (stdout, stderr) = texts(&words);
            told.push_str(&redact(&format!("{stdout}{stderr}"), spoken.path()));
            let _ = writeln!(told, "(ends with {})", words.status.code().unwrap());
            if let Some(parsed) = parsed {
                let pretty = serde_json::to_string_pretty(&parsed).unwrap();
                let _ = writeln!(told, "{}", redact(&pretty, written.path()));
            }
            told.push('\n');
        }
        if !case.local {
            let name = case.command.replace(' ', "_");
            insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("command__{name}"), told);
            });
        }
    }
}

/// The one document of a call. `None` where the program's output stands in its place.
fn parsed(case: &Case, line: &str, output: &Output) -> Option<Value> {
    let (stdout, stderr) = texts(output);
    let is_error = !stderr.is_empty();
    if case.command == "exec" && !is_error {
        return None;
    }
    let (full, empty) = match is_error {
        true => (&stderr, &stdout),
        false => (&stdout, &stderr),
    };
    assert!(empty.is_empty(), "{line}: {empty}");
    let document: Value =
        serde_json::from_str(full).unwrap_or_else(|error| panic!("{line}: {error}: {full}"));
    assert_eq!(full.lines().count(), 1, "{line}: {full}");
    let code = output.status.code().unwrap();
    if is_error {
        assert_ne!(code, 0, "{line}");
        for field in ["code", "message", "hint"] {
            let text = document[field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{line}: no {field} in {full}");
        }
    }
    let known = veracruz_cli::EXIT_CODES
        .iter()
        .any(|(known, _)| i32::from(*known) == code);
    assert!(known, "{line} ends with {code}");
    Some(document)
}
