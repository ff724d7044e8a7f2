//! No bytes make the parser panic, and one hash is one document.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::{GOOD, parse};
use veracruz_policy::{IsolateKind, Isolates, Policy};

const HARDWARE: &str = include_str!("data/hardware.json");

/// Every way to look at a result, so that none of them can panic either.
fn look(document: &[u8]) {
    match Policy::parse(document) {
        Ok(policy) => {
            assert_eq!(policy.document(), document);
            for warning in policy.warnings() {
                assert!(!warning.to_string().contains('\n'));
                assert!(!warning.hint().is_empty());
            }
            let dated = policy.check_dates(veracruz_policy::Timestamp::from_seconds(i64::MAX));
            assert!(dated.len() >= 3);
            let dated = policy.check_dates(veracruz_policy::Timestamp::from_seconds(i64::MIN));
            assert!(dated.len() >= 3);
            let explanation = policy.explain(None);
            assert!(explanation.to_markdown().len() > explanation.to_string().len());
            let good = parse(GOOD);
            assert_eq!(good.diff(&policy).is_empty(), good.hash() == policy.hash());
            let _ = policy.check_names();
        }
        Err(errors) => {
            assert!(!errors.as_slice().is_empty());
            for error in &errors {
                assert!(error.line() >= 1 && error.column() >= 1);
                assert!(error.position().offset <= document.len());
                assert!(!error.to_string().contains('\n'), "{error}");
                assert!(!error.hint().is_empty());
                assert_ne!(error.expected(), Some(String::new()));
                assert!(
                    error
                        .found()
                        .is_none_or(|found| !found.contains(char::is_control))
                );
            }
        }
    }
}

#[test]
fn refuses_the_policy_cut_at_every_length() {
    let whole = GOOD.trim_end().len();
    for length in 0..whole {
        assert!(
            Policy::parse(&GOOD.as_bytes()[..length]).is_err(),
            "{length}"
        );
        look(&GOOD.as_bytes()[..length]);
    }
    assert!(Policy::parse(&GOOD.as_bytes()[..whole]).is_ok());
}

#[test]
fn refuses_one_more_byte() {
    for byte in 0..=u8::MAX {
        let mut document = GOOD.as_bytes().to_vec();
        document.push(byte);
        assert_eq!(
            Policy::parse(&document).is_ok(),
            b" \t\r\n".contains(&byte),
            "{byte}"
        );
    }
}

#[test]
fn reads_a_mebibyte_of_anything_in_bounded_time() {
    for piece in [
        "[", "{\"a\":", "\"", "\\", "0,", " ", "[],", "{},", "\u{202e}",
    ] {
        let document = piece.repeat((1 << 20) / piece.len());
        look(document.as_bytes());
        look(format!("{{\"veracruz\":1,\"name\":[{document}").as_bytes());
    }
    let names: String = (0..90_000)
        .map(|number| format!(",\"{number}\":0"))
        .collect();
    look(format!("{{\"veracruz\":1{names}}}").as_bytes());
}

/// Tokens of policies, so that random documents get past the first brace.
fn tokens() -> impl Strategy<Value = String> {
    let words: Vec<String> = GOOD
        .split_inclusive(['"', '{', '}', '[', ']', ':', ',', ' ', '\n'])
        .map(str::to_owned)
        .collect();
    proptest::collection::vec(proptest::sample::select(words), 0..200)
        .prop_map(|list| list.concat())
}

proptest! {
    #[test]
    fn random_bytes_do_not_panic(document: Vec<u8>) {
        look(&document);
    }

    #[test]
    fn random_tokens_do_not_panic(document in tokens()) {
        look(document.as_bytes());
    }

    #[test]
    fn mutations_do_not_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6)
    ) {
        let mut document = GOOD.as_bytes().to_vec();
        for (index, byte, kind) in edits {
            let index = index.index(document.len());
            match kind {
                0 => document[index] = byte,
                1 => document.insert(index, byte),
                _ => { document.remove(index); }
            }
        }
        look(&document);
    }

    #[test]
    fn mutations_of_reference_values_do_not_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let policy: serde_json::Value = serde_json::from_str(HARDWARE).unwrap();
        let mut document = policy["isolates"].to_string().into_bytes();
        assert!(Isolates::parse(&document).is_ok());
        for (index, byte) in edits {
            let index = index.index(document.len());
            document[index] = byte;
        }
        let kinds = Isolates::parse(&document).map(|isolates| isolates.kinds().count());
        prop_assert_ne!(kinds, Ok(0));
        for kind in IsolateKind::ALL {
            let _ = Isolates::parse_kind(*kind, &document);
        }
    }

    #[test]
    fn a_changed_character_of_a_value_changes_the_hash(
        index: prop::sample::Index,
        character in "[a-z0-9]",
    ) {
        // Letters and digits occur in names, texts and numbers alone (and in escapes as '\n').
        let places: Vec<usize> = GOOD
            .bytes()
            .enumerate()
            .filter(|(place, byte)| byte.is_ascii_alphanumeric()
                && place.checked_sub(1).and_then(|before| GOOD.as_bytes().get(before)) != Some(&b'\\'))
            .map(|(place, _)| place)
            .collect();
        let place = places[index.index(places.len())];
        let mut document = GOOD.to_owned();
        document.replace_range(place..=place, &character);
        if let Ok(policy) = Policy::parse(document.as_bytes()) {
            prop_assert_eq!(policy.hash() == parse(GOOD).hash(), document == GOOD);
        }
    }

    #[test]
    fn white_space_does_not_change_the_hash(
        spaces in proptest::collection::vec("[ \t\r\n]{0,3}", 1..20)
    ) {
        let mut spaces = spaces.iter().cycle();
        let mut document = String::new();
        let mut inside_text = false;
        let mut escaped = false;
        for character in GOOD.chars() {
            let structural = !inside_text && "{}[]:,".contains(character);
            if structural {
                document.push_str(spaces.next().unwrap());
            }
            if inside_text || !character.is_whitespace() {
                document.push(character);
            }
            if structural {
                document.push_str(spaces.next().unwrap());
            }
            if character == '"' && !escaped {
                inside_text = !inside_text;
            }
            escaped = inside_text && character == '\\' && !escaped;
        }
        prop_assert_eq!(parse(&document).hash(), parse(GOOD).hash());
    }
}
