//! The folder of a machine: its sockets and its daemons' files, and nothing that anybody needs
//! after it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::Path;

use crate::User;

/// Makes an empty folder that nobody but `user` (and the superuser) can enter. One of that name is
/// an error.
pub(crate) fn make(folder: &Path, user: Option<User>) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    match user {
        Some(User { uid, .. }) => chown(folder, Some(uid), None),
        None => Ok(()),
    }
}

/// Removes a machine's folder and what is in it. One that is not there is no error.
///
/// # Errors
///
/// Those of the system.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Removes every folder in `machines`: those of machines whose warden was killed together with who
/// started it. Makes `machines` where it is not there, so that nobody but this user (and the user
/// of each machine, as far as its own folder) can enter.
///
/// # Errors
///
/// Those of the system.
pub fn clear(machines: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .mode(0o711)
        .recursive(true)
        .create(machines)?;
    for entry in fs::read_dir(machines)? {
        remove(&entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_wardens_left_is_cleared() {
        let state = tempfile::tempdir().unwrap();
        let machines = state.path().join("machines");
        clear(&machines).unwrap();
        let folder = machines.join("1");
        make(&folder, None).unwrap();
        fs::write(folder.join("vsock.sock"), "").unwrap();
        assert_eq!(
            make(&folder, None).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        clear(&machines).unwrap();
        assert_eq!(fs::read_dir(&machines).unwrap().count(), 0);
        remove(&folder).unwrap();
    }
}
