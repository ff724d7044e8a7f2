//! `veracruz policy` as people call it: what it prints and with which code it ends.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

/// A file of the policies that the library's tests use.
fn data(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../common/policy/tests/data");
    folder.join(name)
}

/// `veracruz policy` in a folder.
fn policy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veracruz"))
        .arg("policy")
        .args(arguments)
        .current_dir(folder)
        .env_remove("VERACRUZ_RUNTIME")
        .output()
        .unwrap()
}

/// What it printed, and its exit code.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "{}{}(ends with {})\n",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap()
    )
}

/// A folder with the library's good policy, with edits.
fn with_policies(edits: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = fs::read_to_string(data("overlap.json")).unwrap();
    fs::write(folder.path().join("old.json"), &old).unwrap();
    let new = edits.iter().fold(old, |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    });
    fs::write(folder.path().join("new.json"), new).unwrap();
    folder
}

#[test]
fn check_shows_the_line_with_carets_below_the_place() {
    let folder = with_policies(&[
        ("\"expires\":", "\"expiry\":"),
        ("\"5min\"", "\"5 minutes\""),
        ("\"provider\": \"acme\"", "\"provider\": \"Acme\""),
    ]);
    let output = policy(folder.path(), &["check", "new.json"]);
    assert_snapshot!(said(&output));
}

