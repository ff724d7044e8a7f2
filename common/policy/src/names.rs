//! Names as a person sees them: which of them look like others.
//!
//! Not Unicode's whole table of confusables (UTS #39), but those of its entries that look like the
//! letters, digits and signs of names as they are: Cyrillic and Greek letters, full-width and
//! mathematical forms, dashes, dots, slashes, and characters that show nothing.

use alloc::{borrow::ToOwned as _, collections::BTreeMap, string::String, vec::Vec};

use crate::{
    Policy, Warning, WarningCause,
    check::Warnings,
    json::{Place, Pointer, parse},
};

impl Policy {
    /// Names that a person can take for another: two that look alike, and ones that look like plain
    /// letters and are not.
    ///
    /// For `policy check` and for clients that show a policy; an isolate takes names as they are.
    #[must_use]
    pub fn check_names(&self) -> Vec<Warning> {
        // The document was parsed before, so it parses.
        let Ok(tree) = parse(self.document()) else {
            return Vec::new();
        };
        let mut warnings = Warnings::new(self.document(), &tree);
        let root = Pointer::Root;
        let name = root.name("name");
        let mut seen = BTreeMap::new();
        look(self.name(), &mut seen, &name, Place::Value, &mut warnings);
        let participants = root.name("participants");
        let mut seen = BTreeMap::new();
        for participant in self.participants() {
            let name = participant.name.as_str();
            let at = participants.name(name);
            look(name, &mut seen, &at, Place::Name, &mut warnings);
        }
        let files = root.name("files");
        let mut seen = BTreeMap::new();
        for file in self.files() {
            let path = file.path.as_str();
            look(
                path,
                &mut seen,
                &files.name(path),
                Place::Name,
                &mut warnings,
            );
        }
        let verifiers = root.name("verifiers");
        let mut seen = BTreeMap::new();
        for (index, verifier) in self.verifiers().iter().enumerate() {
            let at = verifiers.index(index);
            let at = at.name("name");
            look(&verifier.name, &mut seen, &at, Place::Value, &mut warnings);
        }
        warnings.into_list()
    }
}

/// Looks at one name beside those of its kind that were `seen` before.
fn look<'n>(
    name: &'n str,
    seen: &mut BTreeMap<String, &'n str>,
    at: &Pointer<'_>,
    place: Place,
    warnings: &mut Warnings<'_>,
) {
    let plain = plain(name);
    let skeleton = skeleton(&plain);
    // Words in another alphabet are words; a part that reads as plain letters throughout is a trap.
    let parts = name.split('/').zip(plain.split('/'));
    let is_disguised = parts.clone().count() != plain.split('/').count()
        || parts
            .into_iter()
            .any(|(part, plain)| part != plain && plain.is_ascii());
    let like = match seen.insert(skeleton, name) {
        Some(other) => Some(other.to_owned()),
        None if is_disguised => Some(plain),
        None => None,
    };
    if let Some(like) = like {
        let found = name.to_owned();
        warnings.add(at, place, WarningCause::LooksAlike { found, like });
    }
}

/// The text in plain letters, as far as its characters look like them.
fn plain(text: &str) -> String {
    text.chars()
        .filter_map(|c| {
            if is_invisible(c) {
                None
            } else {
                Some(letter(c))
            }
        })
        .collect()
}

/// One text for all that look alike in plain letters.
fn skeleton(plain: &str) -> String {
    let folded: String = plain
        .chars()
        .map(|c| match c {
            '0' | 'O' => 'o',
            '1' | 'I' | '|' => 'l',
            other => other,
        })
        .collect();
    folded.replace("rn", "m").replace("vv", "w")
}

/// Shows nothing: soft hyphen, joiners, zero-width characters, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters that look like others, each row with the plain ones.
const LOOK_ALIKES: [(&str, &str); 4] = [
    ("аеорсухіѕјԁһԛԝɡкмт", "aeopcyxisjdhqwgkmt"),
    ("АВЕКМНОРСТУХІЅЈ", "ABEKMHOPCTYXISJ"),
    ("οανρικτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oavpiktuxABEZHIKMNOPTYX"),
    ("‐‑‒–—−․⁄∕⧸\u{a0}\u{2007}\u{202f}", "------.///   "),
];

fn letter(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let code = u32::from(c);
    let nth = |first: u8, number: u32| {
        let number = u8::try_from(number).unwrap_or_default();
        char::from(first.saturating_add(number))
    };
    match code {
        // Full-width forms of U+0021 to U+007E.
        0xff01..=0xff5e => nth(b'!', code - 0xff01),
        // Mathematical letters: alphabets of 26 capitals and 26 small letters.
        0x1d400..=0x1d6a3 => match (code - 0x1d400) % 52 {
            capital @ 0..=25 => nth(b'A', capital),
            small => nth(b'a', small - 26),
        },
        0x1d7ce..=0x1d7ff => nth(b'0', (code - 0x1d7ce) % 10),
        _ => LOOK_ALIKES
            .iter()
            .flat_map(|(these, those)| these.chars().zip(those.chars()))
            .find_map(|(this, that)| (this == c).then_some(that))
            .unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_long_as_their_plain_letters() {
        for (these, those) in LOOK_ALIKES {
            assert_eq!(these.chars().count(), those.chars().count(), "{these}");
            assert!(those.is_ascii() && these.chars().all(|c| !c.is_ascii()));
        }
    }

    #[test]
    fn reads_names_as_a_person_does() {
        assert_eq!(plain("асме"), "acme");
        assert_eq!(plain("ａｃｍｅ－１"), "acme-1");
        assert_eq!(plain("𝐚𝒸𝚖𝖊𝟏"), "acme1");
        assert_eq!(plain("a\u{200b}b∕c"), "ab/c");
        assert_eq!(skeleton("modern"), skeleton("rnodem"));
        assert_eq!(skeleton("a10"), skeleton("alO"));
        assert_ne!(skeleton("acme"), skeleton("acne"));
    }
}
