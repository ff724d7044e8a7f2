//! Indented JSON.

use alloc::string::String;

use crate::json::{Node, Value, canonical};

/// The value with two blanks a level and a line feed at the end.
pub(super) fn indented(root: &Node) -> String {
    let mut text = String::new();
    write(root, 0, &mut text);
    text.push('\n');
    text
}

// The recursion is as deep as the schema, which is ours.
fn write(node: &Node, depth: usize, text: &mut String) {
    let inner = depth.saturating_add(1);
    match &node.value {
        Value::Array(elements) if !elements.iter().all(is_text) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                line(index > 0, inner, text);
                write(element, inner, text);
            }
            line(false, depth, text);
            text.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            text.push('{');
            for (index, member) in members.iter().enumerate() {
                line(index > 0, inner, text);
                let name = Value::String(member.name.clone());
                text.push_str(&canonical(&Node {
                    offset: 0,
                    value: name,
                }));
                text.push_str(": ");
                write(&member.node, inner, text);
            }
            line(false, depth, text);
            text.push('}');
        }
        _ => text.push_str(&canonical(node)),
    }
}

fn is_text(node: &Node) -> bool {
    matches!(node.value, Value::String(_))
}

fn line(comma: bool, depth: usize, text: &mut String) {
    if comma {
        text.push(',');
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}
