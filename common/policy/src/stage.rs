//! A stage of the pipeline, and what its program may touch.

use alloc::{string::String, vec::Vec};

use crate::{FilePath, Limits, ParticipantName, PathPattern};

/// One program run, with rights and limits of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stage {
    /// The program: a provided file of the policy.
    pub program: FilePath,
    /// What the program gets after its own name (`argv[0]` is `program`).
    pub args: Vec<String>,
    /// Environment variables, sorted by name.
    pub env: Vec<(String, String)>,
    /// What it may read. Look rights up with [`Stage::rights`].
    pub read: Vec<PathPattern>,
    /// What it may write. Look rights up with [`Stage::rights`].
    pub write: Vec<PathPattern>,
    /// The stage is left out where this file does not exist when its turn comes.
    pub if_exists: Option<FilePath>,
    /// Its standard input, which it may read; empty where none is named, and where an earlier
    /// stage was free to write the file and did not.
    pub stdin: Option<FilePath>,
    /// The file that takes what it prints. It has no right of its own to write there.
    pub stdout: Option<FilePath>,
    /// The file that takes what it complains about. It has no right of its own to write there.
    pub stderr: Option<FilePath>,
    /// Who learns the code that it ended with, where that is not 0.
    pub exit_code: Vec<ParticipantName>,
    /// Who learns how it broke off: its trap, or the limit that ended it.
    pub trap: Vec<ParticipantName>,
    /// What it may use; fields that the stage does not set are those of `execution`.
    pub limits: Limits,
}

/// What a stage may do with one file.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Rights {
    /// See it and read it.
    pub read: bool,
    /// Write it.
    pub write: bool,
}

impl Rights {
    /// The default: none.
    pub const NONE: Self = Self {
        read: false,
        write: false,
    };

    /// Are there any?
    #[must_use]
    pub const fn any(self) -> bool {
        self.read || self.write
    }
}

impl Stage {
    /// What this stage may do with the file of that canonical path.
    ///
    /// `read` and `write` are one list of entries: the most specific entry that covers the path
    /// decides alone (a file is more specific than a folder, a folder than one above it), and an
    /// entry that stands in both lists grants both. No entry: no right. So with `/data/` in `read`
    /// and `/data/out` in `write`, `/data/out` can be written and not read.
    ///
    /// A right does not make a file exist: the files are those of the policy.
    #[must_use]
    pub fn rights(&self, path: &FilePath) -> Rights {
        let Some(entry) = self
            .read
            .iter()
            .chain(&self.write)
            .filter(|entry| entry.covers(path))
            // All of them are prefixes of the path, so that the longest is the most specific.
            .max_by_key(|entry| entry.as_str().len())
        else {
            return Rights::NONE;
        };
        Rights {
            read: self.read.contains(entry),
            write: self.write.contains(entry),
        }
    }

    /// Does that file take what this stage prints to a standard stream?
    #[must_use]
    pub fn prints_to(&self, path: &FilePath) -> bool {
        self.stdout.as_ref() == Some(path) || self.stderr.as_ref() == Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Execution;

    fn stage(read: &[&str], write: &[&str]) -> Stage {
        let patterns = |list: &[&str]| {
            list.iter()
                .map(|text| PathPattern::parse(text).unwrap())
                .collect()
        };
        Stage {
            program: FilePath::parse("/p").unwrap(),
            args: Vec::new(),
            env: Vec::new(),
            read: patterns(read),
            write: patterns(write),
            if_exists: None,
            stdin: None,
            stdout: None,
            stderr: None,
            exit_code: Vec::new(),
            trap: Vec::new(),
            limits: Execution::default().limits,
        }
    }

    fn rights(stage: &Stage, path: &str) -> (bool, bool) {
        let rights = stage.rights(&FilePath::parse(path).unwrap());
        (rights.read, rights.write)
    }

    #[test]
    fn there_is_no_right_without_an_entry() {
        let stage = stage(&["/in/"], &["/out/a"]);
        assert_eq!(rights(&stage, "/elsewhere"), (false, false));
        assert_eq!(rights(&stage, "/in"), (false, false));
        assert_eq!(rights(&stage, "/p"), (false, false));
        assert_eq!(rights(&stage, "/out/b"), (false, false));
    }

    #[test]
    fn the_most_specific_entry_decides_alone() {
        let stage = stage(&["/", "/d/", "/d/e/"], &["/d/out", "/d/e/"]);
        assert_eq!(rights(&stage, "/d/in"), (true, false));
        assert_eq!(rights(&stage, "/d/out"), (false, true));
        assert_eq!(rights(&stage, "/d/e/f"), (true, true));
        assert_eq!(rights(&stage, "/x"), (true, false));
    }

    #[test]
    fn an_entry_in_both_lists_grants_both() {
        let stage = stage(&["/d/x"], &["/d/x"]);
        assert_eq!(rights(&stage, "/d/x"), (true, true));
    }
}
