//! One meaning, one canonical form; another meaning, another one.

use alloc::{format, string::String, vec::Vec};

use proptest::prelude::*;

use super::{Member, Node, Value, canonical, parse};

fn valued(value: Value) -> Node {
    Node { offset: 0, value }
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::Integer),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_map(valued).prop_recursive(4, 40, 6, |inner| {
        let object = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::Array),
            object.prop_map(|members| {
                let members = members.into_iter().map(|(name, node)| Member {
                    offset: 0,
                    name,
                    node,
                });
                Value::Object(members.collect())
            }),
        ]
        .prop_map(valued)
    })
}

/// The value written as differently as JSON allows: escapes, white space, another order.
fn written(node: &Node) -> String {
    let string = |text: &str| {
        let units: Vec<String> = text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect();
        format!("\"{}\"", units.concat())
    };
    match &node.value {
        Value::String(text) => string(text),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(written).collect();
            format!("[ {}\n]", elements.join("\t, "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|member| format!("{} :\r\n{}", string(&member.name), written(&member.node)))
                .collect();
            format!("{{ {} }}", members.join(" ,"))
        }
        _ => canonical(node),
    }
}

/// Changes the value that is number `index` in the order of the document.
fn change(node: &mut Node, index: &mut usize) {
    let here = *index == 0;
    *index = index.wrapping_sub(1);
    match &mut node.value {
        value @ Value::Null if here => *value = Value::Bool(false),
        Value::Bool(value) if here => *value = !*value,
        Value::Integer(value) if here => *value -= value.signum() * 2 - 1,
        Value::String(text) if here => text.push('0'),
        Value::Array(elements) if here => elements.push(valued(Value::Null)),
        Value::Object(members) if here => {
            members.pop();
            members.push(Member {
                offset: 0,
                name: "a name that is not there".into(),
                node: valued(Value::Null),
            });
        }
        Value::Array(elements) => elements.iter_mut().for_each(|node| change(node, index)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|member| change(&mut member.node, index)),
        _ => {}
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Array(elements) => 1 + elements.iter().map(count).sum::<usize>(),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|member| count(&member.node))
                .sum::<usize>()
        }
        _ => 1,
    }
}

proptest! {
    #[test]
    fn the_canonical_form_is_its_own_canonical_form(tree in tree()) {
        let text = canonical(&tree);
        let again = parse(text.as_bytes()).unwrap();
        prop_assert_eq!(canonical(&again), text);
    }

    #[test]
    fn spelling_does_not_change_the_canonical_form(tree in tree()) {
        let other = parse(written(&tree).as_bytes()).unwrap();
        prop_assert_eq!(canonical(&other), canonical(&tree));
    }

    #[test]
    fn any_change_of_a_value_changes_the_canonical_form(tree in tree(), index: prop::sample::Index) {
        let mut changed = tree.clone();
        change(&mut changed, &mut index.index(count(&tree)));
        prop_assert_ne!(canonical(&changed), canonical(&tree));
    }

    #[test]
    fn cut_anywhere_it_is_refused(tree in tree(), index: prop::sample::Index) {
        // In brackets, since a number cut off is a number.
        let text = format!("[{}]", canonical(&tree));
        let length = index.index(text.len());
        prop_assert!(parse(&text.as_bytes()[..length]).is_err());
    }
}
