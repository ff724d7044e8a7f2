//! The canonical form of RFC 8785, for documents without fractions.

use alloc::{string::String, vec::Vec};
use core::fmt::Write as _;

use super::{Member, Node, Value};

/// The one text of a document: no white space, members sorted by the UTF-16 code units of their
/// names (RFC 8785, section 3.2.3), strings with the fewest escapes (section 3.2.2.2).
pub(crate) fn canonical(root: &Node) -> String {
    let mut text = String::new();
    write_node(root, &mut text);
    text
}

// The recursion is as deep as the document, which the parser bounds.
fn write_node(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Integer(integer) => {
            // Writing to a string cannot fail.
            let _ = write!(text, "{integer}");
        }
        Value::String(string) => write_string(string, text),
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_node(element, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<&Member> = members.iter().collect();
            sorted.sort_by(|a, b| a.name.encode_utf16().cmp(b.name.encode_utf16()));
            text.push('{');
            for (index, member) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(&member.name, text);
                text.push(':');
                write_node(&member.node, text);
            }
            text.push('}');
        }
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{08}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{0c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '\0'..='\u{1f}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn canonical_of(document: &str) -> String {
        canonical(&parse(document.as_bytes()).unwrap())
    }

    // RFC 8785, section 3.2.3: the names are in this order, and no other.
    #[test]
    fn sorts_names_by_utf_16_code_units_as_rfc_8785_shows() {
        let document = r#"{
            "\u20ac": "Euro Sign",
            "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face",
            "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        assert_eq!(
            canonical_of(document),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
             \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
             \"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
    }

    // RFC 8785, sections 3.2.2 to 3.2.4, without its fractions.
    #[test]
    fn writes_strings_and_literals_as_rfc_8785_shows() {
        let document = r#"{
            "numbers": [333333333, 4, 1, 0, -1],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            canonical_of(document),
            r#"{"literals":[null,true,false],"numbers":[333333333,4,1,0,-1],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    // RFC 8785, appendix B: the integers of its table that I-JSON represents exactly.
    #[test]
    fn writes_the_largest_integers_as_rfc_8785_shows() {
        assert_eq!(
            canonical_of("[9007199254740991,-9007199254740991,0]"),
            "[9007199254740991,-9007199254740991,0]"
        );
    }

    // The values "french", "structures", "weird" and "unicode" of the RFC's reference test suite
    // are about names in nested objects; these are the rules that they show.
    #[test]
    fn sorts_inside_nested_objects_and_keeps_arrays() {
        assert_eq!(
            canonical_of(r#"{"b": [{"z": 1, "a": 2}, 3], "": {}, "a": []}"#),
            r#"{"":{},"a":[],"b":[{"a":2,"z":1},3]}"#
        );
    }
}
