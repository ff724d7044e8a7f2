//! Files as people and other programs keep them: bytes, text of bytes, JSON around bytes.

use serde_json::Value;

use crate::AppraisalError;
use crate::collateral::text;

/// Most bytes of a file with evidence: as much as one of collateral may have.
pub(crate) const MAX_FILE_BYTES: usize = crate::MAX_FILE_BYTES;

/// How often text may be wrapped in text: base64 in JSON in base64, and no deeper.
const MAX_LAYERS: u8 = 4;

/// The binary content of a file: itself, or what its hex, base64 or JSON holds. In a JSON object
/// it is under the first of `names` that is there; a JSON array of two is a conceptual message
/// wrapper of RATS, media type and content.
///
/// # Errors
/// `Malformed` with `part`.
pub(crate) fn binary(
    file: &[u8],
    names: &[&str],
    part: &'static str,
) -> Result<Vec<u8>, AppraisalError> {
    let malformed = |reason: &str| AppraisalError::Malformed {
        part,
        reason: reason.into(),
    };
    if file.len() > MAX_FILE_BYTES {
        return Err(malformed("more bytes than any evidence has"));
    }
    let mut bytes = file.to_vec();
    for _ in 0..MAX_LAYERS {
        let Some(plain) = as_text(&bytes) else {
            return Ok(bytes);
        };
        bytes = if plain.starts_with(['{', '[']) {
            let json: Value = serde_json::from_str(plain)
                .map_err(|error| malformed(&format!("text that is no JSON: {error}")))?;
            in_json(&json, names).ok_or_else(|| {
                malformed(&format!(
                    "JSON without {} as bytes or text",
                    names.join(", ")
                ))
            })?
        } else {
            text::decode(plain).ok_or_else(|| malformed("text that is neither hex nor base64"))?
        };
    }
    Err(malformed("text in text in text"))
}

/// Bytes that a JSON value stands for: text in hex or base64, or an array of numbers.
pub(crate) fn json_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(encoded) => text::decode(encoded),
        Value::Array(numbers) => numbers
            .iter()
            .map(|number| number.as_u64().and_then(|number| u8::try_from(number).ok()))
            .collect(),
        _ => None,
    }
}

/// The file as text, where it is nothing else: printable ASCII from end to end.
pub(crate) fn as_text(bytes: &[u8]) -> Option<&str> {
    let printable = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let text = std::str::from_utf8(bytes).ok().map(str::trim)?;
    (printable && !text.is_empty()).then_some(text)
}

/// A file that is a JSON object or array.
pub(crate) fn json(file: &[u8]) -> Option<Value> {
    let plain = as_text(file).filter(|plain| plain.starts_with(['{', '[']))?;
    serde_json::from_str(plain).ok()
}

/// Calls `visit` with every value in `root` that is a text or an array of numbers, and the name
/// under which it stands (empty in an array): for files in which bytes stand at many places.
pub(crate) fn each_leaf(root: &Value, visit: &mut impl FnMut(&str, &Value)) {
    leaves("", root, MAX_DEPTH, visit);
}

/// How deep JSON is searched.
const MAX_DEPTH: usize = 8;

fn leaves(name: &str, value: &Value, depth: usize, visit: &mut impl FnMut(&str, &Value)) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::String(_) => visit(name, value),
        Value::Array(items) if items.iter().all(Value::is_u64) => visit(name, value),
        Value::Array(items) => items.iter().for_each(|item| leaves("", item, depth, visit)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| leaves(name, member, depth, visit)),
        _ => {}
    }
}

fn in_json(json: &Value, names: &[&str]) -> Option<Vec<u8>> {
    if let Some([Value::String(_), content]) = json.as_array().map(Vec::as_slice) {
        return json_bytes(content);
    }
    let member = names.iter().find_map(|name| json.get(name))?;
    // Text that is JSON itself is looked at in the next layer.
    let nested = member
        .as_str()
        .filter(|text| text.trim_start().starts_with('{'));
    nested
        .map(|text| text.as_bytes().to_vec())
        .or_else(|| json_bytes(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Result<Vec<u8>, AppraisalError> {
        binary(file, &["token"], "token")
    }

    #[test]
    fn finds_the_bytes_in_whatever_is_around_them() {
        let bytes = vec![0xd2, 0x84, 0x43];
        for file in [
            &b"\xd2\x84\x43"[..],
            b"d28443\n",
            b"0oRD",
            br#"{"other": 1, "token": "0oRD"}"#,
            br#"{"token": [210, 132, 67]}"#,
            br#"["application/eat+cwt", "0oRD"]"#,
            br#"{"token": "{\"token\": \"d28443\"}"}"#,
        ] {
            assert_eq!(
                read(file),
                Ok(bytes.clone()),
                "{}",
                String::from_utf8_lossy(file)
            );
        }
    }

    #[test]
    fn finds_bytes_at_any_place_up_to_a_depth() {
        let value = json(br#" {"a":{"b":[{"c":"ff"},[1,2]]},"d":3}"#).unwrap();
        let mut found = Vec::new();
        each_leaf(&value, &mut |name, value| {
            found.push((name.to_owned(), json_bytes(value)));
        });
        assert_eq!(
            found,
            [
                ("c".into(), Some(vec![255])),
                (String::new(), Some(vec![1, 2]))
            ]
        );
        let deep = format!("{}\"ff\"{}", "[".repeat(20), "]".repeat(20));
        let mut count = 0;
        each_leaf(&json(deep.as_bytes()).unwrap(), &mut |_, _| count += 1);
        assert_eq!(count, 0);
    }

    #[test]
    fn refuses_text_without_any() {
        for file in [
            &b"?!"[..],
            b"{}",
            b"{",
            br#"{"token": 1}"#,
            br#"{"token": [256]}"#,
        ] {
            assert!(matches!(
                read(file),
                Err(AppraisalError::Malformed { part: "token", .. })
            ));
        }
        assert!(read(&vec![0; MAX_FILE_BYTES + 1]).is_err());
    }
}
