//! Policies. Every document is refused with errors that can be shown, or has exactly the hash that
//! another JSON library and the few lines below compute for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::{Digest, Sha256};
use veracruz_policy::{Policy, PolicyErrors, Timestamp};

fuzz_target!(|document: &[u8]| match Policy::parse(document) {
    Ok(policy) => accepted(&policy, document),
    Err(errors) => refused(&errors, document),
});

fn accepted(policy: &Policy, document: &[u8]) {
    assert_eq!(policy.document(), document);
    let value: Value = serde_json::from_slice(document).expect("strict JSON is JSON");
    let canonical = canonical(&value);
    let hash = data_encoding::BASE32_NOPAD
        .encode(&Sha256::digest(&canonical))
        .to_ascii_lowercase();
    assert_eq!(policy.hash().to_string(), hash);
    let again = Policy::parse(canonical.as_bytes()).expect("the canonical form is a policy too");
    assert_eq!(again.hash(), policy.hash());
    assert_eq!(again.participants(), policy.participants());
    assert_eq!(again.files(), policy.files());
    assert_eq!(again.pipeline(), policy.pipeline());
    assert_eq!(again.isolates(), policy.isolates());
    assert_eq!(again.verifiers(), policy.verifiers());
    in_words(policy, &again);

    for file in policy.files() {
        assert_eq!(policy.file(&file.path), Some(file));
        for stage in policy.pipeline() {
            let rights = stage.rights(&file.path);
            assert!(!rights.write || file.is_written());
        }
    }
    for program in policy.programs() {
        assert!(policy.file(program).is_some());
    }
    for seconds in [i64::MIN, 0, i64::MAX] {
        let warnings = policy.check_dates(Timestamp::from_seconds(seconds));
        assert!(warnings.iter().all(|warning| !warning.hint().is_empty()));
    }
}

/// What only people need: sentences of one line that no value passes for, and no difference from
/// itself in another spelling.
fn in_words(policy: &Policy, again: &Policy) {
    let explanation = policy.explain(None);
    for sentence in explanation
        .sections
        .iter()
        .flat_map(|section| &section.sentences)
    {
        assert!(!sentence.to_string().contains(char::is_control));
    }
    assert!(!explanation.to_markdown().is_empty() && !explanation.to_html().is_empty());
    assert!(policy.diff(again).is_empty());
    assert!(
        policy
            .check_names()
            .iter()
            .all(|warning| !warning.hint().is_empty())
    );
}

fn refused(errors: &PolicyErrors, document: &[u8]) {
    assert!(!errors.as_slice().is_empty());
    for error in errors {
        assert!(error.line() >= 1 && error.column() >= 1);
        assert!(error.position().offset <= document.len());
        assert!(!error.to_string().contains(char::is_control));
        assert!(!error.hint().is_empty());
        assert!(
            !error
                .found()
                .is_some_and(|text| text.contains(char::is_control))
        );
    }
}

/// RFC 8785, for documents whose numbers are all integers.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", joined(items.iter().map(canonical))),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            let members = members.into_iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            });
            format!("{{{}}}", joined(members))
        }
        single => single.to_string(),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}
