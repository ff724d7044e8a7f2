//! What a change of a policy means: the snapshots are what people read.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use support::{GOOD, edited, edited_all, parse, with_certificate};
use veracruz_policy::{Change, Policy, Severity};

const HARDWARE: &str = include_str!("data/hardware.json");

fn diff(old: &str, new: &str) -> String {
    let mut text = String::new();
    for change in parse(old).diff(&parse(new)) {
        let names: Vec<_> = change.affects.iter().map(|name| name.as_str()).collect();
        writeln!(
            text,
            "{}: {} [{}] {}",
            change.severity,
            change.sentence,
            names.join(" "),
            change.sentence.pointers.join(" ")
        )
        .unwrap();
    }
    text
}

/// The hardware policy with a value somewhere, or without one.
fn changed(pointer: &str, value: Option<Value>) -> String {
    changed_in(HARDWARE, pointer, value)
}

/// A document with a value somewhere, or without one.
fn changed_in(document: &str, pointer: &str, value: Option<Value>) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap();
    let (above, name) = pointer.rsplit_once('/').unwrap();
    let above = document.pointer_mut(above).unwrap();
    let name = name.replace("~1", "/");
    match (above, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(name, value);
        }
        (Value::Object(members), None) => {
            members.remove(&name).unwrap();
        }
        (Value::Array(elements), Some(value)) => elements[name.parse::<usize>().unwrap()] = value,
        (Value::Array(elements), None) => {
            elements.remove(name.parse().unwrap());
        }
        _ => panic!("{pointer}"),
    }
    document.to_string()
}

#[test]
fn equal_documents_have_no_difference() {
    assert_eq!(diff(GOOD, GOOD), "");
    let spaced = GOOD.replace("\": ", "\" :\t");
    assert_eq!(diff(GOOD, &spaced), "");
}

#[test]
fn says_what_changes_between_agreements() {
    let new = edited_all(&[
        (
            "\"customer-overlap-2026-11\"",
            "\"customer-overlap-2026-12\"",
        ),
        (
            "      \"sha256\": \"93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476\"\n",
            "      \"max_bytes\": \"1MiB\"\n",
        ),
        (
            "\"receivers\": [\"globex\", \"acme\"]",
            "\"receivers\": [\"globex\", \"lab\"]",
        ),
        ("\"max_bytes\": \"64KiB\"", "\"max_bytes\": \"1MiB\""),
        (
            "\"args\": [\"--key\", \"e-mail\"]",
            "\"args\": [\"--key\", \"name\"]",
        ),
        (
            "\"required\": [\"acme\", \"globex\"]",
            "\"required\": [\"globex\", \"lab\"]",
        ),
        ("\"runs\": 3", "\"runs\": 5"),
        ("\"approve\": \"once\"", "\"approve\": \"each-run\""),
        ("\"canonical\"", "\"native\""),
        ("\"time\": \"5min\"", "\"fuel\": 1000"),
        ("2027-01-01", "2028-01-01"),
        ("\"writes the program\"", "\"writes programs\""),
        ("\"runtime\": [\"2c", "\"runtime\": [\"3c"),
    ]);
    assert_snapshot!(diff(GOOD, &new));
}

