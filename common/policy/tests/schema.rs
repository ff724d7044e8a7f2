//! The JSON Schema: it is current, an independent validator takes it, and it agrees with the parser
//! as far as a schema can.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use support::GOOD;
use veracruz_policy::{Policy, policy_schema};

const HARDWARE: &str = include_str!("data/hardware.json");

/// Reads a schema and documents, one a line, and says of each document whether it is valid.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft202012Validator
lines = sys.stdin.read().splitlines()
schema = json.loads(lines[0])
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for line in lines[1:]:
    print('yes' if validator.is_valid(json.loads(line)) else 'no')
";

/// What Python's `jsonschema` says of each document; none where it is not installed.
fn validate(documents: &[Value]) -> Option<Vec<bool>> {
    let there = Command::new("python3")
        .args(["-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: python3 has no package jsonschema");
        return None;
    }
    let mut child = Command::new("python3")
        .args(["-c", VALIDATOR])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let schema: Value = serde_json::from_str(&policy_schema()).unwrap();
    let mut input = schema.to_string();
    for document in documents {
        input.push('\n');
        input.push_str(&document.to_string());
    }
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<bool> = said.lines().map(|line| line == "yes").collect();
    assert_eq!(verdicts.len(), documents.len());
    Some(verdicts)
}

fn read(document: &str) -> Value {
    serde_json::from_str(document).unwrap()
}

/// The good policy for a machine with a TPM.
fn measured() -> Value {
    let mut document = read(GOOD);
    let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    document["isolates"] =
        json!({ "tpm": { "pcrs": { "4": digest, "23": [digest] }, "aks": [digest] } });
    document
}

#[test]
fn the_published_schema_is_current() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/policy.schema.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, policy_schema()).unwrap();
    }
    let published = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        published == policy_schema(),
        "docs/reference/policy.schema.json is stale: write it anew with UPDATE_EXPECT=1"
    );
}

#[test]
fn every_field_has_a_kind_and_a_description() {
    fn look(schema: &Value, at: &str, count: &mut usize) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            // Alternatives say again what is described elsewhere.
            let is_alternative = at.contains("/anyOf/");
            for (name, field) in properties {
                if !is_alternative {
                    assert_ne!(*field, Value::Bool(false), "{at}/{name}");
                    assert!(field.get("description").is_some(), "{at}/{name}");
                    *count += 1;
                }
            }
        }
        match schema {
            Value::Object(members) => {
                for (name, value) in members {
                    look(value, &format!("{at}/{name}"), count);
                }
            }
            Value::Array(elements) => {
                for (index, value) in elements.iter().enumerate() {
                    look(value, &format!("{at}/{index}"), count);
                }
            }
            _ => {}
        }
    }
    let mut count = 0;
    look(&read(&policy_schema()), "", &mut count);
    assert!(count > 120, "{count}");
}

/// The policies of the examples, with something of the right form where fields are filled in later.
#[test]
fn policies_of_examples_are_valid() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/examples");
    let folders = std::fs::read_dir(examples).unwrap();
    let templates = folders.map(|entry| entry.unwrap().path().join("policy.template.json"));
    let templates: Vec<_> = templates.filter(|path| path.is_file()).collect();
    assert!(templates.len() >= 2, "{templates:?}");
    let certificate = include_str!("data/acme.pem").replace('\n', "\\n");
    let fill = |template: &std::path::PathBuf| {
        let mut text = std::fs::read_to_string(template).unwrap();
        while let Some((_, rest)) = text.split_once("{{") {
            let (field, _) = rest.split_once("}}").unwrap();
            let value = match field.ends_with("_certificate") {
                true => certificate.clone(),
                false => "0f".repeat(32),
            };
            text = text.replace(&format!("{{{{{field}}}}}"), &value);
        }
        read(&text)
    };
    let documents: Vec<_> = templates.iter().map(fill).collect();
    if let Some(verdicts) = validate(&documents) {
        for (template, valid) in templates.iter().zip(verdicts) {
            assert!(valid, "{}", template.display());
        }
    }
}

#[test]
fn policies_are_valid() {
    let documents = [
        read(GOOD),
        read(HARDWARE),
        measured(),
        read(include_str!("../../receipt/tests/fixtures/policy.json")),
    ];
    for document in &documents {
        Policy::parse(document.to_string().as_bytes()).unwrap();
    }
    if let Some(verdicts) = validate(&documents) {
        assert_eq!(verdicts, vec![true; documents.len()]);
    }
}

