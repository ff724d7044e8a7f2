//! Comparing an output with an independent answer.

use serde_json::Value;

/// How far a number may be from the answer, relative to it (or absolute, below 1): answers are given
/// to six digits after the point.
const TOLERANCE: f64 = 1e-6;

/// All that stands in `answer` must stand in `found`, which may hold more. Lists are as long as each
/// other.
pub fn assert_holds(found: &Value, answer: &Value) {
    if let Err(difference) = compare(found, answer, "") {
        panic!("{difference}");
    }
}

fn compare(found: &Value, answer: &Value, at: &str) -> Result<(), String> {
    let different = || Err(format!("{at}: expected {answer}, found {found}"));
    match (found, answer) {
        (Value::Object(found), Value::Object(answer)) => {
            for (name, answer) in answer {
                let at = format!("{at}/{name}");
                let Some(found) = found.get(name) else {
                    return Err(format!("{at}: expected {answer}, found nothing"));
                };
                compare(found, answer, &at)?;
            }
            Ok(())
        }
        (Value::Array(found), Value::Array(answer)) if found.len() == answer.len() => {
            let pairs = found.iter().zip(answer).enumerate();
            pairs.into_iter().try_for_each(|(index, (found, answer))| {
                compare(found, answer, &format!("{at}/{index}"))
            })
        }
        (Value::Number(left), Value::Number(right)) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) if close(left, right) => Ok(()),
            _ => different(),
        },
        _ if found == answer => Ok(()),
        _ => different(),
    }
}

fn close(found: f64, answer: f64) -> bool {
    (found - answer).abs() <= TOLERANCE * answer.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_may_be_found_than_was_asked_for_but_nothing_else() {
        let found = json!({ "a": { "b": [1.000_000_1, "x"] }, "c": 1 });
        assert_eq!(
            compare(&found, &json!({ "a": { "b": [1, "x"] } }), ""),
            Ok(())
        );
        for other in [
            json!({ "a": { "b": [1.001, "x"] } }),
            json!({ "a": { "b": [1] } }),
            json!({ "d": 1 }),
            json!({ "c": "1" }),
        ] {
            assert!(compare(&found, &other, "").is_err(), "{other}");
        }
    }
}
