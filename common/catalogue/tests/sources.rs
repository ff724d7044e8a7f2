//! The catalogue and the sources of this repository: no code is said that has no entry, and none
//! has an entry that nothing says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use veracruz_catalogue::ErrorCode;

/// Where code and words of the product are.
const FOLDERS: [&str; 8] = [
    "attestation",
    "common",
    "docs",
    "host",
    "isolate",
    "participant",
    "programs",
    "tests",
];

/// Codes of the past and of examples, which stand in tests because there is no such code.
const NONE: [&str; 4] = ["VC-0000", "VC-0499", "VC-9999", "VC-04121"];

/// Nothing says these yet, or any more. They stay, so that nobody gives them another meaning.
const RESERVED: [ErrorCode; 3] = [
    ErrorCode::NonceMalformed,
    ErrorCode::EvidenceRefused,
    ErrorCode::IsolateLost,
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file with one of these endings, and its text.
fn texts(endings: &[&str]) -> BTreeMap<PathBuf, String> {
    let mut texts = BTreeMap::new();
    let mut folders: Vec<_> = FOLDERS.iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str());
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if ending.is_some_and(|ending| endings.contains(&ending)) {
                let text = std::fs::read_to_string(&path).unwrap();
                texts.insert(path, text);
            }
        }
    }
    assert!(texts.len() > 200, "the folders have other names now");
    texts
}

/// `VC-` with what follows as long as it is a digit.
fn codes(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices("VC-").map(|(start, _)| start);
    let code = |start: usize| {
        let digits = text.get(start + 3..).unwrap_or_default();
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        // `VC-08xx` stands for many.
        (length >= 4)
            .then(|| text.get(start..start + 3 + length))
            .flatten()
    };
    starts.filter_map(code).collect()
}

#[test]
fn no_code_is_said_that_has_no_entry() {
    for (path, text) in texts(&["rs", "md", "snap", "json", "html", "sh", "py"]) {
        for code in codes(&text) {
            let known = ErrorCode::parse(code).is_some() || NONE.contains(&code);
            assert!(
                known,
                "{}: {code} is in no entry of the catalogue",
                path.display()
            );
        }
    }
}

#[test]
fn no_entry_is_of_a_code_that_nothing_says() {
    let catalogue = Path::new("common/catalogue");
    let sources: Vec<String> = texts(&["rs"])
        .into_iter()
        .filter(|(path, _)| {
            let path = path.strip_prefix(root()).unwrap();
            let tests = path.components().any(|part| part.as_os_str() == "tests");
            !path.starts_with(catalogue) && !tests
        })
        .map(|(_, text)| text)
        .collect();
    let silent = |code: &&ErrorCode| {
        let (name, quoted) = (format!("ErrorCode::{code:?}"), format!("\"{code}\""));
        let said = |text: &String| says(text, &name) || text.contains(&quoted);
        RESERVED.contains(code) == sources.iter().any(said)
    };
    let silent: Vec<_> = ErrorCode::ALL.iter().filter(silent).collect();
    assert!(
        silent.is_empty(),
        "nothing says these, or they are said and reserved: {silent:?}"
    );
}

/// Whether the text has this word, and not only a longer one.
fn says(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let after = text.get(start + word.len()..).unwrap_or_default();
        !after.starts_with(|next: char| next.is_ascii_alphanumeric())
    })
}
