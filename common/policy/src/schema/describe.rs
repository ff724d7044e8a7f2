//! Descriptions: what the reference says of a field.

use alloc::{format, string::String, vec::Vec};

use super::text;
use crate::json::{Member, Node, Value};

const REFERENCE: &str = include_str!("../../../../docs/reference/policy.md");

/// The schema with the field's meaning and default as its description.
pub(super) fn field(heading: &str, name: &str, schema: Value) -> Value {
    with(meaning(heading, name), schema)
}

/// The schema with the first paragraph of a section as its description.
pub(super) fn section(heading: &str, schema: Value) -> Value {
    let section = section_of(heading).unwrap_or_default();
    let paragraph = section.trim_start().lines().next();
    with(paragraph.map(without_links), schema)
}

fn with(description: Option<String>, schema: Value) -> Value {
    match (description, schema) {
        (Some(description), Value::Object(mut members)) => {
            let node = Node {
                offset: 0,
                value: text(description),
            };
            let name = "description".into();
            members.insert(
                0,
                Member {
                    offset: 0,
                    name,
                    node,
                },
            );
            Value::Object(members)
        }
        (_, schema) => schema,
    }
}

fn section_of(heading: &str) -> Option<&'static str> {
    if heading.is_empty() {
        return None;
    }
    let (_, rest) = REFERENCE.split_once(&format!("\n{heading}\n"))?;
    rest.split("\n#").next()
}

/// The meaning that the row of a field in the section with that heading says, with its default.
fn meaning(heading: &str, name: &str) -> Option<String> {
    let row = section_of(heading)?.lines().find(|line| {
        let first = line.trim_matches('|').split(" | ").next();
        line.starts_with('|') && first.is_some_and(|cell| cell.contains(&format!("`{name}`")))
    })?;
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
    // From the end: meaning, then whether this version has it.
    let [_, .., default, meaning, _] = cells.as_slice() else {
        return None;
    };
    let mut characters = meaning.chars();
    let first = characters.next()?.to_uppercase();
    let sentence: String = first.chain(characters).collect();
    let default = match *default {
        "required" | "" => String::new(),
        default => format!(" Default: {default}."),
    };
    Some(without_links(&format!("{sentence}.{default}")))
}

/// `[words](target)` as words: an editor shows no links.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((words, target)) = after.split_once("](") else {
            break;
        };
        let Some((_, behind)) = target.split_once(')') else {
            break;
        };
        plain.push_str(before);
        plain.push_str(words);
        rest = behind;
    }
    plain.push_str(rest);
    plain
}
