//! Objects with known fields, and objects whose names the author chose.

use alloc::{format, vec, vec::Vec};

use crate::{
    Cause,
    decode::{At, Errors, nearest},
    json::{Member, Node, Value},
    text::shorten,
};

/// Most characters of a text that an error repeats.
pub(super) const SHOWN: usize = 64;

/// The fields of an object.
pub(crate) struct Fields {
    /// What one of them is called.
    pub(crate) unit: &'static str,
    /// What this version takes.
    pub(crate) known: &'static [&'static str],
    /// What belongs to the language, and is refused as not supported by this version.
    pub(crate) later: &'static [&'static str],
}

/// An object that has known fields only.
pub(super) struct Object<'a> {
    at: At<'a>,
    members: &'a [Member],
}

impl<'a> Object<'a> {
    /// Notes every field that is unknown or not supported, and goes on with the others.
    pub(super) fn open(at: At<'a>, fields: &Fields, errors: &mut Errors<'_>) -> Option<Self> {
        let members = at.members(errors)?;
        for member in members {
            let name = member.name.as_str();
            if fields.known.contains(&name) {
                continue;
            }
            // A hundred thousand unknown fields are not worth a hundred thousand suggestions.
            if errors.is_full() {
                break;
            }
            let cause = if fields.later.contains(&name) {
                Cause::NotSupported {
                    what: format!("the {} {name:?}", fields.unit),
                }
            } else {
                Cause::UnknownField {
                    name: shorten(name, SHOWN),
                    nearest: nearest(name, fields.known.iter().copied()),
                    known: fields.known,
                }
            };
            errors.add(member.offset, &at.pointer.name(name), cause);
        }
        Some(Self { at, members })
    }

    /// Is the field there, right or wrong?
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Notes that something is wrong with the object.
    pub(super) fn fail(&self, cause: Cause, errors: &mut Errors<'_>) {
        self.at.fail(cause, errors);
    }

    /// Notes that a field should not stand there, or not so.
    pub(super) fn fail_field(&self, name: &'static str, cause: Cause, errors: &mut Errors<'_>) {
        let member = self.members.iter().find(|member| member.name == name);
        let offset = member.map_or(self.at.node.offset, |member| member.offset);
        errors.add(offset, &self.at.pointer.name(name), cause);
    }

    /// Decodes a field if it is there.
    pub(super) fn optional<T>(
        &self,
        name: &'static str,
        errors: &mut Errors<'_>,
        decode: impl FnOnce(At<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<T> {
        let member = self.members.iter().find(|member| member.name == name)?;
        let at = At {
            node: &member.node,
            pointer: self.at.pointer.name(name),
        };
        decode(at, errors)
    }

    /// Decodes a field that must be there.
    pub(super) fn required<T>(
        &self,
        name: &'static str,
        errors: &mut Errors<'_>,
        decode: impl FnOnce(At<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(name) {
            self.fail(Cause::MissingField { name }, errors);
            return None;
        }
        self.optional(name, errors, decode)
    }
}

impl<'a> At<'a> {
    /// The members of an object.
    pub(super) fn members(&self, errors: &mut Errors<'_>) -> Option<&'a [Member]> {
        let Value::Object(members) = &self.node.value else {
            self.wrong_type("an object", errors);
            return None;
        };
        Some(members)
    }

    /// Decodes each member of an object whose names the author chose.
    ///
    /// `decode` gets the member's name, its place (for errors about the name) and its value.
    pub(super) fn entries<T>(
        &self,
        unit: &'static str,
        minimum: usize,
        maximum: usize,
        errors: &mut Errors<'_>,
        mut decode: impl FnMut(Entry<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let members = self.members(errors)?;
        self.length(unit, members.len(), minimum, maximum, errors)?;
        let mut list = Vec::with_capacity(members.len());
        for member in members {
            let entry = Entry {
                name: &member.name,
                offset: member.offset,
                at: At {
                    node: &member.node,
                    pointer: self.pointer.name(&member.name),
                },
            };
            list.extend(decode(entry, errors));
        }
        (list.len() == members.len()).then_some(list)
    }

    /// Decodes each element of a list.
    pub(super) fn elements<T>(
        &self,
        unit: &'static str,
        minimum: usize,
        maximum: usize,
        errors: &mut Errors<'_>,
        mut decode: impl FnMut(At<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(nodes) = &self.node.value else {
            self.wrong_type("a list", errors);
            return None;
        };
        self.length(unit, nodes.len(), minimum, maximum, errors)?;
        let mut list = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            list.extend(decode(self.element(node, index), errors));
        }
        (list.len() == nodes.len()).then_some(list)
    }

    /// As [`At::elements`], and no element stands twice.
    pub(super) fn distinct<T: PartialEq + core::fmt::Display>(
        &self,
        unit: &'static str,
        minimum: usize,
        maximum: usize,
        errors: &mut Errors<'_>,
        decode: impl FnMut(At<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.elements(unit, minimum, maximum, errors, decode)?;
        let mut distinct = true;
        for (index, element) in list.iter().enumerate() {
            if list.iter().take(index).any(|earlier| earlier == element) {
                distinct = false;
                let Value::Array(nodes) = &self.node.value else {
                    return None;
                };
                let found = shorten(&format!("{element}"), SHOWN);
                let node = nodes.get(index)?;
                self.element(node, index)
                    .fail(Cause::DuplicateElement { found }, errors);
            }
        }
        distinct.then_some(list)
    }

    /// One value, or a list of them: for reference values, of which any will do.
    pub(super) fn one_or_distinct<T: PartialEq + core::fmt::Display>(
        &self,
        unit: &'static str,
        maximum: usize,
        errors: &mut Errors<'_>,
        mut decode: impl FnMut(At<'_>, &mut Errors<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        match self.node.value {
            Value::String(_) => decode(*self, errors).map(|one| vec![one]),
            Value::Array(_) => self.distinct(unit, 1, maximum, errors, decode),
            _ => {
                self.wrong_type("a text or a list of texts", errors);
                None
            }
        }
    }

    pub(super) fn length(
        &self,
        unit: &'static str,
        found: usize,
        minimum: usize,
        maximum: usize,
        errors: &mut Errors<'_>,
    ) -> Option<()> {
        if (minimum..=maximum).contains(&found) {
            return Some(());
        }
        let cause = Cause::WrongLength {
            unit,
            minimum,
            maximum,
            found,
        };
        self.fail(cause, errors);
        None
    }

    fn element<'b>(&'b self, node: &'b Node, index: usize) -> At<'b> {
        At {
            node,
            pointer: self.pointer.index(index),
        }
    }
}

/// A member whose name the author chose.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    offset: usize,
    pub(super) at: At<'a>,
}

impl Entry<'_> {
    /// Notes that something is wrong with the name.
    pub(super) fn fail_name(&self, cause: Cause, errors: &mut Errors<'_>) {
        errors.add(self.offset, &self.at.pointer, cause);
    }
}
