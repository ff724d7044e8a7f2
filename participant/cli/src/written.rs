//! Files that commands write: whole or not at all, and never over one that is there unasked.

use crate::error::CliError;
use std::io::{self, Write as _};
use std::path::Path;

/// Puts a file in its place: it is written beside it first, so that nobody ever sees half of it, and
/// what was there stays where that fails.
///
/// # Errors
/// [`CliError::Exists`] where there is one and `force` is not set; [`CliError::File`].
pub(crate) fn file(path: &Path, contents: &[u8], force: bool) -> Result<(), CliError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => CliError::Exists { path: path.into() },
        _ => CliError::file(path, source),
    };
    // Said before the work, for a better word; what counts is the last step.
    if !force && path.symlink_metadata().is_ok() {
        return Err(CliError::Exists { path: path.into() });
    }
    // A pipe or a device has no place beside it, and nothing in it is replaced.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return std::fs::write(path, contents).map_err(failed);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".veracruz-").suffix(".part");
    // Nothing that is written here is secret; the user's mask has the say.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder).map_err(failed)?;
    beside
        .write_all(contents)
        .and_then(|()| beside.as_file().sync_all())
        .map_err(failed)?;
    let put = match force {
        true => beside.persist(path),
        false => beside.persist_noclobber(path),
    };
    put.map(|_| ()).map_err(|error| failed(error.error))
}
