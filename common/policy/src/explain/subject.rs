//! The policy that is explained, with the document that it was read from.

use alloc::{string::String, vec::Vec};

use super::{Arg, Flow, code, plain};
use crate::{
    File, FilePath, Participant, ParticipantName, Policy, Stage,
    json::{Node, Value, parse},
};

/// What sentences are made of.
pub(crate) struct Subject<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) flow: Flow<'a>,
    /// None never happens: the document was parsed before.
    tree: Option<Node>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            flow: Flow::of(policy),
            tree: parse(policy.document()).ok(),
        }
    }

    /// Is there a value in the document, so that it is no default?
    pub(crate) fn said(&self, pointer: &[&str]) -> bool {
        self.find(pointer).is_some()
    }

    /// The text at that place of the document.
    pub(crate) fn text(&self, pointer: &[&str]) -> Option<&str> {
        match &self.find(pointer)?.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// ' (the default)' where the document does not say it.
    pub(crate) fn default(&self, pointer: &[&str]) -> Arg {
        plain(if self.said(pointer) {
            ""
        } else {
            " (the default)"
        })
    }

    /// The whole document.
    pub(crate) fn tree(&self) -> Option<&Node> {
        self.tree.as_ref()
    }

    fn find(&self, pointer: &[&str]) -> Option<&Node> {
        let mut node = self.tree.as_ref()?;
        for segment in pointer {
            node = match &node.value {
                Value::Object(members) => members
                    .iter()
                    .find(|member| member.name == **segment)
                    .map(|member| &member.node)?,
                Value::Array(elements) => elements.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The stages that run a file as their program, by their numbers from 1.
    pub(crate) fn run_by(&self, path: &FilePath) -> Vec<usize> {
        self.stages(|stage| stage.program == *path)
    }

    /// The stages that may read a file.
    pub(crate) fn read_by(&self, path: &FilePath) -> Vec<usize> {
        self.stages(|stage| stage.rights(path).read)
    }

    /// The stages that may write a file or print to it.
    pub(crate) fn written_by(&self, path: &FilePath) -> Vec<usize> {
        self.stages(|stage| stage.rights(path).write || stage.prints_to(path))
    }

    fn stages(&self, wanted: impl Fn(&Stage) -> bool) -> Vec<usize> {
        let stages = self.policy.pipeline().iter().zip(1..);
        stages
            .filter(|(stage, _)| wanted(stage))
            .map(|(_, number)| number)
            .collect()
    }

    /// The files that the participant provides.
    pub(crate) fn given_by(&self, participant: &Participant) -> impl Iterator<Item = &'a File> {
        let name = participant.name.clone();
        let files = self.policy.files().iter();
        files.filter(move |file| file.provider.as_ref() == Some(&name))
    }
}

/// 'stage 1 (/program/psi.wasm)'.
pub(crate) fn stage(policy: &Policy, number: usize) -> Arg {
    let index = number.saturating_sub(1);
    let mut arg = plain(alloc::format!("stage {number}"));
    if let Some(stage) = policy.pipeline().get(index) {
        arg.extend(plain(" ("));
        arg.extend(code(&stage.program));
        arg.extend(plain(")"));
    }
    arg
}

/// 'you' for the reader, and the name for everyone else.
pub(crate) fn person(name: &ParticipantName, reader: Option<&Participant>) -> Arg {
    if reader.is_some_and(|reader| reader.name == *name) {
        plain("you")
    } else {
        code(name)
    }
}

/// The reader first, as 'you', then all others.
pub(crate) fn people<'n>(
    names: impl IntoIterator<Item = &'n ParticipantName>,
    reader: Option<&Participant>,
) -> Vec<Arg> {
    let (you, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| reader.is_some_and(|reader| reader.name == **name));
    let all = you.into_iter().chain(others);
    all.map(|name| person(name, reader)).collect()
}

/// The hex of digests, each a value.
pub(crate) fn each<T: alloc::string::ToString>(list: &[T]) -> Vec<Arg> {
    list.iter().map(|value| code(value.to_string())).collect()
}

/// A number as a segment of a pointer.
pub(crate) fn segment(index: usize) -> String {
    alloc::format!("{index}")
}
