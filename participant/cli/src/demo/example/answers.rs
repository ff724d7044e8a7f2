//! Comparing what receivers got with answers that somebody else computed.

use crate::error::CliError;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// What one output is compared with.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Answer {
    /// Byte for byte.
    Equal {
        /// Path of the policy.
        output: String,
        /// A file of the example.
        equals: String,
    },
    /// A JSON document, by some of its members or whole.
    Json {
        /// Path of the policy.
        output: String,
        /// A file of the example.
        expected: String,
        /// Which members; everything where there are none.
        #[serde(default)]
        fields: Vec<Field>,
        /// How far numbers may be off, relative to the expected one.
        #[serde(default)]
        tolerance: f64,
    },
}

/// A member: its name, or a JSON pointer; where the two documents call it differently, both.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Field {
    /// The same in both.
    Same(String),
    /// One in each.
    Each {
        /// In the output.
        output: String,
        /// In the answer.
        expected: String,
    },
}

impl Answer {
    /// The output that it is about.
    pub(super) fn output(&self) -> &str {
        match self {
            Self::Equal { output, .. } | Self::Json { output, .. } => output,
        }
    }

    /// Compares `got`, the bytes of the output, with the file of the example in `folder`.
    pub(super) fn check(&self, got: &[u8], folder: &Path) -> Result<(), CliError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|source| CliError::file(&path, source))
        };
        match self {
            Self::Equal { output, equals } => {
                if got == read(equals)? {
                    return Ok(());
                }
                let expected = format!("{output} to be {equals}");
                Err(CliError::demo(&expected, &"something else"))
            }
            Self::Json {
                output,
                expected,
                fields,
                tolerance,
            } => {
                let (got, wanted) = (
                    document(output, got)?,
                    document(expected, &read(expected)?)?,
                );
                if fields.is_empty() {
                    return compare(output, &got, &wanted, *tolerance);
                }
                fields.iter().try_for_each(|field| {
                    let (mine, theirs) = field.names();
                    let place = format!("{output}: {mine}");
                    compare(
                        &place,
                        member(&got, mine)?,
                        member(&wanted, theirs)?,
                        *tolerance,
                    )
                })
            }
        }
    }
}

impl Field {
    fn names(&self) -> (&str, &str) {
        match self {
            Self::Same(name) => (name, name),
            Self::Each { output, expected } => (output, expected),
        }
    }
}

/// A document that an output or an answer is.
pub(super) fn document(name: &str, bytes: &[u8]) -> Result<Value, CliError> {
    serde_json::from_slice(bytes)
        .map_err(|error| CliError::demo(&format!("{name} to be JSON"), &error))
}

/// A member by its name, or by a JSON pointer.
pub(super) fn member<'a>(document: &'a Value, name: &str) -> Result<&'a Value, CliError> {
    let found = if name.starts_with('/') {
        document.pointer(name)
    } else {
        document.get(name)
    };
    found.ok_or_else(|| CliError::demo(&format!("a member `{name}`"), document))
}

/// Equal, or as near as `tolerance` lets numbers be.
fn compare(place: &str, got: &Value, wanted: &Value, tolerance: f64) -> Result<(), CliError> {
    let differ = || Err(CliError::demo(&format!("{place} to be {wanted}"), got));
    match (got, wanted) {
        (Value::Number(one), Value::Number(other)) => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) if (one - other).abs() <= tolerance * other.abs() => Ok(()),
            _ if one == other => Ok(()),
            _ => differ(),
        },
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .try_for_each(|(one, other)| compare(place, one, other, tolerance)),
        (Value::Object(one), Value::Object(other)) if one.len() == other.len() => other
            .iter()
            .try_for_each(|(name, wanted)| match one.get(name) {
                Some(got) => compare(&format!("{place}/{name}"), got, wanted, tolerance),
                None => differ(),
            }),
        _ if got == wanted => Ok(()),
        _ => differ(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differ(got: Value, wanted: Value, tolerance: f64) -> bool {
        compare("x", &got, &wanted, tolerance).is_err()
    }

    #[test]
    fn numbers_may_be_off_by_the_tolerance_and_by_no_more() {
        assert!(
            !differ(json!(1.0), json!(1), 0.0),
            "one number, two spellings"
        );
        assert!(!differ(json!(100.05), json!(100.0), 1e-3));
        assert!(differ(json!(100.2), json!(100.0), 1e-3));
        assert!(differ(json!(1), json!(0), 1e-3), "nothing is near zero");
    }

    #[test]
    fn everything_else_is_equal_or_differs() {
        assert!(differ(json!("a"), json!("b"), 1.0));
        assert!(differ(json!([1]), json!([1, 2]), 1.0));
        assert!(differ(json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), 1.0));
        assert!(differ(json!({ "a": 1, "b": 2 }), json!({ "a": 1 }), 1.0));
        assert!(!differ(
            json!({ "a": [1, "b"] }),
            json!({ "a": [1, "b"] }),
            0.0
        ));
        assert!(differ(json!(null), json!(0), 1.0));
    }

    #[test]
    fn a_member_has_a_name_or_a_pointer() {
        let document = json!({ "a": { "b": 1 } });
        assert_eq!(member(&document, "/a/b").unwrap(), &json!(1));
        assert_eq!(member(&document, "a").unwrap(), &json!({ "b": 1 }));
        assert!(member(&document, "b").is_err());
    }
}