#[test]
fn check_warns_of_what_is_probably_not_meant() {
    let folder = with_policies(&[(
        "\"/input/globex.csv\": { \"provider\": \"globex\", \"max_bytes\": 1000000 }",
        "\"/input/gl\u{43e}bex.csv\": { \"provider\": \"globex\" }",
    )]);
    // Long after the certificates and the policy are over, there would be more.
    let output = policy(folder.path(), &["check", "new.json"]);
    let text = said(&output);
    assert!(
        text.contains("warning[VC-0198]") && text.contains("warning[VC-0184]"),
        "{text}"
    );
    assert!(text.contains("  --> new.json:18:5\n"), "{text}");
    assert!(text.ends_with("(ends with 0)\n"), "{text}");
    let output = policy(folder.path(), &["check", "new.json", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["warnings"].as_array().unwrap().len() >= 3);
    assert_eq!(document["hash"].as_str().unwrap().len(), 52);
}

#[test]
fn explain_speaks_to_one_or_to_all() {
    let folder = with_policies(&[]);
    let one = policy(folder.path(), &["explain", "old.json", "--for", "globex"]);
    let text = said(&one);
    assert!(
        text.contains("For globex:\n") && !text.contains("For acme:\n"),
        "{text}"
    );
    assert!(text.contains("  You give /input/globex.csv, at most 1,000,000 bytes.\n"));
    let all = said(&policy(folder.path(), &["explain", "old.json"]));
    assert!(
        all.contains("For globex:\n") && all.contains("For acme:\n"),
        "{all}"
    );
    let nobody = policy(folder.path(), &["explain", "old.json", "--for", "nobody"]);
    assert_snapshot!(said(&nobody));
}

#[test]
fn explain_writes_documents() {
    let folder = with_policies(&[]);
    let written = |arguments: &[&str]| {
        let output = policy(
            folder.path(),
            &[
                &["explain", "old.json", "--date", "2026-12-01T00:00:00Z"],
                arguments,
            ]
            .concat(),
        );
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let markdown = written(&["--format", "markdown"]);
    assert_snapshot!(markdown);
    assert!(markdown.contains("- **Note:** All parties accept an isolate"));
    let html = written(&["--format", "html"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    let (head, _) = html.split_once("<h2>").unwrap();
    assert_snapshot!(head);
    let json: Value = serde_json::from_str(&written(&["--json"])).unwrap();
    let sentence = &json["sections"][0]["sentences"][0];
    assert_eq!(sentence["pointers"][0], "/name");
    assert_eq!(sentence["values"][0], "customer-overlap-2026-11");
}

#[test]
fn diff_says_what_a_change_means_and_ends_with_9() {
    let folder = with_policies(&[
        (
            "\"receivers\": [\"globex\", \"acme\"], \"max_bytes\": \"64KiB\"",
            "\"receivers\": [\"globex\", \"acme\", \"lab\"], \"max_bytes\": \"1MiB\"",
        ),
        ("\"writes the program\"", "\"writes programs\""),
        (
            "      \"sha256\": \"93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476\"\n",
            "      \"max_bytes\": \"64MiB\"\n",
        ),
    ]);
    assert_snapshot!(said(&policy(
        folder.path(),
        &["diff", "old.json", "new.json"]
    )));
    let output = policy(folder.path(), &["diff", "old.json", "new.json", "--json"]);
    assert_eq!(output.status.code(), Some(9));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["changes"][0]["severity"], "weakens-protection");
    assert_eq!(document["changes"][1]["affects"][0], "lab");
    assert_snapshot!(said(&policy(
        folder.path(),
        &["diff", "old.json", "old.json"]
    )));
}

#[test]
fn schema_is_the_published_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = policy(folder.path(), &["schema"]);
    let published = data("../../../../docs/reference/policy.schema.json");
    let is_current = output.stdout == fs::read(published).unwrap();
    assert!(is_current, "docs/reference/policy.schema.json is stale");
    let in_json = policy(folder.path(), &["schema", "--json"]);
    let document: Value = serde_json::from_slice(&in_json.stdout).unwrap();
    assert_eq!(document["$id"], "urn:veracruz:policy:1");
}

/// A folder with certificates, a program and isolates, as a drafter has them.
fn drafting() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let hardware: Value =
        serde_json::from_slice(&fs::read(data("hardware.json")).unwrap()).unwrap();
    for name in ["acme", "globex", "lab"] {
        let certificate = fs::read(data(&format!("{name}.pem"))).unwrap();
        fs::write(folder.path().join(format!("{name}.crt")), certificate).unwrap();
    }
    let other = fs::read(data("long-lived.pem")).unwrap();
    fs::write(folder.path().join("hooli.crt"), other).unwrap();
    let initech = fs::read(data("initech.pem")).unwrap();
    fs::write(folder.path().join("initech.crt"), initech).unwrap();
    fs::write(folder.path().join("main.wasm"), b"abc").unwrap();
    fs::write(folder.path().join("runtime"), b"abc").unwrap();
    let nitro = serde_json::json!({ "nitro": hardware["isolates"]["nitro"] });
    fs::write(folder.path().join("isolates.json"), nitro.to_string()).unwrap();
    folder
}

const TEMPLATES: [&str; 8] = [
    "psi", "psi-sum", "train", "infer", "query", "auction", "survey", "blank",
];

const PARTIES: [&str; 8] = [
    "--data",
    "acme=acme.crt",
    "--data",
    "globex=globex.crt",
    "--program-by",
    "lab=lab.crt",
    "--receiver",
    "hooli=hooli.crt",
];

/// `printf abc | sha256sum`
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn new_drafts_a_valid_policy_from_every_template() {
    let folder = drafting();
    let mut drafts = Vec::new();
    for template in TEMPLATES {
        let more = ["--isolates", "isolates.json", "--program", "main.wasm"];
        let third = ["--data", "initech=initech.crt"];
        let arguments = [&["new", template], &PARTIES[..], &third, &more].concat();
        let output = policy(folder.path(), &arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{template}: {}",
            said(&output)
        );
        let policy = veracruz_policy::Policy::parse(&output.stdout).unwrap();
        let program = policy.files().iter().find(|file| file.is_pinned()).unwrap();
        assert_eq!(program.sha256[0].to_string(), ABC);
        assert_eq!(program.path.as_str(), "/program/main.wasm");
        // A draft that nobody would want as it is would be a bad start. That any chip will do is
        // said by the isolates that were given, and evidence of Nitro names none.
        let codes: Vec<_> = policy.warnings().iter().map(|one| one.code()).collect();
        assert_eq!(codes, ["VC-0188"], "{template}");
        assert_eq!(policy.check_names(), [], "{template}");
        let days =
            (policy.expires().unwrap().seconds() - veracruz_client::now().seconds()) / 86_400;
        assert!((178..=180).contains(&days), "{template}: {days}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (path, file) in document["files"].as_object().unwrap() {
            assert!(file["description"].is_string(), "{template}: {path}");
        }
        drafts.push(document);
    }
    if let Some(verdicts) = validate(folder.path(), &drafts) {
        assert_eq!(verdicts, "yes\n".repeat(TEMPLATES.len()));
    }
}

/// What the schema says of each document, by Python's `jsonschema`; none where it is not installed.
fn validate(folder: &Path, documents: &[Value]) -> Option<String> {
    let validator = "
import json, sys
from jsonschema import Draft202012Validator
validator = Draft202012Validator(json.load(open('schema.json')))
for document in json.load(open('documents.json')):
    print('yes' if validator.is_valid(document) else 'no')
";
    let schema = fs::read(data("../../../../docs/reference/policy.schema.json")).unwrap();
    fs::write(folder.join("schema.json"), schema).unwrap();
    let documents = Value::from(documents.to_vec());
    fs::write(folder.join("documents.json"), documents.to_string()).unwrap();
    let output = Command::new("python3")
        .args(["-c", validator])
        .current_dir(folder)
        .output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        _ => {
            println!("skipped: python3 has no package jsonschema");
            None
        }
    }
}

