//! Single values.

use alloc::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
};

use super::{At, Errors, object::SHOWN, units};
use crate::{
    Cause, DigestError, KeyDigest, Measurement, ParticipantName, PathError, PathPattern, Sha256,
    Sha384, Sha512, Timestamp, Unit,
    json::Value,
    text::{forbidden_character, shorten},
};

impl<'a> At<'a> {
    pub(super) fn string(&self, errors: &mut Errors<'_>) -> Option<&'a str> {
        let Value::String(text) = &self.node.value else {
            self.wrong_type("a text", errors);
            return None;
        };
        Some(text)
    }

    /// A text of one line, without characters that hide something.
    pub(super) fn plain_text(
        &self,
        minimum: usize,
        maximum: usize,
        errors: &mut Errors<'_>,
    ) -> Option<String> {
        self.text(minimum, maximum, forbidden_character, errors)
    }

    /// A text that people read; it may have several lines.
    pub(super) fn prose(&self, maximum: usize, errors: &mut Errors<'_>) -> Option<String> {
        let forbidden = |text: &str| text.split(['\n', '\t']).find_map(forbidden_character);
        self.text(0, maximum, forbidden, errors)
    }

    /// A text that a program gets: anything but NUL, which would end it early.
    pub(super) fn argument(&self, maximum: usize, errors: &mut Errors<'_>) -> Option<String> {
        let forbidden = |text: &str| text.chars().find(|c| *c == '\0');
        self.text(0, maximum, forbidden, errors)
    }

    fn text(
        &self,
        minimum: usize,
        maximum: usize,
        forbidden: impl Fn(&str) -> Option<char>,
        errors: &mut Errors<'_>,
    ) -> Option<String> {
        let text = self.string(errors)?;
        self.length("bytes", text.len(), minimum, maximum, errors)?;
        if let Some(found) = forbidden(text) {
            let found = u32::from(found);
            self.fail(Cause::ForbiddenCharacter { found }, errors);
            return None;
        }
        Some(text.to_owned())
    }

    /// An integer within bounds.
    pub(super) fn count(&self, minimum: u64, maximum: u64, errors: &mut Errors<'_>) -> Option<u64> {
        self.integer(minimum, maximum, Unit::Number, errors)
    }

    fn integer(
        &self,
        minimum: u64,
        maximum: u64,
        unit: Unit,
        errors: &mut Errors<'_>,
    ) -> Option<u64> {
        let Value::Integer(integer) = self.node.value else {
            self.wrong_type("a number", errors);
            return None;
        };
        let value = u64::try_from(integer).ok();
        let found = integer.to_string();
        self.in_range(value, &found, minimum, maximum, unit, errors)
    }

    /// A number of bytes: an integer, or a text with a unit.
    pub(super) fn size(&self, minimum: u64, maximum: u64, errors: &mut Errors<'_>) -> Option<u64> {
        let text = match &self.node.value {
            Value::Integer(_) => return self.integer(minimum, maximum, Unit::Bytes, errors),
            Value::String(text) => text,
            _ => {
                self.wrong_type("a number of bytes or a text as \"64MiB\"", errors);
                return None;
            }
        };
        let Some(quantity) = units::size(text) else {
            let found = shorten(text, SHOWN);
            self.fail(Cause::InvalidSize { found }, errors);
            return None;
        };
        self.in_range(quantity.value, text, minimum, maximum, Unit::Bytes, errors)
    }

    /// A number of milliseconds: a text with a unit.
    pub(super) fn duration(
        &self,
        minimum: u64,
        maximum: u64,
        errors: &mut Errors<'_>,
    ) -> Option<u64> {
        let Value::String(text) = &self.node.value else {
            self.wrong_type("a text as \"60s\"", errors);
            return None;
        };
        let Some(quantity) = units::duration(text) else {
            let found = shorten(text, SHOWN);
            self.fail(Cause::InvalidDuration { found }, errors);
            return None;
        };
        let unit = Unit::Milliseconds;
        self.in_range(quantity.value, text, minimum, maximum, unit, errors)
    }

    fn in_range(
        &self,
        value: Option<u64>,
        text: &str,
        minimum: u64,
        maximum: u64,
        unit: Unit,
        errors: &mut Errors<'_>,
    ) -> Option<u64> {
        let value_in_range = value.filter(|value| (minimum..=maximum).contains(value));
        if value_in_range.is_none() {
            let found = shorten(text, SHOWN);
            let cause = Cause::OutOfRange {
                minimum,
                maximum,
                unit,
                found,
            };
            self.fail(cause, errors);
        }
        value_in_range
    }

    /// One of a few words; `later` are those that a later version will take.
    pub(super) fn word<T: Copy>(
        &self,
        known: &'static [&'static str],
        values: &[T],
        later: &[&str],
        errors: &mut Errors<'_>,
    ) -> Option<T> {
        let text = self.string(errors)?;
        let value = known
            .iter()
            .zip(values)
            .find_map(|(word, value)| (*word == text).then_some(*value));
        if value.is_none() {
            let cause = if later.contains(&text) {
                let what = format!("{text:?}");
                Cause::NotSupported { what }
            } else {
                let found = shorten(text, SHOWN);
                Cause::UnknownWord { found, known }
            };
            self.fail(cause, errors);
        }
        value
    }
}

