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
            &[&["explain", "old.json"], arguments].concat(),
        );
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let markdown = written(&["--format", "markdown"]);
    assert!(markdown.starts_with("# `customer-overlap-2026-11`\n\n## The policy\n\n- "));
    assert!(markdown.contains("- **Note:** All parties accept an isolate"));
    let html = written(&["--format", "html"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
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
    fs::write(folder.path().join("main.wasm"), b"abc").unwrap();
    fs::write(folder.path().join("runtime"), b"abc").unwrap();
    let nitro = serde_json::json!({ "nitro": hardware["isolates"]["nitro"] });
    fs::write(folder.path().join("isolates.json"), nitro.to_string()).unwrap();
    folder
}

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
    for template in [
        "psi", "psi-sum", "train", "infer", "query", "auction", "blank",
    ] {
        let more = ["--isolates", "isolates.json", "--program", "main.wasm"];
        let arguments = [&["new", template], &PARTIES[..], &more].concat();
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
        // A draft that nobody would want as it is would be a bad start.
        let codes: Vec<_> = policy.warnings().iter().map(|one| one.code()).collect();
        assert!(
            codes
                .iter()
                .all(|code| ["VC-0186", "VC-0188", "VC-0183"].contains(code)),
            "{template}: {codes:?}"
        );
    }
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
