//! Local folders: what is in them, and that nothing in them leads out.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::PlanError;
use crate::error::Error;

/// The most files of a folder that are looked at, to say which of them are not in the policy.
const MOST_LISTED: usize = 10_000;

/// `folder` with a relative path of the policy below it.
///
/// # Errors
/// [`PlanError::LeadsOut`] where a part of the path would mean something else than a name on this
/// system (`C:` or a backslash on some).
pub(super) fn below(folder: &Path, relative: &str) -> Result<PathBuf, PlanError> {
    let mut path = folder.to_owned();
    for part in relative.split('/') {
        let mut components = Path::new(part).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(name)), None) if name == part => path.push(name),
            _ => {
                return Err(PlanError::LeadsOut {
                    path: folder.join(relative),
                    folder: folder.to_owned(),
                });
            }
        }
    }
    Ok(path)
}

/// Refuses a file that is there and, by a symbolic link, is not below the folder.
pub(super) fn stays_below(folder: &Path, path: &Path) -> Result<(), Error> {
    let real = |path: &Path| fs::canonicalize(path).map_err(Error::file(path, "open"));
    if real(path)?.starts_with(real(folder)?) {
        return Ok(());
    }
    Err(PlanError::LeadsOut {
        path: path.to_owned(),
        folder: folder.to_owned(),
    }
    .into())
}

/// Refuses a path below `folder` on whose way, as far as it exists, there is anything but folders.
/// Where `make` is set, those that are not there yet are made.
pub(crate) fn way_to(folder: &Path, path: &Path, make: bool) -> Result<(), Error> {
    if make {
        fs::create_dir_all(folder).map_err(Error::file(folder, "make"))?;
    }
    let Ok(relative) = path.strip_prefix(folder) else {
        return Ok(());
    };
    let mut so_far = folder.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        so_far.push(part);
        match fs::symlink_metadata(&so_far) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => {
                return Err(PlanError::LeadsOut {
                    path: path.to_owned(),
                    folder: folder.to_owned(),
                }
                .into());
            }
            Ok(_) => {
                return Err(PlanError::Kind {
                    path: so_far,
                    expected: "a folder",
                }
                .into());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !make {
                    return Ok(());
                }
                fs::create_dir(&so_far).map_err(Error::file(&so_far, "make"))?;
            }
            Err(error) => return Err(Error::file(&so_far, "read")(error)),
        }
    }
    Ok(())
}

/// The files below a folder, without following symbolic links, the hidden ones left out; not more
/// than ten thousand.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if hidden || found.len().saturating_add(open.len()) >= MOST_LISTED {
                continue;
            }
            if kind.is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn names_stay_names() {
        let folder = Path::new("data");
        assert_eq!(below(folder, "a/b.csv").unwrap(), Path::new("data/a/b.csv"));
        for relative in ["..", "a/../b", ".", "", "/a", "a//b"] {
            assert!(below(folder, relative).is_err(), "{relative}");
        }
    }

    #[test]
    fn symbolic_links_do_not_lead_out() {
        let outside = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir().unwrap();
        let (out, root) = (outside.path(), inside.path());
        fs::write(out.join("secret"), "s").unwrap();
        fs::write(root.join("file"), "f").unwrap();
        symlink(out.join("secret"), root.join("link")).unwrap();
        symlink(root.join("file"), root.join("fine")).unwrap();
        symlink(out, root.join("folder")).unwrap();
        stays_below(root, &root.join("file")).unwrap();
        stays_below(root, &root.join("fine")).unwrap();
        for name in ["link", "folder/secret"] {
            let error = stays_below(root, &root.join(name)).unwrap_err();
            assert_eq!(error.code(), "VC-0876", "{name}");
        }
        let error = way_to(root, &root.join("folder/new"), true).unwrap_err();
        assert_eq!(error.code(), "VC-0876");
        assert!(!out.join("new").exists());
        let error = way_to(root, &root.join("file/new"), true).unwrap_err();
        assert_eq!(error.code(), "VC-0875");
        way_to(root, &root.join("x/y/new"), false).unwrap();
        assert!(!root.join("x").exists());
        way_to(root, &root.join("x/y/new"), true).unwrap();
        assert!(root.join("x/y").is_dir());
        assert_eq!(list(root).len(), 4);
    }
}
