//! The acceptable isolates, from several documents.

use serde_json::{Map, Value, json};
use thiserror::Error;
use veracruz_policy::{IsolateKind, Isolates, PolicyErrors};

/// Why documents are no `isolates` of a policy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IsolatesError {
    /// There is none.
    #[error("no isolates are named")]
    Nothing,
    /// One of them is none by itself. It is at fault.
    #[error("{label}: {errors}")]
    Document {
        /// Which one, as the caller calls it.
        label: String,
        /// What it says.
        document: Vec<u8>,
        /// What is wrong with it.
        errors: PolicyErrors,
    },
    /// Two say different things of one kind, which cannot both hold.
    #[error("{label}: another document says something else of `{kind}` than only its {list}")]
    Contradiction {
        /// The later one, as the caller calls it.
        label: String,
        /// The kind of isolate.
        kind: String,
        /// The lists that could be put together.
        list: &'static str,
    },
}

/// Puts documents together, each a policy's `isolates`, as `veracruz measure --format policy` prints
/// them: kinds beside each other, and of one kind several reference values.
///
/// Two documents of one kind are put together only where one list of values is different: two
/// lists would accept mixtures that neither document meant.
///
/// # Errors
/// [`IsolatesError`], also where there is no document.
pub fn merge_isolates(documents: &[(String, Vec<u8>)]) -> Result<Value, IsolatesError> {
    let mut merged = Map::new();
    for (label, document) in documents {
        let checked = Isolates::parse(document).map_err(|errors| IsolatesError::Document {
            label: label.clone(),
            document: document.clone(),
            errors,
        })?;
        debug_assert!(checked.kinds().next().is_some());
        // What the strict parser took is JSON.
        let Ok(Value::Object(kinds)) = serde_json::from_slice(document) else {
            continue;
        };
        for (kind, values) in kinds {
            let together = match merged.remove(&kind) {
                Some(before) => {
                    together(before, values).ok_or_else(|| IsolatesError::Contradiction {
                        label: label.clone(),
                        kind: kind.clone(),
                        list: "measurements",
                    })?
                }
                None => values,
            };
            merged.insert(kind, together);
        }
    }
    if merged.is_empty() {
        return Err(IsolatesError::Nothing);
    }
    Ok(Value::Object(merged))
}

/// Whether one of the kinds does not protect from the host, so that the policy has to say so.
pub(super) fn is_unprotected(isolates: &Value) -> bool {
    let kinds = isolates.as_object().into_iter().flat_map(Map::keys);
    let kinds = kinds.filter_map(|name| IsolateKind::from_name(name));
    !kinds.into_iter().all(IsolateKind::protects_from_host)
}

/// One of two objects with the values of both, where they are equal but for one list.
fn together(before: Value, after: Value) -> Option<Value> {
    if before == after {
        return Some(before);
    }
    let (Value::Object(mut before), Value::Object(after)) = (before, after) else {
        return None;
    };
    if before.len() != after.len() || before.keys().any(|name| !after.contains_key(name)) {
        return None;
    }
    let mut different = before
        .iter_mut()
        .filter(|(name, value)| after.get(*name) != Some(value));
    let (name, value) = different.next()?;
    if different.next().is_some() {
        return None;
    }
    let mut list = listed(value.clone())?;
    for one in listed(after.get(name)?.clone())? {
        if !list.contains(&one) {
            list.push(one);
        }
    }
    *value = json!(list);
    Some(Value::Object(before))
}

/// One text may stand for a list of one.
fn listed(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(list) if list.iter().all(Value::is_string) => Some(list),
        Value::String(_) => Some(vec![value]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(runtime: &str, attester: &str) -> Value {
        let (runtime, attester) = (runtime.repeat(32), attester.repeat(32));
        json!({ "process": { "runtime": [runtime], "attesters": [attester] } })
    }

    fn merged(documents: &[Value]) -> Result<Value, IsolatesError> {
        let named = |(index, document): (usize, &Value)| {
            (format!("{index}.json"), document.to_string().into_bytes())
        };
        let documents: Vec<_> = documents.iter().enumerate().map(named).collect();
        merge_isolates(&documents)
    }

    #[test]
    fn two_measurements_of_one_kind_are_alternatives() {
        let merged = merged(&[
            process("1a", "2b"),
            process("3c", "2b"),
            process("1a", "2b"),
        ]);
        let runtimes = [json!("1a".repeat(32)), json!("3c".repeat(32))];
        let merged = merged.unwrap_or_default();
        assert_eq!(merged.pointer("/process/runtime"), Some(&json!(runtimes)));
        assert_eq!(
            merged.pointer("/process/attesters"),
            process("1a", "2b").pointer("/process/attesters")
        );
    }

    #[test]
    fn two_differences_are_no_union() {
        let refused = merged(&[process("1a", "2b"), process("3c", "4d")]);
        let text = refused.map_err(|error| error.to_string());
        assert!(
            matches!(&text, Err(text) if text.starts_with("1.json: ")),
            "{text:?}"
        );
    }

    #[test]
    fn what_is_none_and_what_is_wrong_is_refused() {
        assert!(matches!(merged(&[]), Err(IsolatesError::Nothing)));
        let wrong = merged(&[json!({ "process": {} })]);
        assert!(
            matches!(wrong, Err(IsolatesError::Document { .. })),
            "{wrong:?}"
        );
    }
}
