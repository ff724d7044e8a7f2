//! Every fenced block of the documents is of a kind that some test checks, or says why none does.

use crate::markdown::{Block, Info, blocks};
use crate::{files, read, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use veracruz_policy::Policy;

/// Pages that are generated: tests of the crates that they are made from compare them as a whole.
const GENERATED: [&str; 3] = [
    "docs/reference/cli.md",
    "docs/reference/configuration.md",
    "docs/reference/errors.md",
];

/// Kinds that no test reads, and why.
const NOT_CHECKED: [(&str, &str); 2] = [
    (
        "cddl",
        "definitions for those who write readers of their own: the crates compare what they encode \
         with bytes that were made by hand",
    ),
    (
        "http",
        "messages with what differs left out: the tests of the runtime's face send and receive them",
    ),
];

/// `README.md` and `docs/`, but for what is generated.
fn documents() -> Vec<PathBuf> {
    let mut documents = files(&root().join("docs"), "md");
    documents.push(root().join("README.md"));
    documents.retain(|path| GENERATED.iter().all(|page| *path != root().join(page)));
    documents
}

#[test]
fn every_block_is_executed_or_checked_or_says_why_not() {
    let mut wrong = Vec::new();
    for document in documents() {
        let mut before = Info::default();
        for block in blocks(&read(&document)) {
            if let Err(reason) = checked(&block, &before) {
                wrong.push(format!("{}:{}: {reason}", document.display(), block.line));
            }
            before = block.info;
        }
    }
    assert!(
        wrong.is_empty(),
        "CONTRIBUTING.md says how blocks are marked.\n{}",
        wrong.join("\n")
    );
}

/// Whether the block is what it says; the reason where not.
fn checked(block: &Block, before: &Info) -> Result<(), String> {
    let Info { kind, .. } = &block.info;
    let reason = |word: &str| match block.info.value(word) {
        Some(reason) if !reason.is_empty() => Ok(()),
        _ => Err(format!("```{kind} needs {word}=\"…\" here")),
    };
    match kind.as_str() {
        // Executed by `pages`, which sees that its page is known.
        "sh" => Ok(()),
        "text" if before.kind == "sh" => Ok(()),
        "text" => reason("shows"),
        "console" => reason("not-run"),
        "json" => json(block),
        "toml" => match block.text.parse::<toml::Table>() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        },
        "python" => python(&block.text),
        other if NOT_CHECKED.iter().any(|(kind, _)| *kind == other) => Ok(()),
        other => Err(format!("a block of the kind {other:?}")),
    }
}

/// ` ```json ` is a document, ` ```json part ` some of its members; ` ```json policy ` is a policy,
/// in which `…` stands for certificates and digests.
fn json(block: &Block) -> Result<(), String> {
    let words: Vec<&str> = block.info.names().collect();
    let text = match words.as_slice() {
        ["policy"] => {
            let mut document = serde_json::from_str(&block.text).map_err(|e| e.to_string())?;
            fill(&mut document, "");
            return match Policy::parse(document.to_string().as_bytes()) {
                Ok(_) => Ok(()),
                Err(errors) => Err(errors.to_string()),
            };
        }
        ["part"] => format!("{{{}}}", block.text),
        [] => block.text.clone(),
        other => return Err(format!("```json {other:?}")),
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Puts certificates and digests where the page has left them out.
fn fill(value: &mut Value, field: &str) {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(name, value)| fill(value, name)),
        Value::Array(items) => items.iter_mut().for_each(|value| fill(value, field)),
        Value::String(text) if text.contains('…') => {
            *text = if field == "certificate" {
                let made = rcgen::generate_simple_self_signed([]).expect("a certificate");
                made.cert.pem()
            } else {
                "1".repeat(64)
            };
        }
        _ => {}
    }
}

/// That Python can read it; running it needs what is not here.
fn python(text: &str) -> Result<(), String> {
    let code = "import ast, sys; ast.parse(sys.argv[1])";
    let parsed = Command::new("python3").args(["-c", code, text]).output();
    match parsed {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => {
            println!("skipped: a block of Python is not read: {error}");
            Ok(())
        }
    }
}

#[test]
fn a_block_without_a_mark_or_a_reason_is_found() {
    let block = |info: &str, text: &str| Block {
        line: 1,
        info: Info::parse(info),
        text: text.to_owned(),
    };
    let before = Info::default();
    for (info, text) in [
        ("", ""),
        ("bash", "true"),
        ("console", "$ true"),
        ("text", "printed"),
        ("json", "{"),
        ("json policy", "{}"),
        ("toml", "="),
    ] {
        assert!(checked(&block(info, text), &before).is_err(), "{info}");
    }
    let after = Info::parse("sh acme");
    assert_eq!(checked(&block("text", "printed"), &after), Ok(()));
    let part = block("json part", "\"a\": 1");
    assert_eq!(checked(&part, &before), Ok(()));
}

#[test]
fn generated_pages_say_so() {
    for page in GENERATED {
        let text = read(&root().join(Path::new(page)));
        assert!(text.contains("<!-- Generated"), "{page}");
    }
}