#[test]
fn drafts_can_be_of_one_party_and_of_several_kinds_of_isolates() {
    let folder = drafting();
    let hardware: Value =
        serde_json::from_slice(&fs::read(data("hardware.json")).unwrap()).unwrap();
    let kind = |kind: &str| serde_json::json!({ kind: hardware["isolates"][kind] }).to_string();
    fs::write(folder.path().join("snp.json"), kind("sev-snp")).unwrap();
    let alone = [
        "new",
        "blank",
        "--program-by",
        "lab=lab.crt",
        "--expires",
        "2030-01-02",
    ];
    let isolates = ["--isolates", "isolates.json", "--isolates", "snp.json"];
    let output = policy(folder.path(), &[&alone[..], &isolates].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let draft = veracruz_policy::Policy::parse(&output.stdout).unwrap();
    let kinds: Vec<_> = draft.isolates().kinds().map(|kind| kind.name()).collect();
    assert_eq!(kinds, ["sev-snp", "nitro"]);
    assert_eq!(draft.expires().unwrap().to_string(), "2030-01-02T00:00:00Z");
    assert!(
        draft.files().iter().all(|file| !file.is_pinned()),
        "a digest was invented"
    );
    // One that is wrong is shown where it is wrong.
    fs::write(
        folder.path().join("snp.json"),
        "{ \"sev-snp\": { \"mesurement\": 1 } }",
    )
    .unwrap();
    let wrong = policy(folder.path(), &[&alone[..], &isolates].concat());
    assert_snapshot!(said(&wrong));
}

#[test]
fn one_name_does_not_stand_for_two_certificates() {
    let folder = drafting();
    let more = [
        "--isolates",
        "isolates.json",
        "--receiver",
        "acme=hooli.crt",
    ];
    let output = policy(
        folder.path(),
        &[&["new", "psi"], &PARTIES[..6], &more].concat(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("two certificates of acme"),
        "{}",
        said(&output)
    );
}

#[test]
fn new_computes_digests_and_invents_none() {
    let folder = drafting();
    let key = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";
    let more = [
        "--attester",
        key,
        "--runtime",
        "runtime",
        "--out",
        "policy.json",
    ];
    let arguments = [&["new", "psi", "--name", "draft"], &PARTIES[..6], &more].concat();
    let output = policy(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let document = fs::read(folder.path().join("policy.json")).unwrap();
    let draft = veracruz_policy::Policy::parse(&document).unwrap();
    assert_eq!(draft.name(), "draft");
    assert!(draft.unprotected());
    let process = draft.isolates().process.as_ref().unwrap();
    assert_eq!(process.runtime[0].to_string(), ABC);
    assert!(draft.files().iter().all(|file| !file.is_pinned()));
    // Nothing is overwritten unasked.
    let again = policy(folder.path(), &arguments);
    assert_eq!(again.status.code(), Some(3), "{}", said(&again));
    let forced = policy(folder.path(), &[&arguments[..], &["--force"]].concat());
    assert_eq!(forced.status.code(), Some(0), "{}", said(&forced));
    // Without isolates there is no draft.
    let nowhere = policy(folder.path(), &[&["new", "psi"], &PARTIES[..6]].concat());
    assert_snapshot!(said(&nowhere));
}

#[test]
fn new_says_what_a_template_needs() {
    let folder = drafting();
    let more = ["--isolates", "isolates.json"];
    let too_few = [&["new", "survey"], &PARTIES[..6], &more].concat();
    let no_model = [&["new", "infer"], &PARTIES[..6], &more].concat();
    let unknown = [&["new", "pis"], &PARTIES[..6], &more].concat();
    let text: String = [too_few, no_model, unknown]
        .iter()
        .map(|arguments| said(&policy(folder.path(), arguments)))
        .collect();
    assert_snapshot!(text);
}
