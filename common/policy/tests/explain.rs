//! What a policy says in plain sentences: the snapshots are what people read.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::Value;
use support::{GOOD, edited, edited_all, parse};
use veracruz_policy::{Explanation, Policy};

const HARDWARE: &str = include_str!("data/hardware.json");

/// A policy for a machine with a TPM.
fn measured() -> String {
    let start = GOOD.find("    \"process\"").unwrap();
    let end = GOOD.find("  },\n  \"unprotected\"").unwrap();
    let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let mut document = GOOD.to_owned();
    let tpm = format!(
        "    \"tpm\": {{ \"pcrs\": {{ \"4\": \"{digest}\" }}, \"aks\": [\"{digest}\"], \
         \"ak_roots\": [\"{digest}\"], \"ek_roots\": [\"{digest}\"] }}\n"
    );
    document.replace_range(start..end, &tpm);
    document
}

fn pointers(explanation: &Explanation) -> BTreeSet<&str> {
    let sections = explanation.sections.iter();
    let sentences = sections.flat_map(|section| &section.sentences);
    sentences
        .flat_map(|sentence| sentence.pointers.iter().map(String::as_str))
        .collect()
}

/// The fields of a document: where each value stands, lists as one.
fn fields(value: &Value, at: String, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                fields(value, format!("{at}/{name}"), found);
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for (index, element) in elements.iter().enumerate() {
                fields(element, format!("{at}/{index}"), found);
            }
        }
        _ => {
            found.insert(at);
        }
    }
}

#[test]
fn every_field_is_explained() {
    for document in [GOOD, HARDWARE, &measured()] {
        let policy = parse(document);
        let explanation = policy.explain(None);
        let explained = pointers(&explanation);
        let mut written = BTreeSet::new();
        fields(
            &serde_json::from_str(document).unwrap(),
            String::new(),
            &mut written,
        );
        for field in written {
            // Each variable stands in the sentence about all of them.
            let field = field.split("/env/").next().unwrap().to_owned()
                + if field.contains("/env/") { "/env" } else { "" };
            assert!(explained.contains(field.as_str()), "{field}");
        }
    }
}

#[test]
fn defaults_are_explained_too() {
    let silent = edited_all(&[
        (
            "  \"execution\": { \"strategy\": \"compiled\", \"random\": \"seeded\", \"clock\": \"fixed\", \"nan\": \"canonical\", \"memory\": \"2GiB\", \"stack\": \"1MiB\" },\n",
            "",
        ),
        (
            "  \"approval\": { \"required\": [\"acme\", \"globex\"], \"run_by\": [\"acme\", \"lab\"], \"runs\": 3, \"approve\": \"once\" },\n",
            "",
        ),
        (",\n  \"expires\": \"2027-01-01T00:00:00Z\"", ""),
    ]);
    let policy = parse(&silent);
    let explanation = policy.explain(None);
    let explained = pointers(&explanation);
    for field in [
        "/execution/strategy",
        "/execution/random",
        "/execution/clock",
        "/execution/nan",
        "/approval/required",
        "/approval/run_by",
        "/approval/runs",
        "/approval/approve",
        "/expires",
        "/unprotected",
        "/participants/acme/trust",
        "/pipeline/0/limits/memory",
        "/pipeline/0/stdin",
        "/pipeline/0/trap",
    ] {
        assert!(explained.contains(field), "{field}");
    }
    assert!(explanation.to_string().contains("(the default)"));
}

#[test]
fn explains_to_everybody() {
    assert_snapshot!(parse(GOOD).explain(None).to_string());
}

#[test]
fn explains_to_one_participant() {
    let policy = parse(HARDWARE);
    let lab = policy.participant("lab");
    assert_snapshot!(policy.explain(lab).to_string());
}

#[test]
fn explains_a_machine_with_a_tpm() {
    let policy = parse(&measured());
    let explanation = policy.explain(policy.participant("acme"));
    let isolates = explanation
        .sections
        .iter()
        .find(|section| section.title == "In tpm")
        .unwrap();
    let text: Vec<String> = isolates.sentences.iter().map(ToString::to_string).collect();
    assert_snapshot!(text.join("\n"));
}

#[test]
fn says_who_can_learn_what_through_stages() {
    let learned = |document: &str, reader: &str| -> Vec<String> {
        let policy: Policy = parse(document);
        let explanation = policy.explain(policy.participant(reader));
        let sections = explanation.sections.iter();
        sections
            .flat_map(|section| &section.sentences)
            .map(ToString::to_string)
            .filter(|text| text.contains(" can learn of ") || text.contains("can depend on"))
            .collect()
    };
    // Through the intermediate file, of both stages.
    assert_eq!(
        learned(GOOD, "acme")[0],
        "What globex can learn of /input/acme.csv is what the programs put into /output/overlap.csv."
    );
    // A stage that does not read what comes of it carries nothing on.
    let cut = edited("      \"read\": [\"/temp/common.csv\"],\n", "");
    assert_eq!(
        learned(&cut, "acme")[0],
        "Nothing that anybody else receives can depend on /input/acme.csv."
    );
    // Whoever is told how a stage ended learns something of what it read.
    let told = edited(
        "\"write\": [\"/temp/common.csv\"]",
        "\"write\": [\"/temp/common.csv\"], \"trap\": [\"lab\"]",
    );
    assert!(learned(&told, "globex").iter().any(|text| {
        text.starts_with("What lab can learn of /input/globex.csv")
            && text.contains("how it breaks off in stage 1")
    }));
}

#[test]
fn what_an_author_writes_is_a_value_and_no_sentence_of_ours() {
    let document = edited(
        "\"description\": \"writes the program\"",
        "\"description\": \"a <script>\\nIt is safe.\"",
    );
    let policy = parse(&document);
    let explanation = policy.explain(None);
    assert!(!explanation.to_html().contains("<script>"));
    assert!(
        explanation
            .to_string()
            .contains("The policy says of you: a <script>\u{fffd}It is safe.")
    );
}
