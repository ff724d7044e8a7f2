//! A folder of this machine that a program sees under a name of its own.

use super::lazy::LazyFile;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use veracruz_engine::Right;
use veracruz_vfs::Storage;

/// A folder, as it was when the program started. The program works on a copy in memory; what it
/// changed is written back when it has ended.
pub(super) struct Mount {
    pub(super) host: PathBuf,
    /// Where it is in the program's files; the name may be anything, relative too.
    pub(super) path: String,
    name: String,
    /// What is in it, by path below it, as `/a/b`.
    pub(super) entries: BTreeMap<String, Known>,
}

/// What was found.
pub(super) enum Known {
    File(Arc<LazyFile>),
    Folder,
    Link(String),
}

impl Mount {
    /// Finds everything below the folder of `HOST:GUEST`, `HOST::GUEST`, or `HOST`, which the
    /// program then knows by the same name.
    pub(super) fn load(index: usize, assignment: &str) -> Result<Self, CliError> {
        let (host, name) = split(assignment);
        if host.is_empty() || name.is_empty() {
            return Err(CliError::argument(
                "--dir HOST:GUEST, as data:/input",
                &assignment,
            ));
        }
        let mut mount = Self {
            host: PathBuf::from(host),
            path: place(index, name),
            name: name.to_owned(),
            entries: BTreeMap::new(),
        };
        // Folders that are left to read: their paths here and below. Not by recursion: a tree
        // may be deep.
        let mut left = vec![(mount.host.clone(), String::new())];
        while let Some((folder, below)) = left.pop() {
            mount.read(&folder, &below, &mut left)?;
        }
        Ok(mount)
    }

    fn read(
        &mut self,
        folder: &Path,
        below: &str,
        left: &mut Vec<(PathBuf, String)>,
    ) -> Result<(), CliError> {
        let failed = |source| CliError::file(folder, source);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let below = format!("{below}/{}", text(entry.file_name())?);
            let failed = |source| CliError::file(&path, source);
            // Of the link, not of what it leads to: the program finds a link, and follows it
            // only as far as its folders reach.
            let metadata = entry.metadata().map_err(failed)?;
            let known = if metadata.is_dir() {
                left.push((path, below.clone()));
                Known::Folder
            } else if metadata.is_symlink() {
                let target = std::fs::read_link(&path).map_err(failed)?;
                Known::Link(text(target.into_os_string())?)
            } else if metadata.is_file() {
                Known::File(Arc::new(LazyFile::new(path, metadata.len())))
            } else {
                // Pipes, sockets and devices are nothing for a program that only computes.
                continue;
            };
            self.entries.insert(below, known);
        }
        Ok(())
    }

    /// Its files, for the program.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, Arc<dyn Storage>)> {
        self.entries.iter().filter_map(|(below, known)| {
            let Known::File(file) = known else {
                return None;
            };
            let storage: Arc<dyn Storage> = Arc::<LazyFile>::clone(file);
            Some((self.inside(below), storage))
        })
    }

    /// Its folders, itself first.
    pub(super) fn folders(&self) -> impl Iterator<Item = String> {
        let folders = self.entries.iter();
        let below = folders
            .filter(|(_, known)| matches!(known, Known::Folder))
            .map(|(below, _)| self.inside(below));
        std::iter::once(self.path.clone()).chain(below)
    }

    /// Its links, with their targets.
    pub(super) fn links(&self) -> impl Iterator<Item = (String, String)> {
        self.entries
            .iter()
            .filter_map(|(below, known)| match known {
                Known::Link(target) => Some((self.inside(below), target.clone())),
                Known::File(_) | Known::Folder => None,
            })
    }

    fn inside(&self, below: &str) -> String {
        format!("{}{below}", self.path)
    }

    /// Its path, and the name by which the program knows it.
    pub(super) fn open(&self) -> (String, String) {
        (self.path.clone(), self.name.clone())
    }

    /// Whether it is where its name says, as the paths of a policy are.
    pub(super) fn is_in_place(&self) -> bool {
        self.path == self.name.trim_end_matches('/')
    }

    /// Everything in it may be read and written.
    pub(super) fn right(&self) -> Right {
        Right {
            pattern: format!("{}/", self.path),
            read: true,
            write: true,
        }
    }
}

/// Takes `HOST:GUEST` apart. Two colons are how others write it.
fn split(assignment: &str) -> (&str, &str) {
    assignment
        .split_once("::")
        .or_else(|| assignment.rsplit_once(':'))
        .unwrap_or((assignment, assignment))
}

/// Where a folder of this name is in the program's files: there, where the name is such a path;
/// elsewhere for names like `.` or `data`.
fn place(index: usize, name: &str) -> String {
    let canonical = veracruz_policy::FilePath::parse(name.trim_end_matches('/'));
    match canonical {
        Ok(path) => path.to_string(),
        Err(_) => format!("/.folder-{index}"),
    }
}

/// Programs know no other names.
fn text(name: std::ffi::OsString) -> Result<String, CliError> {
    name.into_string().map_err(|name| {
        CliError::argument("file names in UTF-8", &name.to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{place, split};

    #[test]
    fn a_folder_is_where_its_name_says_or_somewhere_of_its_own() {
        assert_eq!(place(0, "/input"), "/input");
        assert_eq!(place(0, "/input/"), "/input");
        assert_eq!(place(1, "."), "/.folder-1");
        assert_eq!(place(2, "data"), "/.folder-2");
        assert_eq!(place(3, "/"), "/.folder-3");
        assert_eq!(place(4, "/a/../b"), "/.folder-4");
    }

    #[test]
    fn a_folder_is_named_with_one_colon_with_two_or_with_none() {
        assert_eq!(split("data:/input"), ("data", "/input"));
        assert_eq!(split("data::/input"), ("data", "/input"));
        assert_eq!(split("data"), ("data", "data"));
        assert_eq!(split("a:b:."), ("a:b", "."));
        assert_eq!(split("data:"), ("data", ""));
    }
}