#[test]
fn says_what_changes_about_hardware() {
    let mut text = String::new();
    let zeros = |count: usize| "ab".repeat(count);
    for (pointer, value) in [
        ("/isolates/sgx/mrenclave", Some(json!([zeros(32)]))),
        ("/isolates/sgx/minimum_isv_svn", None),
        ("/isolates/sgx/tcb_exceptions", None),
        ("/isolates/sgx/tcb_exceptions/0/advisories/0", None),
        ("/isolates/sgx", None),
        ("/isolates/tdx/rtmr0", None),
        ("/isolates/tdx/rtmr3", None),
        ("/isolates/tdx/rtmr1/1", None),
        ("/isolates/sev-snp/chip_ids/1", None),
        ("/isolates/sev-snp/minimum_tcb/snp", Some(json!(22))),
        ("/isolates/sev-snp/minimum_tcb/snp", Some(json!(24))),
        ("/isolates/sev-snp/minimum_tcb", None),
        ("/isolates/sev-snp/signing_key", None),
        ("/isolates/sev-snp/vmpl", None),
        ("/isolates/nitro/pcr8", None),
        ("/isolates/cca/rem1", None),
        ("/isolates/azure-vtpm/tdx", None),
        ("/isolates/azure-vtpm/pcrs/11", None),
        ("/verifiers/0/name", Some(json!("another.example"))),
        ("/participants/lab/trust", None),
        ("/participants/acme/trust", None),
        ("/pipeline/1/trap", None),
        ("/pipeline/1/exit_code", Some(json!(["globex"]))),
        ("/pipeline/1/stdout", None),
        ("/pipeline/1/if_exists", None),
        ("/files/~1input~1acme.csv/description", None),
    ] {
        writeln!(
            text,
            "# {pointer}\n{}",
            diff(HARDWARE, &changed(pointer, value))
        )
        .unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn another_key_is_somebody_else() {
    let other = with_certificate("acme", include_str!("data/long-lived.pem"));
    let changes = parse(GOOD).diff(&parse(&other));
    assert_eq!(changes[0].severity, Severity::Weakens);
    assert!(
        changes[0]
            .sentence
            .to_string()
            .starts_with("acme is somebody else now")
    );
    assert_eq!(changes[0].affects.len(), 3);
    let renewed = with_certificate("acme", include_str!("data/acme-again.pem"));
    let changes = parse(GOOD).diff(&parse(&renewed));
    assert_eq!((changes.len(), changes[0].severity), (1, Severity::Limits));
}

#[test]
fn who_can_learn_what_follows_the_stages() {
    // Nobody's receivers change: the second stage reads the inputs itself now.
    let new = edited_all(&[
        (
            "\"read\": [\"/temp/common.csv\"]",
            "\"read\": [\"/temp/common.csv\"], \"stdout\": \"/output/log\"",
        ),
        (
            "\"/temp/common.csv\": {",
            "\"/output/log\": { \"receivers\": [\"lab\"], \"max_bytes\": 10 }, \"/temp/common.csv\": {",
        ),
    ]);
    let changes = parse(GOOD).diff(&parse(&new));
    let learns: Vec<_> = changes
        .iter()
        .filter(|change| change.sentence.to_string().contains("can learn something"))
        .collect();
    assert_eq!(learns.len(), 2);
    assert_eq!(
        learns[0].sentence.to_string(),
        "lab can learn something of /input/acme.csv now, by /output/log."
    );
    assert_eq!(
        learns[0]
            .affects
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>(),
        ["acme", "lab"]
    );
}

#[test]
fn a_default_written_out_means_the_same() {
    let new = edited(
        "{ \"provider\": \"lab\" }",
        "{ \"provider\": \"lab\", \"max_bytes\": \"64MiB\" }",
    );
    assert_eq!(
        diff(GOOD, &new),
        "words: /files/~1program~1sum.wasm/max_bytes is written differently, and means the same. \
         [acme globex lab] /files/~1program~1sum.wasm/max_bytes\n"
    );
}

/// Every way to change one value of a document a little.
fn mutations(value: &Value, at: &str, found: &mut Vec<(String, Option<Value>)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                found.push((at.clone(), None));
                mutations(value, &at, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let at = format!("{at}/{index}");
                found.push((at.clone(), None));
                mutations(element, &at, found);
            }
        }
        Value::String(text) => {
            for (from, to) in [
                ("a", "b"),
                ("1", "2"),
                ("0", "1"),
                ("acme", "lab"),
                ("acme", "globex"),
            ] {
                let other = text.replacen(from, to, 1);
                if other != *text {
                    found.push((at.to_owned(), Some(other.into())));
                }
            }
        }
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            found.push((at.to_owned(), Some((number + 1).into())));
            found.push((at.to_owned(), Some(number.saturating_sub(1).into())));
        }
        Value::Bool(flag) => found.push((at.to_owned(), Some((!flag).into()))),
        Value::Null => {}
    }
}

/// Everything that a policy means; descriptions and the document are not in it.
fn meaning(policy: &Policy) -> impl PartialEq + use<> {
    (
        policy.name().to_owned(),
        (policy.participants().to_vec(), policy.files().to_vec()),
        (policy.pipeline().to_vec(), policy.execution().clone()),
        (policy.isolates().clone(), policy.unprotected()),
        (policy.approval().clone(), policy.expires()),
        (policy.verifiers().to_vec(), policy.quorum().to_vec()),
    )
}

/// Whether a change means something, or is only written differently.
fn says_something(changes: &[Change]) -> bool {
    changes.iter().any(|change| {
        let text = change.sentence.to_string();
        !text.ends_with("means the same.") && !text.starts_with("The description at")
    })
}

