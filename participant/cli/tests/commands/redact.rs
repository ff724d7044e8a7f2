//! What differs from call to call is left out of snapshots: digests, keys, signatures, dates, the
//! folder.

use std::path::Path;

/// A text without what differs.
pub(crate) fn redact(text: &str, folder: &Path) -> String {
    let mut text = text.replace(&*folder.to_string_lossy(), "[FOLDER]");
    text = without_certificates(&text);
    let mut redacted = String::new();
    let mut word = String::new();
    for letter in text.chars() {
        if is_of_words(letter) {
            word.push(letter);
        } else {
            redacted.push_str(&shown(&word));
            word.clear();
            redacted.push(letter);
        }
    }
    redacted.push_str(&shown(&word));
    redacted
}

/// Letters of digests, base64 and dates.
fn is_of_words(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | ':' | '_' | '+' | '=')
}

fn shown(word: &str) -> String {
    // What ends a sentence or a name is not part of it, but of a statement's unique name.
    let ends = [':', '-', '_', '+'];
    if let Some(shorter) = word.strip_suffix(ends).filter(|_| word.len() != 22) {
        let (_, end) = word.split_at(shorter.len());
        return format!("{}{end}", shown(shorter));
    }
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_date = word.len() >= 20 && word.ends_with('Z') && word.get(10..11) == Some("T");
    let lower = word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match word.len() {
        _ if is_date && !word.starts_with("9999") && !word.starts_with("1970") => "[DATE]".into(),
        64 if hexadecimal(word) => "[DIGEST]".into(),
        52 if lower => "[HASH]".into(),
        // As lists show digests, and seconds since 1970.
        12 if hexadecimal(word) => "[DIGEST]".into(),
        10 if word.bytes().all(|byte| byte.is_ascii_digit()) => "[SECONDS]".into(),
        // The unique name of a statement.
        22 if !lower && word.bytes().any(|byte| byte.is_ascii_digit()) => "[UNIQUE]".into(),
        length if length > 60 && !word.contains("--") => "[BYTES]".into(),
        _ => word.to_owned(),
    }
}

/// The lines between those of PEM.
fn without_certificates(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        let begins = line.contains("-----BEGIN");
        let ends = line.contains("-----END");
        if begins && !ends {
            inside = true;
            kept.push_str(line);
        } else if ends && inside {
            inside = false;
            kept.push_str("[PEM]\n");
            kept.push_str(line);
        } else if begins && ends {
            // On one line, as JSON has it.
            let (before, rest) = line.split_once("-----BEGIN").unwrap();
            let (_, after) = rest.rsplit_once("-----END").unwrap();
            kept.push_str(&format!("{before}[PEM]{after}"));
        } else if !inside {
            kept.push_str(line);
        }
    }
    kept
}
