//! A machine's TPM: `swtpm`, one a machine, gone with it.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::net::UnixStream;
use std::process::Command;

use crate::{Tools, User};

/// The daemon's state, in the machine's folder.
const STATE: &str = "tpm";

/// A TPM that is ready to start.
pub(crate) struct Tpm {
    /// The daemon.
    pub(crate) command: Command,
    /// What it must inherit.
    pub(crate) theirs: OwnedFd,
    /// What QEMU is given.
    pub(crate) ours: OwnedFd,
}

/// Prepares a fresh TPM in the current folder; `None` where there is no `swtpm`.
pub(crate) fn prepare(tools: &Tools, user: Option<User>) -> io::Result<Option<Tpm>> {
    let Some(swtpm) = &tools.swtpm else {
        return Ok(None);
    };
    DirBuilder::new().mode(0o700).create(STATE)?;
    if let Some(User { uid, gid }) = user {
        chown(STATE, Some(uid), Some(gid))?;
    }
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(swtpm);
    command
        .args(["socket", "--tpm2", "--flags", "startup-clear"])
        .args(["--tpmstate", &format!("dir={STATE}")])
        .args([
            "--ctrl",
            &format!("type=unixio,clientfd={}", theirs.as_raw_fd()),
        ]);
    Ok(Some(Tpm {
        command,
        theirs: theirs.into(),
        ours: ours.into(),
    }))
}