/// Every name of a field in the schema.
fn fields(schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        found.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(members) => members.values().for_each(|value| fields(value, found)),
        Value::Array(elements) => elements.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

/// Policies that have between them every field that there is.
fn documents() -> Vec<String> {
    let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let good: Value = serde_json::from_str(GOOD).unwrap();
    let mut tpm = good.clone();
    tpm["isolates"] = json!({ "tpm": {
        "pcrs": { "4": [digest, "ab".repeat(32)] }, "aks": [digest], "ak_roots": [digest, "cd".repeat(32)],
        "ek_roots": [digest, "ef".repeat(32)],
    } });
    let mut quorum = good.clone();
    quorum["isolates"]["microvm"] =
        json!({ "image": [digest], "attesters": [digest, "ab".repeat(32)] });
    quorum["approval"]["required"] = json!(["acme", "globex", "lab"]);
    quorum["quorum"] = json!(["process", "microvm"]);
    let documents = [good, serde_json::from_str(HARDWARE).unwrap(), tpm, quorum];
    documents.iter().map(Value::to_string).collect()
}

#[test]
fn a_change_of_every_field_is_reported() {
    let schema: Value = serde_json::from_str(&veracruz_policy::policy_schema()).unwrap();
    let mut all = BTreeSet::new();
    fields(&schema, &mut all);
    assert!(all.len() > 80, "{}", all.len());
    let mut reported = BTreeSet::new();
    for document in documents() {
        let Ok(old) = Policy::parse(document.as_bytes()) else {
            panic!("{}", support::show(&document, &support::errors(&document)));
        };
        let value: Value = serde_json::from_str(&document).unwrap();
        let mut found = Vec::new();
        mutations(&value, "", &mut found);
        for (pointer, value) in found {
            let new = changed_in(&document, &pointer, value);
            let Ok(new) = Policy::parse(new.as_bytes()) else {
                continue;
            };
            if !old.diff(&new).is_empty() {
                reported.extend(pointer.split('/').map(str::to_owned));
            }
        }
    }
    let two_edits = TWO_EDITS.iter().map(|name| (*name).to_owned());
    reported.extend(two_edits);
    // Another version is no policy for this program.
    reported.insert("veracruz".to_owned());
    let silent: Vec<_> = all.difference(&reported).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// Fields that cannot be changed alone, or only by what is hard to guess.
const TWO_EDITS: [&str; 7] = [
    "any_chip",
    "ear_key",
    "intermediate",
    "keys",
    "program",
    "status",
    "unprotected",
];

#[test]
fn a_change_of_what_cannot_change_alone_is_reported_too() {
    let hardware: Value = serde_json::from_str(HARDWARE).unwrap();
    // That of initech.pem.
    let key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEx/7D10AoLHHOhYoa6ATJDdk+\
        mKHx\nUCWZwklyKMXjUnoxkLeIN8KdfronA2PDw/9RxqbEXvKt2a74zZI/8xfr2Q==\n-----END PUBLIC KEY-----\n";
    let mut unprotected = hardware.clone();
    let good: Value = serde_json::from_str(GOOD).unwrap();
    unprotected["isolates"] = good["isolates"].clone();
    unprotected["unprotected"] = json!(true);
    let mut changed: Vec<(&str, Value)> = vec![("unprotected", unprotected)];
    let mut edit = |name: &'static str, edit: &dyn Fn(&mut Value)| {
        let mut document = hardware.clone();
        edit(&mut document);
        changed.push((name, document));
    };
    edit("any_chip", &|document| {
        let chips = document["isolates"]["sev-snp"].as_object_mut().unwrap();
        chips.remove("chip_ids").unwrap();
        chips.insert("any_chip".into(), json!(true));
    });
    edit("ear_key", &|document| {
        document["verifiers"][0]["ear_key"] = json!(key);
    });
    edit("intermediate", &|document| {
        document["files"]["/temp/common.csv"] = json!({ "receivers": ["acme"] });
    });
    edit("keys", &|document| {
        document["isolates"]["psa"]["keys"] = json!([key]);
    });
    edit("program", &|document| {
        document["pipeline"][1]["program"] = json!("/program/psi.wasm");
    });
    edit("status", &|document| {
        document["isolates"]["tdx"]["tcb_exceptions"][0]["status"] = json!("OutOfDate");
    });
    let old = parse(HARDWARE);
    let mut names: Vec<_> = changed.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, TWO_EDITS);
    for (name, document) in changed {
        let new = parse(&document.to_string());
        let means_another = meaning(&new) != meaning(&old);
        assert!(means_another, "{name}");
        assert!(says_something(&old.diff(&new)), "{name}");
        assert!(says_something(&new.diff(&old)), "{name}");
    }
}

#[test]
fn whatever_is_changed_is_said_and_nothing_is_called_the_same_that_is_not() {
    let old = parse(HARDWARE);
    let mut found = Vec::new();
    mutations(&serde_json::from_str(HARDWARE).unwrap(), "", &mut found);
    let mut count = 0;
    for (pointer, value) in found {
        let document = changed(&pointer, value.clone());
        let Ok(new) = Policy::parse(document.as_bytes()) else {
            continue;
        };
        if new.hash() == old.hash() {
            continue;
        }
        count += 1;
        let changes = old.diff(&new);
        assert!(!changes.is_empty(), "{pointer}");
        let is_said = says_something(&changes);
        let means_another = meaning(&new) != meaning(&old);
        // An order of a list, or a limit that no stage uses, may be another and mean the same.
        assert!(
            is_said || !means_another || pointer.starts_with("/execution/"),
            "{pointer} {value:?}"
        );
        for change in &changes {
            let text = change.sentence.to_string();
            if means_another && text.ends_with("means the same.") {
                panic!("{pointer} {value:?}: {text}");
            }
        }
        // And back: what is added is said as what is taken away.
        let back = new.diff(&old);
        assert!(!back.is_empty(), "{pointer}");
        assert_eq!(says_something(&back), is_said, "{pointer} {value:?}");
    }
    assert!(count > 200, "{count}");
}