pub(super) fn boolean(at: At<'_>, errors: &mut Errors<'_>) -> Option<bool> {
    let Value::Bool(value) = at.node.value else {
        at.wrong_type("true or false", errors);
        return None;
    };
    Some(value)
}

pub(super) fn participant_name(at: At<'_>, errors: &mut Errors<'_>) -> Option<ParticipantName> {
    let text = at.string(errors)?;
    ParticipantName::parse(text)
        .map_err(|_| at.fail(invalid_participant_name(text), errors))
        .ok()
}

pub(super) fn path_pattern(at: At<'_>, errors: &mut Errors<'_>) -> Option<PathPattern> {
    let text = at.string(errors)?;
    PathPattern::parse(text)
        .map_err(|reason| at.fail(invalid_path(reason, text), errors))
        .ok()
}

pub(super) fn sha256(at: At<'_>, errors: &mut Errors<'_>) -> Option<Sha256> {
    let text = at.string(errors)?;
    text.parse()
        .map_err(|reason| at.fail(invalid_digest(SHA256, reason, text), errors))
        .ok()
}

pub(super) fn sha384(at: At<'_>, errors: &mut Errors<'_>) -> Option<Sha384> {
    let text = at.string(errors)?;
    text.parse()
        .map_err(|reason| at.fail(invalid_digest(SHA384, reason, text), errors))
        .ok()
}

/// A SHA-256, a SHA-384 or a SHA-512.
pub(super) fn measurement(at: At<'_>, errors: &mut Errors<'_>) -> Option<Measurement> {
    let text = at.string(errors)?;
    if let Ok(long) = text.parse::<Sha384>() {
        return Some(long.into());
    }
    if let Ok(longest) = text.parse::<Sha512>() {
        return Some(longest.into());
    }
    text.parse::<Sha256>()
        .map_err(|reason| at.fail(invalid_digest(ANY_WIDTH, reason, text), errors))
        .map(Measurement::from)
        .ok()
}

pub(super) fn key_digest(at: At<'_>, errors: &mut Errors<'_>) -> Option<KeyDigest> {
    let text = at.string(errors)?;
    text.parse()
        .map_err(|reason| at.fail(invalid_digest(SHA256, reason, text), errors))
        .ok()
}

pub(super) fn timestamp(at: At<'_>, errors: &mut Errors<'_>) -> Option<Timestamp> {
    let text = at.string(errors)?;
    text.parse()
        .map_err(|reason| {
            let found = shorten(text, SHOWN);
            at.fail(Cause::InvalidTimestamp { reason, found }, errors);
        })
        .ok()
}

pub(super) fn invalid_participant_name(text: &str) -> Cause {
    Cause::InvalidName {
        expected: "1 to 63 characters a-z 0-9 . _ -, the first a letter or digit",
        found: shorten(text, SHOWN),
    }
}

pub(super) fn invalid_path(reason: PathError, text: &str) -> Cause {
    Cause::InvalidPath {
        reason,
        found: shorten(text, SHOWN),
    }
}

const SHA256: &str = "a SHA-256 as 64 characters 0-9 a-f";
const SHA384: &str = "a SHA-384 as 96 characters 0-9 a-f";
const ANY_WIDTH: &str = "a SHA-256, SHA-384 or SHA-512 as 64, 96 or 128 characters 0-9 a-f";

fn invalid_digest(expected: &'static str, reason: DigestError, text: &str) -> Cause {
    Cause::InvalidDigest {
        expected,
        reason,
        found: shorten(text, SHOWN),
    }
}
