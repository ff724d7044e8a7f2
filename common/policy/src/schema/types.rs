//! The kinds of values, each a definition that fields refer to.

use super::{Members, count, list, number, object, text};
use crate::{
    MAX_CERTIFICATE_BYTES, MAX_DESCRIPTION_BYTES, MAX_DIGESTS, MAX_KEY_BYTES, MAX_NAME_LENGTH,
    MAX_PARTICIPANTS, MAX_PATH_BYTES, MAX_POLICY_NAME_BYTES, MAX_VERIFIER_NAME_BYTES,
    decode::{LimitField, Unit},
    json::Value,
};

/// Anything but control characters and those that turn the direction of writing.
const PLAIN: &str = r"^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$";
/// As [`PLAIN`], with line feeds and tabs.
const PROSE: &str =
    r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$";

/// Absolute, no empty part, no part `.` or `..`, and a folder only where a pattern may be one.
const PATH: &str = r"^(/(?!\.{1,2}(/|$))[^/\u0000-\u001f\u007f-\u009f]{1,255})+$";
const PATTERN: &str = r"^/$|^(/(?!\.{1,2}(/|$))[^/\u0000-\u001f\u007f-\u009f]{1,255})+/?$";

/// All definitions.
pub(super) fn definitions() -> Value {
    let pattern = |pattern: &str| string(&[("pattern", text(pattern))]);
    object(alloc::vec![
        ("name", pattern(NAME)),
        ("names", distinct(reference("name"), 1, MAX_PARTICIPANTS)),
        (
            "prose",
            string(&[
                ("maxLength", count(MAX_DESCRIPTION_BYTES)),
                ("pattern", text(PROSE)),
            ]),
        ),
        ("path", path(PATH)),
        ("pattern", path(PATTERN)),
        ("sha256", pattern("^[0-9a-f]{64}$")),
        ("digests", one_or_more(reference("sha256"))),
        ("measurement256", pattern("^(?!0{64}$)[0-9a-f]{64}$")),
        ("measurements256", one_or_more(reference("measurement256"))),
        ("measurement384", pattern("^(?!0{96}$)[0-9a-f]{96}$")),
        ("measurements384", one_or_more(reference("measurement384"))),
        (
            "measurement",
            pattern("^(?!0*$)([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$"),
        ),
        ("measurements", one_or_more(reference("measurement"))),
        (
            "key",
            string(&[
                ("maxLength", count(MAX_KEY_BYTES)),
                ("pattern", text("^-----BEGIN PUBLIC KEY-----")),
            ]),
        ),
        ("keys", one_or_more(reference("key"))),
        (
            "certificate",
            string(&[
                ("maxLength", count(MAX_CERTIFICATE_BYTES)),
                ("pattern", text("^-----BEGIN CERTIFICATE-----")),
            ]),
        ),
        (
            "time",
            pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
        ),
        ("duration", pattern("^(0|[1-9][0-9]*)(ms|s|min|h|d)$")),
    ])
}

/// `ParticipantName`.
pub(super) const NAME: &str = "^[a-z0-9][a-z0-9._-]{0,62}$";
const _: () = assert!(
    MAX_NAME_LENGTH == 63,
    "the pattern of names says 62 after the first"
);

/// A definition's name.
pub(super) fn reference(name: &str) -> Value {
    object(alloc::vec![(
        "$ref",
        text(alloc::format!("#/$defs/{name}"))
    )])
}

/// A text.
pub(super) fn string(rules: &[(&'static str, Value)]) -> Value {
    let mut members = alloc::vec![("type", text("string"))];
    members.extend(rules.iter().cloned());
    object(members)
}

/// A text of one line.
pub(super) fn policy_name() -> Value {
    string(&[
        ("minLength", number(1)),
        ("maxLength", count(MAX_POLICY_NAME_BYTES)),
        ("pattern", text(PLAIN)),
    ])
}

pub(super) fn verifier_name() -> Value {
    string(&[
        ("maxLength", count(MAX_VERIFIER_NAME_BYTES)),
        ("pattern", text("^[a-z0-9][a-z0-9.-]*$")),
    ])
}

fn path(pattern: &str) -> Value {
    string(&[
        ("maxLength", count(MAX_PATH_BYTES)),
        ("pattern", text(pattern)),
    ])
}

/// An integer within bounds.
pub(super) fn integer(minimum: u64, maximum: u64) -> Value {
    object(alloc::vec![
        ("type", text("integer")),
        ("minimum", number(minimum)),
        ("maximum", number(maximum)),
    ])
}

/// Bytes: an integer, or a whole number with a unit.
pub(super) fn size(minimum: u64, maximum: u64) -> Value {
    let with_unit = string(&[("pattern", text("^(0|[1-9][0-9]*)(B|KiB|MiB|GiB|TiB)$"))]);
    any_of([integer(minimum, maximum), with_unit])
}

/// A limit.
pub(super) fn limit(field: &LimitField) -> Value {
    match field.unit {
        Unit::Bytes => size(field.minimum, field.maximum),
        Unit::Milliseconds => reference("duration"),
        Unit::Pieces => integer(field.minimum, field.maximum),
    }
}

/// One of a few words.
pub(super) fn words(words: &[&str]) -> Value {
    object(alloc::vec![("enum", list(words.iter().copied().map(text)))])
}

pub(super) fn boolean() -> Value {
    object(alloc::vec![("type", text("boolean"))])
}

/// A list.
pub(super) fn array(item: Value, minimum: usize, maximum: usize) -> Value {
    object(array_members(item, minimum, maximum))
}

/// A list in which nothing stands twice.
pub(super) fn distinct(item: Value, minimum: usize, maximum: usize) -> Value {
    let mut members = array_members(item, minimum, maximum);
    members.push(("uniqueItems", Value::Bool(true)));
    object(members)
}

fn array_members(item: Value, minimum: usize, maximum: usize) -> Members {
    alloc::vec![
        ("type", text("array")),
        ("items", item),
        ("minItems", count(minimum)),
        ("maxItems", count(maximum)),
    ]
}

/// One value, or a list of several, of which any will do.
pub(super) fn one_or_more(item: Value) -> Value {
    any_of([item.clone(), distinct(item, 1, MAX_DIGESTS)])
}

pub(super) fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    object(alloc::vec![("anyOf", list(schemas))])
}

/// An object whose names the author chose.
pub(super) fn map(names: Value, values: Value, minimum: usize, maximum: usize) -> Value {
    object(alloc::vec![
        ("type", text("object")),
        ("propertyNames", names),
        ("additionalProperties", values),
        ("minProperties", count(minimum)),
        ("maxProperties", count(maximum)),
    ])
}
