//! One sentence, in pieces, so that what an author wrote never passes for our words or for markup.

use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use crate::{json::text_of, text::shorten};

/// Most characters of a value that a sentence repeats.
const SHOWN: usize = 400;

/// Something that is said about a policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sentence {
    /// The sentence. It ends with a full stop.
    pub pieces: Vec<Piece>,
    /// The values of the document that it explains, as JSON pointers (RFC 6901).
    pub pointers: Vec<String>,
    /// Says something that a reader should not miss: what is not protected, or weaker than it
    /// could be.
    pub caution: bool,
}

/// A part of a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Words of ours.
    Words(String),
    /// What the policy says: a name, a path, a digest, a text. One line, without characters that
    /// hide something.
    Value(String),
}

/// A sentence: `template` with each `{}` replaced, about the value at `pointer`.
pub(crate) fn say(template: &str, args: &[Arg], pointer: &[&str]) -> Sentence {
    Sentence::new(template, args).and(pointer)
}

/// What stands for one `{}` of a template.
pub(crate) type Arg = Vec<Piece>;

/// Words of ours.
pub(crate) fn plain(words: impl Into<String>) -> Arg {
    vec![Piece::Words(words.into())]
}

/// What the policy says.
pub(crate) fn code(value: impl ToString) -> Arg {
    vec![Piece::Value(shorten(&value.to_string(), SHOWN))]
}

/// 'a', 'a and b', 'a, b and c'; 'nobody' or the like where there is none.
pub(crate) fn all(list: impl IntoIterator<Item = Arg>, none: &str) -> Arg {
    join(list, " and ", none)
}

/// As [`all`] with 'or'.
pub(crate) fn any(list: impl IntoIterator<Item = Arg>, none: &str) -> Arg {
    join(list, " or ", none)
}

fn join(list: impl IntoIterator<Item = Arg>, last: &str, none: &str) -> Arg {
    let list: Vec<Arg> = list.into_iter().collect();
    let count = list.len();
    if count == 0 {
        return plain(none);
    }
    let mut joined = Vec::new();
    for (index, arg) in list.into_iter().enumerate() {
        if index > 0 {
            let is_last = index.saturating_add(1) == count;
            joined.push(Piece::Words(if is_last { last } else { ", " }.into()));
        }
        joined.extend(arg);
    }
    joined
}

impl Sentence {
    /// A sentence about no single value.
    pub(crate) fn new(template: &str, args: &[Arg]) -> Self {
        debug_assert_eq!(template.matches("{}").count(), args.len(), "{template}");
        let mut pieces: Vec<Piece> = Vec::new();
        let mut args = args.iter();
        for (index, words) in template.split("{}").enumerate() {
            let arg = (index > 0).then(|| args.next()).flatten();
            let words = (!words.is_empty()).then(|| Piece::Words(words.into()));
            for piece in arg.into_iter().flatten().cloned().chain(words) {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Words(before)), Piece::Words(words)) => before.push_str(&words),
                    (_, piece) => pieces.push(piece),
                }
            }
        }
        if let Some(Piece::Words(first)) = pieces.first_mut() {
            *first = capital(first);
        }
        Self {
            pieces,
            ..Self::default()
        }
    }

    /// The sentence explains the value there, too.
    pub(crate) fn and(mut self, pointer: &[&str]) -> Self {
        self.pointers.push(text_of(pointer));
        self
    }

    /// Nobody should miss it.
    pub(crate) fn caution(mut self) -> Self {
        self.caution = true;
        self
    }

    /// Nobody should miss it, where that is so.
    pub(crate) fn caution_if(mut self, weak: bool) -> Self {
        self.caution |= weak;
        self
    }
}

/// The sentence without markup; values stand as they are.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Words(text) | Piece::Value(text) => f.write_str(text),
        })
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        let list = |names: &[&str]| {
            let arg = all(names.iter().map(code), "nobody");
            Sentence::new("{}.", &[arg]).to_string()
        };
        assert_eq!(list(&[]), "Nobody.");
        assert_eq!(list(&["a"]), "a.");
        assert_eq!(list(&["a", "b"]), "a and b.");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c.");
    }

    #[test]
    fn a_value_is_one_line_that_hides_nothing() {
        let sentence = Sentence::new("it says {}.", &[code("a\nb\u{202e}")]);
        assert_eq!(sentence.to_string(), "It says a\u{fffd}b\u{fffd}.");
    }
}
