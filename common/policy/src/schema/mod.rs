//! The JSON Schema of policies (draft 2020-12), for editors that complete and check while somebody
//! writes.
//!
//! Made of the decoder's own tables of fields, and of the reference for people, whose meanings are
//! its descriptions. Whatever it refuses, [`crate::Policy::parse`] refuses too; what fields mean
//! together only the parser knows.

mod describe;
mod fields;
mod types;
mod write;

use alloc::{string::String, vec::Vec};

use crate::{
    decode::Fields,
    json::{Member, Node, Value},
};

/// The JSON Schema of version 1 of the policy format, as indented JSON.
#[must_use]
pub fn policy_schema() -> String {
    let mut members = alloc::vec![
        (
            "$schema",
            text("https://json-schema.org/draft/2020-12/schema")
        ),
        ("$id", text("urn:veracruz:policy:1")),
        ("title", text("A policy of veracruz, version 1")),
    ];
    let mut policy = fields::policy();
    members.append(&mut policy);
    members.push(("$defs", types::definitions()));
    write::indented(&Node {
        offset: 0,
        value: object(members),
    })
}

/// Members of a schema, in the order in which they are written.
type Members = Vec<(&'static str, Value)>;

/// The schema of an object with these fields and no others.
///
/// `schema` gives each known field's own schema.
fn closed(
    heading: &str,
    fields: &Fields,
    required: &[&str],
    schema: impl Fn(&str) -> Value,
) -> Members {
    let properties = fields.known.iter().map(|name| {
        let described = describe::field(heading, name, schema(name));
        (*name, described)
    });
    let mut members = alloc::vec![
        ("type", text("object")),
        ("properties", object(properties.collect())),
    ];
    if !required.is_empty() {
        members.push(("required", list(required.iter().copied().map(text))));
    }
    members.push(("additionalProperties", Value::Bool(false)));
    members
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn number(number: u64) -> Value {
    // Every bound of the format is below 2^53.
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn count(number: usize) -> Value {
    self::number(u64::try_from(number).unwrap_or(u64::MAX))
}

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    let node = |value| Node { offset: 0, value };
    Value::Array(values.into_iter().map(node).collect())
}

fn object(members: Members) -> Value {
    let member = |(name, value): (&str, Value)| Member {
        offset: 0,
        name: name.into(),
        node: Node { offset: 0, value },
    };
    Value::Object(members.into_iter().map(member).collect())
}
