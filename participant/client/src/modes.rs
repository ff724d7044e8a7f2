//! What systems do differently about files: who may read them, and how a name is made to last.

use std::fs::{Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// What a participant has to know where files have no modes, and so cannot be made private.
///
/// `None` where they have: on Linux and macOS.
pub const PRIVACY_OF_FILES: Option<&str> = if cfg!(unix) {
    None
} else {
    Some(
        "this system has no file modes: whoever may read the folder can read the key in it, so keep \
         it in a folder of your own, as those below your user's profile are",
    )
};

/// A file that is made shall have these permissions, as far as the system has them.
#[cfg(unix)]
pub(crate) fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode)
}

/// A file that is made has the permissions of its folder; see [`PRIVACY_OF_FILES`].
#[cfg(not(unix))]
pub(crate) fn with_mode(options: &mut OpenOptions, _mode: u32) -> &mut OpenOptions {
    options
}

/// Whether others than its owner may read, write or run a file.
#[cfg(unix)]
pub(crate) fn others_may_read(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

/// Not known without modes; see [`PRIVACY_OF_FILES`].
#[cfg(not(unix))]
pub(crate) fn others_may_read(_metadata: &Metadata) -> bool {
    false
}

/// Makes the name of a new file survive a power cut.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::File::open(folder)?.sync_all()
}

/// A folder cannot be opened as a file: its names last when the file system has written them.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
