//! Ways into a document, and where they lead.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use super::{Node, Value};

/// A JSON pointer (RFC 6901) as a chain on the stack: made into text only where an error needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pointer<'a> {
    /// The whole document.
    Root,
    /// A member of an object.
    Name(&'a Pointer<'a>, &'a str),
    /// An element of an array, from 0.
    Index(&'a Pointer<'a>, usize),
}

/// Whether an error points at a member's name or at its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Name,
    Value,
}

impl<'a> Pointer<'a> {
    /// The member `name` below this.
    pub(crate) fn name(&'a self, name: &'a str) -> Pointer<'a> {
        Pointer::Name(self, name)
    }

    /// The element `index` below this.
    pub(crate) fn index(&'a self, index: usize) -> Pointer<'a> {
        Pointer::Index(self, index)
    }

    /// Where it leads in `root`: bytes before that value or name. A way that ends early leads to
    /// the last value on it: what a field's default made is shown at the object that is silent.
    pub(crate) fn locate(&self, root: &Node, place: Place) -> usize {
        let (node, name_offset) = self.walk(root);
        match (place, name_offset) {
            (Place::Name, Some(offset)) => offset,
            _ => node.offset,
        }
    }

    /// Does it lead to a value of `root`?
    pub(crate) fn is_in(&self, root: &Node) -> bool {
        match self {
            Pointer::Root => true,
            Pointer::Name(parent, name) => {
                let (node, _) = parent.walk(root);
                let is_member = matches!(&node.value, Value::Object(members)
                    if members.iter().any(|member| member.name == **name));
                parent.is_in(root) && is_member
            }
            Pointer::Index(parent, index) => {
                let (node, _) = parent.walk(root);
                let is_element = matches!(&node.value, Value::Array(elements)
                    if *index < elements.len());
                parent.is_in(root) && is_element
            }
        }
    }

    /// The last value on the way, and the offset of its name if it is a member of an object.
    fn walk<'n>(&self, root: &'n Node) -> (&'n Node, Option<usize>) {
        match self {
            Pointer::Root => (root, None),
            Pointer::Name(parent, name) => {
                let (node, name_offset) = parent.walk(root);
                let Value::Object(members) = &node.value else {
                    return (node, name_offset);
                };
                members
                    .iter()
                    .find(|member| member.name == **name)
                    .map_or((node, name_offset), |member| {
                        (&member.node, Some(member.offset))
                    })
            }
            Pointer::Index(parent, index) => {
                let (node, name_offset) = parent.walk(root);
                let Value::Array(elements) = &node.value else {
                    return (node, name_offset);
                };
                elements
                    .get(*index)
                    .map_or((node, name_offset), |element| (element, None))
            }
        }
    }

    /// The text, as `/files/~1input~1a.csv/provider`.
    pub(crate) fn to_text(self) -> String {
        match self {
            Pointer::Root => String::new(),
            Pointer::Name(parent, name) => {
                let mut text = parent.to_text();
                push_segment(&mut text, name);
                text
            }
            Pointer::Index(parent, index) => {
                let mut text = parent.to_text();
                push_segment(&mut text, &index.to_string());
                text
            }
        }
    }
}

/// The text of a pointer whose segments are these.
pub(crate) fn text_of(segments: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for segment in segments {
        push_segment(&mut text, segment.as_ref());
    }
    text
}

fn push_segment(text: &mut String, segment: &str) {
    text.push('/');
    let escaped: Vec<&str> = segment
        .split_inclusive(['~', '/'])
        .flat_map(|part| match part.strip_suffix('~') {
            Some(before) => [before, "~0"],
            None => part
                .strip_suffix('/')
                .map_or([part, ""], |before| [before, "~1"]),
        })
        .collect();
    text.extend(escaped);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn writes_segments_as_rfc_6901_does() {
        let root = Pointer::Root;
        for (name, text) in [
            ("", "/"),
            ("a/b", "/a~1b"),
            ("m~n", "/m~0n"),
            ("~1", "/~01"),
            ("//", "/~1~1"),
            (" ", "/ "),
        ] {
            assert_eq!(root.name(name).to_text(), text);
        }
        assert_eq!(root.to_text(), "");
        assert_eq!(root.name("foo").index(0).to_text(), "/foo/0");
    }

    #[test]
    fn leads_to_names_and_values() {
        let document = br#"{"a": {"b": [10, 20]}}"#;
        let tree = parse(document).unwrap();
        let root = Pointer::Root;
        let a = root.name("a");
        let b = a.name("b");
        assert_eq!(root.locate(&tree, Place::Value), 0);
        assert_eq!(a.locate(&tree, Place::Name), 1);
        assert_eq!(a.locate(&tree, Place::Value), 6);
        assert_eq!(b.index(1).locate(&tree, Place::Value), 17);
        assert_eq!(b.index(7).locate(&tree, Place::Value), 12);
        assert_eq!(a.name("c").locate(&tree, Place::Value), 6);
    }
}