/// Every way to break one value of a document.
fn mutations(value: &Value, at: &str, found: &mut Vec<(String, Option<Value>)>) {
    let mut others = vec![
        None,
        Some(Value::Null),
        Some(json!(-1)),
        Some(json!(0)),
        Some(json!(9_007_199_254_740_991_u64)),
        Some(json!("")),
        Some(json!("x")),
        Some(json!("/x/")),
        Some(json!("/x/../y")),
        Some(json!("5min")),
        Some(json!("5MiB")),
        Some(json!("0".repeat(64))),
        Some(json!(true)),
        Some(json!(false)),
        Some(json!([])),
        Some(json!({})),
        Some(json!({ "unheard_of": 1 })),
    ];
    match value {
        Value::Object(members) => {
            let mut more = members.clone();
            more.insert("unheard_of".into(), json!(1));
            others.push(Some(more.into()));
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                mutations(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(elements) => {
            let mut twice = elements.clone();
            twice.extend(elements.first().cloned());
            others.push(Some(twice.into()));
            for (index, element) in elements.iter().enumerate() {
                mutations(element, &format!("{at}/{index}"), found);
            }
        }
        Value::String(text) => {
            others.push(Some(text.to_uppercase().into()));
            others.push(Some(format!("{text} ").into()));
            others.push(Some(text.chars().skip(1).collect::<String>().into()));
            others.push(Some(format!("{text}\u{202e}").into()));
            others.push(Some(vec![value.clone()].into()));
        }
        _ => {}
    }
    found.extend(others.into_iter().map(|other| (at.to_owned(), other)));
}

fn mutated(document: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut document = document.clone();
    let Some((above, name)) = pointer.rsplit_once('/') else {
        return value.unwrap_or(Value::Null);
    };
    let name = name.replace("~1", "/");
    match (document.pointer_mut(above).unwrap(), value) {
        (Value::Object(members), Some(value)) => {
            members.insert(name, value);
        }
        (Value::Object(members), None) => {
            members.remove(&name);
        }
        (Value::Array(elements), Some(value)) => elements[name.parse::<usize>().unwrap()] = value,
        (Value::Array(elements), None) => {
            elements.remove(name.parse().unwrap());
        }
        _ => panic!("{pointer}"),
    }
    document
}

/// Errors that a schema can find by itself. What it cannot: lengths in bytes, the content of
/// certificates and keys, sizes and durations out of their range as text, the days of a calendar.
const SEEN_BY_A_SCHEMA: [&str; 13] = [
    "VC-0120", "VC-0121", "VC-0122", "VC-0124", "VC-0125", "VC-0128", "VC-0129", "VC-0131",
    "VC-0132", "VC-0133", "VC-0138", "VC-0139", "VC-0147",
];

#[test]
fn the_schema_and_the_parser_agree() {
    let mut cases = Vec::new();
    for document in [read(GOOD), read(HARDWARE), measured()] {
        let mut found = Vec::new();
        mutations(&document, "", &mut found);
        // Each validation takes milliseconds: of some twenty ways to break a value, three.
        cases.extend(found.into_iter().step_by(7).map(|(pointer, value)| {
            let document = mutated(&document, &pointer, value.clone());
            (format!("{pointer} {value:?}"), document)
        }));
    }
    let documents: Vec<Value> = cases.iter().map(|(_, document)| document.clone()).collect();
    let Some(verdicts) = validate(&documents) else {
        return;
    };
    let (mut both, mut neither) = (0, 0);
    for ((what, document), valid) in cases.iter().zip(verdicts) {
        match Policy::parse(document.to_string().as_bytes()) {
            // It refuses nothing that is a policy.
            Ok(_) => {
                assert!(valid, "the schema refuses a policy: {what}");
                both += 1;
            }
            Err(errors) => {
                let code = errors.as_slice()[0].code();
                if SEEN_BY_A_SCHEMA.contains(&code) {
                    assert!(!valid, "the schema misses {code}: {what}");
                    neither += 1;
                }
            }
        }
    }
    assert!(both > 20 && neither > 500, "{both} {neither}");
}
