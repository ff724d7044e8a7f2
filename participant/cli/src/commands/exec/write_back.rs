//! What a program changed in a folder, written back to it.

use super::folder::{Known, Mount};
use super::lazy::LazyFile;
use crate::error::CliError;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use veracruz_vfs::{Entry, File, Storage, Vfs};

impl Mount {
    /// Writes back what is new or changed, and removes what is gone.
    pub(super) fn write_back(&self, files: &Vfs) -> Result<(), CliError> {
        self.check_fetched()?;
        let inside = format!("{}/", self.path);
        let now: BTreeMap<String, Entry<'_>> = files
            .entries()
            .filter_map(|(path, entry)| {
                let below = path.strip_prefix(&inside)?;
                Some((format!("/{below}"), entry))
            })
            .collect();
        // First what is in the way. What is in a folder comes after it, so it is removed before.
        for (below, known) in self.entries.iter().rev() {
            if !now.get(below).is_some_and(|entry| stays(known, entry)) {
                self.remove(below, known)?;
            }
        }
        // A folder comes before what is in it.
        for (below, entry) in &now {
            self.put(below, entry)?;
        }
        Ok(())
    }

    /// Whether all that the program read was really there.
    fn check_fetched(&self) -> Result<(), CliError> {
        for known in self.entries.values() {
            if let Known::File(file) = known
                && let Some(error) = file.failure()
            {
                return Err(CliError::file(file.path(), error));
            }
        }
        Ok(())
    }

    fn remove(&self, below: &str, known: &Known) -> Result<(), CliError> {
        let path = self.path_of(below);
        let removed = match known {
            Known::Folder => fs::remove_dir(&path),
            Known::File(_) | Known::Link(_) => fs::remove_file(&path),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(CliError::file(&path, error)),
            _ => Ok(()),
        }
    }

    fn put(&self, below: &str, entry: &Entry<'_>) -> Result<(), CliError> {
        let path = self.path_of(below);
        let failed = |source| CliError::file(&path, source);
        match (entry, self.entries.get(below)) {
            (Entry::Folder, Some(Known::Folder)) => Ok(()),
            (Entry::Folder, _) => fs::create_dir(&path).map_err(failed),
            (Entry::File(file), Some(Known::File(before))) if is(file, before) => Ok(()),
            (Entry::File(file), _) => write(&path, file),
            (Entry::Link(target), Some(Known::Link(before))) if target == before => Ok(()),
            (Entry::Link(target), _) if leads_out(below, target) => Err(CliError::argument(
                "links that stay in their folder",
                &format!("{} -> {target}", path.display()),
            )),
            (Entry::Link(target), _) => symlink(target, &path).map_err(failed),
        }
    }

    fn path_of(&self, below: &str) -> PathBuf {
        self.host.join(below.trim_start_matches('/'))
    }
}

/// Whether a file is still what was found under its name: not so where the program renamed another
/// one to it, which may be unchanged, too.
fn is(file: &File<'_>, before: &Arc<LazyFile>) -> bool {
    let before: Arc<dyn Storage> = Arc::<LazyFile>::clone(before);
    file.is(&before)
}

/// Whether what is there may stay where the program now has this: files are replaced whole.
fn stays(known: &Known, entry: &Entry<'_>) -> bool {
    match (known, entry) {
        (Known::File(_), Entry::File(_)) | (Known::Folder, Entry::Folder) => true,
        (Known::Link(before), Entry::Link(target)) => before == target,
        _ => false,
    }
}

/// Puts a file in place when it is whole, and not before.
fn write(path: &Path, file: &File<'_>) -> Result<(), CliError> {
    let failed = |source| CliError::file(path, source);
    let folder = path.parent().unwrap_or(path);
    // As the one that it replaces; or as any program would have made it: the user's mask takes
    // away what it takes away.
    let replaced = fs::symlink_metadata(path).ok();
    let mode = replaced
        .as_ref()
        .map_or(0o666, |replaced| replaced.permissions().mode());
    let mut new = tempfile::Builder::new()
        .permissions(Permissions::from_mode(mode & 0o777))
        .tempfile_in(folder)
        .map_err(failed)?;
    for chunk in file.chunks() {
        new.write_all(chunk).map_err(failed)?;
    }
    if let Some(replaced) = replaced {
        let permissions = replaced.permissions();
        new.as_file().set_permissions(permissions).map_err(failed)?;
    }
    new.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Whether a link at this place below a folder leads out of it, by its text.
fn leads_out(below: &str, target: &str) -> bool {
    let mut depth = below.matches('/').count().saturating_sub(1);
    target.starts_with('/')
        || target.split('/').any(|part| match part {
            "" | "." => false,
            ".." => match depth.checked_sub(1) {
                Some(above) => {
                    depth = above;
                    false
                }
                None => true,
            },
            _ => {
                depth = depth.saturating_add(1);
                false
            }
        })
}

#[cfg(test)]
mod tests {
    use super::leads_out;

    #[test]
    fn a_link_leads_out_where_it_goes_above_its_folder() {
        for (below, target, out) in [
            ("/l", "a", false),
            ("/l", "a/../b", false),
            ("/l", "..", true),
            ("/d/l", "..", false),
            ("/d/l", "../../x", true),
            ("/d/l", "./.././d", false),
            ("/l", "/etc/passwd", true),
        ] {
            assert_eq!(leads_out(below, target), out, "{below} -> {target}");
        }
    }
}
