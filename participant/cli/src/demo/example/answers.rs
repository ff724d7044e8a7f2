//! Comparing what receivers got with answers that somebody else computed.

use crate::error::CliError;
use serde_json::Value;
use std::path::Path;

/// How far a number may be from the answer, relative to it, or absolute below 1: answers are given to
/// six digits after the point.
const TOLERANCE: f64 = 1e-6;

/// Compares `got`, the bytes of the output at `path`, with its answer: a file of the example in
/// `folder`, which it must equal, or a document, all of which it must hold.
pub(super) fn check(path: &str, got: &[u8], answer: &Value, folder: &Path) -> Result<(), CliError> {
    let Value::String(name) = answer else {
        let found = serde_json::from_slice(got)
            .map_err(|error| CliError::demo(&format!("{path} to be JSON"), &error))?;
        return holds(&found, answer, path);
    };
    let file = folder.join(name);
    let expected = std::fs::read(&file).map_err(|source| CliError::file(&file, source))?;
    if got == expected {
        return Ok(());
    }
    let expected = format!("{path} to equal {name}");
    Err(CliError::demo(&expected, &"something else"))
}

/// Whether all that stands in `answer` stands in `found`, which may hold more. Lists are as long as
/// each other.
fn holds(found: &Value, answer: &Value, at: &str) -> Result<(), CliError> {
    let differ = || Err(CliError::demo(&format!("{at} to be {answer}"), found));
    match (found, answer) {
        (Value::Object(found), Value::Object(answer)) => {
            answer.iter().try_for_each(|(name, answer)| {
                let found = found.get(name).unwrap_or(&Value::Null);
                holds(found, answer, &format!("{at}/{name}"))
            })
        }
        (Value::Array(found), Value::Array(answer)) if found.len() == answer.len() => found
            .iter()
            .zip(answer)
            .try_for_each(|(found, answer)| holds(found, answer, at)),
        (Value::Number(one), Value::Number(other)) => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) if near(one, other) => Ok(()),
            _ => differ(),
        },
        _ if found == answer => Ok(()),
        _ => differ(),
    }
}

fn near(found: f64, answer: f64) -> bool {
    (found - answer).abs() <= TOLERANCE * answer.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_may_be_found_than_was_asked_for_and_nothing_else() {
        let found = json!({ "a": { "b": [1.000_000_1, "x"] }, "c": 1 });
        holds(&found, &json!({ "a": { "b": [1, "x"] } }), "").unwrap();
        for other in [
            json!({ "a": { "b": [1.001, "x"] } }),
            json!({ "a": { "b": [1] } }),
            json!({ "d": 1 }),
            json!({ "c": "1" }),
        ] {
            assert!(holds(&found, &other, "").is_err(), "{other}");
        }
    }

    #[test]
    fn an_answer_in_a_file_is_equal_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("answer.csv"), "a\n").unwrap();
        let check = |got: &[u8]| check("/output/x", got, &json!("answer.csv"), folder.path());
        check(b"a\n").unwrap();
        assert!(check(b"a").is_err());
    }
}
