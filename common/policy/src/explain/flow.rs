//! Where the content of a file can get to, and so who can learn something about it.
//!
//! Every program is taken to tell all that it reads to all that it writes: what it really does is
//! for those to judge who know it.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use crate::{FilePath, ParticipantName, Policy};

/// For each file, what can depend on it.
pub(crate) struct Flow<'a> {
    reached: BTreeMap<&'a FilePath, Reached<'a>>,
}

/// What can depend on one file's content.
#[derive(Default)]
struct Reached<'a> {
    files: BTreeSet<&'a FilePath>,
    learns: BTreeMap<&'a ParticipantName, BTreeSet<Learns<'a>>>,
}

/// How a participant can learn something about a file.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Learns<'a> {
    /// It receives the file itself.
    Itself,
    /// It receives a file that programs make of it.
    From(&'a FilePath),
    /// It learns the exit code of that stage (from 1), which may read it.
    ExitCode(usize),
    /// It learns how that stage (from 1) broke off, which may read it.
    Trap(usize),
}

impl<'a> Flow<'a> {
    pub(crate) fn of(policy: &'a Policy) -> Self {
        let files = policy.files().iter();
        Self {
            reached: files
                .map(|file| (&file.path, Reached::of(policy, &file.path)))
                .collect(),
        }
    }

    /// Who can learn something about a file, and how; its provider knows it anyway.
    pub(crate) fn learns(
        &self,
        path: &FilePath,
    ) -> impl Iterator<Item = (&'a ParticipantName, &BTreeSet<Learns<'a>>)> {
        let reached = self.reached.get(path).into_iter();
        reached.flat_map(|reached| reached.learns.iter().map(|(name, how)| (*name, how)))
    }

    /// The files whose content can get into a file, itself excepted.
    pub(crate) fn sources(&self, path: &FilePath) -> Vec<&'a FilePath> {
        let sources = self.reached.iter();
        sources
            .filter(|(source, reached)| **source != path && reached.files.contains(path))
            .map(|(source, _)| *source)
            .collect()
    }
}

impl<'a> Reached<'a> {
    fn of(policy: &'a Policy, path: &'a FilePath) -> Self {
        let mut reached = Self::default();
        reached.files.insert(path);
        let mut told = Vec::new();
        for (stage, number) in policy.pipeline().iter().zip(1..) {
            let depends = reached
                .files
                .iter()
                .any(|file| stage.rights(file).read || stage.program == **file)
                // Whether an earlier stage made a file can depend on what it read.
                || stage.if_exists.as_ref().is_some_and(|file| {
                    reached.files.contains(file)
                        && policy.file(file).is_some_and(crate::File::is_written)
                });
            if !depends {
                continue;
            }
            let written = policy
                .files()
                .iter()
                .map(|file| &file.path)
                .filter(|file| stage.rights(file).write || stage.prints_to(file));
            reached.files.extend(written);
            told.extend(
                stage
                    .exit_code
                    .iter()
                    .map(|to| (to, Learns::ExitCode(number))),
            );
            told.extend(stage.trap.iter().map(|to| (to, Learns::Trap(number))));
        }
        for file in reached.files.iter().filter_map(|path| policy.file(path)) {
            let how = if file.path == *path {
                Learns::Itself
            } else {
                Learns::From(&file.path)
            };
            told.extend(file.receivers.iter().map(|to| (to, how)));
        }
        for (name, how) in told {
            reached.learns.entry(name).or_default().insert(how);
        }
        reached
    }
}
