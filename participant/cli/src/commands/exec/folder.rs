//! A folder of this machine that a program sees under a name of its own.

use crate::error::CliError;
use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use veracruz_engine::Right;
use veracruz_vfs::{File, Storage, Vfs};

/// A folder, loaded into memory. The program works on the copy; what it changed is written back
/// when it has ended.
pub(super) struct Mount {
    host: PathBuf,
    /// Where it is in the program's files; the name may be anything, relative too.
    path: String,
    name: String,
    /// What is in it, by path below it.
    files: Vec<(String, Arc<Vec<u8>>)>,
    folders: Vec<String>,
}

impl Mount {
    /// Reads everything below the folder of `HOST:GUEST`.
    pub(super) fn load(index: usize, assignment: &str) -> Result<Self, CliError> {
        let (host, name) = assignment
            .rsplit_once(':')
            .filter(|(host, name)| !host.is_empty() && !name.is_empty())
            .ok_or_else(|| CliError::argument("--dir HOST:GUEST, as data:/input", &assignment))?;
        let mut mount = Self {
            host: PathBuf::from(host),
            path: place(index, name),
            name: name.to_owned(),
            files: Vec::new(),
            folders: Vec::new(),
        };
        let root = mount.host.clone();
        mount.read(&root, "")?;
        Ok(mount)
    }

    fn read(&mut self, folder: &Path, below: &str) -> Result<(), CliError> {
        let failed = |source| CliError::file(folder, source);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string().map_err(|name| {
                CliError::argument("file names in UTF-8", &name.to_string_lossy().into_owned())
            })?;
            let path = format!("{below}/{name}");
            let kind = entry.file_type().map_err(failed)?;
            // A link could lead anywhere: what it leads to is not given to the program.
            if kind.is_dir() {
                self.folders.push(path.clone());
                self.read(&entry.path(), &path)?;
            } else if kind.is_file() {
                let bytes = std::fs::read(entry.path())
                    .map_err(|source| CliError::file(&entry.path(), source))?;
                self.files.push((path, Arc::new(bytes)));
            }
        }
        Ok(())
    }

    /// Its files, for the program.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, Arc<dyn Storage>)> {
        self.files.iter().map(|(below, bytes)| {
            let storage: Arc<dyn Storage> = Arc::<Vec<u8>>::clone(bytes);
            (format!("{}{below}", self.path), storage)
        })
    }

    /// Its folders, itself first.
    pub(super) fn folders(&self) -> impl Iterator<Item = String> {
        let below = self
            .folders
            .iter()
            .map(|below| format!("{}{below}", self.path));
        std::iter::once(self.path.clone()).chain(below)
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

    /// Writes back what is new or changed, and removes what is gone.
    pub(super) fn write_back(&self, files: &Vfs) -> Result<(), CliError> {
        let inside = format!("{}/", self.path);
        let mut there = BTreeSet::new();
        for (path, file) in files.files() {
            let Some(below) = path.strip_prefix(&inside) else {
                continue;
            };
            there.insert(format!("/{below}"));
            let known = self
                .files
                .iter()
                .any(|(known, _)| known.strip_prefix('/') == Some(below));
            if !(known && file.is_unchanged()) {
                self.write(below, &file)?;
            }
        }
        for (below, _) in self
            .files
            .iter()
            .filter(|(below, _)| !there.contains(below))
        {
            let path = self.host.join(below.trim_start_matches('/'));
            std::fs::remove_file(&path).map_err(|source| CliError::file(&path, source))?;
        }
        Ok(())
    }

    /// Puts a file in place when it is whole, and not before.
    fn write(&self, below: &str, file: &File<'_>) -> Result<(), CliError> {
        let path = self.host.join(below);
        let folder = path.parent().unwrap_or(&self.host);
        let failed = |source| CliError::file(&path, source);
        std::fs::create_dir_all(folder).map_err(failed)?;
        // As any program would have made it: the user's mask takes away what it takes away.
        let mode = std::fs::Permissions::from_mode(0o666);
        let mut new = tempfile::Builder::new()
            .permissions(mode)
            .tempfile_in(folder)
            .map_err(failed)?;
        for chunk in file.chunks() {
            new.write_all(chunk).map_err(failed)?;
        }
        new.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_folder_is_where_its_name_says_or_somewhere_of_its_own() {
        assert_eq!(place(0, "/input"), "/input");
        assert_eq!(place(0, "/input/"), "/input");
        assert_eq!(place(1, "."), "/.folder-1");
        assert_eq!(place(2, "data"), "/.folder-2");
        assert_eq!(place(3, "/"), "/.folder-3");
        assert_eq!(place(4, "/a/../b"), "/.folder-4");
    }
}
