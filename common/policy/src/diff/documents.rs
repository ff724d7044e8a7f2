//! What is written differently, and was not mentioned yet.

use alloc::{
    collections::BTreeSet,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{Changes, Severity};
use crate::{
    explain::{code, say},
    json::{Node, Value},
};

/// Most places that are named.
const MOST: usize = 64;

pub(super) fn compare(changes: &mut Changes<'_>) {
    let mut places = Vec::new();
    if let (Some(old), Some(new)) = (changes.old.tree(), changes.new.tree()) {
        differences(old, new, &mut Vec::new(), &mut places);
    }
    let mentioned: BTreeSet<String> = changes
        .list
        .iter()
        .flat_map(|change| change.sentence.pointers.iter().cloned())
        .collect();
    for place in places {
        let segments: Vec<&str> = place.iter().map(String::as_str).collect();
        let is_prose = matches!(
            segments.as_slice(),
            ["participants" | "files" | "pipeline", _, "description"]
        );
        let template = if is_prose {
            "The description at {} is another."
        } else {
            "{} is written differently, and means the same."
        };
        let pointer = crate::json::text_of(&place);
        let is_mentioned = mentioned.iter().any(|other| {
            let within = |outer: &str, inner: &str| {
                inner
                    .strip_prefix(outer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            within(other, &pointer) || within(&pointer, other)
        });
        // A description is nobody else's to mention.
        if is_prose || !is_mentioned {
            changes.all(Severity::Words, say(template, &[code(&pointer)], &segments));
        }
    }
}

/// The deepest places at which two documents differ.
fn differences(old: &Node, new: &Node, at: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    if places.len() >= MOST {
        return;
    }
    match (&old.value, &new.value) {
        (Value::Object(before), Value::Object(after)) => {
            let names: BTreeSet<&str> = before
                .iter()
                .chain(after)
                .map(|member| member.name.as_str())
                .collect();
            for name in names {
                let find = |members: &'_ [crate::json::Member]| {
                    members.iter().position(|member| member.name == name)
                };
                let pair = (
                    find(before).and_then(|index| before.get(index)),
                    find(after).and_then(|index| after.get(index)),
                );
                at.push(name.into());
                match pair {
                    (Some(old), Some(new)) => differences(&old.node, &new.node, at, places),
                    _ => places.push(at.clone()),
                }
                at.pop();
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (old, new)) in before.iter().zip(after).enumerate() {
                at.push(index.to_string());
                differences(old, new, at, places);
                at.pop();
            }
        }
        (before, after) => {
            if !same(before, after) {
                places.push(at.clone());
            }
        }
    }
}

/// Are values equal, wherever they stand?
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before
                    .iter()
                    .zip(after)
                    .all(|(old, new)| same(&old.value, &new.value))
        }
        (Value::Object(_), Value::Object(_)) => false,
        (old, new) => old == new,
    }
}
