//! `veracruz new`: a program to begin with. The files are those of the examples `hello-…`, which tests
//! build and run, under another name.

mod files;

use crate::args::NewArgs;
use crate::error::CliError;
use crate::output::Report;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Makes the project: whole, or not at all.
pub(crate) fn new(arguments: &NewArgs) -> Result<Report, CliError> {
    let name = name(&arguments.name)?;
    let folder = arguments
        .folder
        .clone()
        .unwrap_or_else(|| PathBuf::from(name));
    if folder.exists() {
        return Err(CliError::Exists { path: folder });
    }
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    let making = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(above)
        .map_err(|source| CliError::file(above, source))?;
    let files = files::of(arguments.language, name);
    for (path, content) in &files {
        write(&making.path().join(path), content)?;
    }
    std::fs::rename(making.path(), &folder).map_err(|source| CliError::file(&folder, source))?;
    // It stays, under its own name.
    let _ = making.keep();
    readable(&folder)?;

    let names: Vec<_> = files.iter().map(|(path, _)| path.clone()).collect();
    let shown = folder.display().to_string();
    Ok(Report::new(json!({ "folder": folder, "files": names }))
        .line(format!("made {shown}, with {} files", names.len()))
        .line(format!("build it:  cd {shown} && sh build.sh"))
        .line(format!("test it:   cd {shown} && sh test.sh"))
        .line("README.md there says the rest"))
}

/// A name that every language and a path of a policy take.
fn name(text: &str) -> Result<&str, CliError> {
    let letter = |byte: u8| byte.is_ascii_lowercase();
    let inside = |byte: u8| letter(byte) || byte.is_ascii_digit() || byte == b'-';
    let good = text.len() <= MAX_NAME
        && text.bytes().next().is_some_and(letter)
        && text.bytes().all(inside)
        && !text.ends_with('-');
    if good {
        return Ok(text);
    }
    let expected = "a name of small letters, digits and dashes, as `customer-overlap`";
    Err(CliError::argument(expected, &text))
}

/// Bytes of the longest name.
const MAX_NAME: usize = 48;

fn write(path: &Path, content: &str) -> Result<(), CliError> {
    let above = path.parent().unwrap_or(path);
    std::fs::create_dir_all(above).map_err(|source| CliError::file(above, source))?;
    std::fs::write(path, content).map_err(|source| CliError::file(path, source))
}

/// As a folder that somebody makes by hand: what is temporary is for its maker alone.
#[cfg(unix)]
fn readable(folder: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .map_err(|source| CliError::file(folder, source))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<(), CliError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_one_in_every_language() {
        for good in ["a", "psi", "customer-overlap-2"] {
            assert_eq!(name(good).unwrap(), good);
        }
        let long = "a".repeat(49);
        for bad in ["", "-a", "a-", "2a", "A", "a_b", "../a", "a b", "ä", &long] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
