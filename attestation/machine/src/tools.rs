//! Where the programs are that machines need.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Board;

/// Where this machine has QEMU and the daemons behind its devices; `None` for what it lacks.
///
/// Whoever runs this process decides, never who asks it for a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    /// `qemu-system-x86_64`, or what `VERACRUZ_QEMU` names.
    pub qemu: Option<PathBuf>,
    /// A QEMU that has the board `nitro-enclave`, which `VERACRUZ_QEMU_NITRO` names.
    pub qemu_nitro: Option<PathBuf>,
    /// `qemu-system-aarch64`, or what `VERACRUZ_QEMU_AARCH64` names.
    pub qemu_aarch64: Option<PathBuf>,
    /// `vhost-device-vsock`, or what `VERACRUZ_VSOCK` names.
    pub vsock: Option<PathBuf>,
    /// `swtpm`, or what `VERACRUZ_SWTPM` names.
    pub swtpm: Option<PathBuf>,
    /// `swtpm_setup`, or what `VERACRUZ_SWTPM_SETUP` names: makes a TPM's endorsement key and has it
    /// certified.
    pub swtpm_setup: Option<PathBuf>,
    /// `swtpm_localca`, or what `VERACRUZ_SWTPM_LOCALCA` names: the authority that does so.
    pub swtpm_localca: Option<PathBuf>,
}

/// Where Debian has programs that are not in everybody's `PATH`.
const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin"];

impl Tools {
    /// Looks for everything, by the environment of this process.
    #[must_use]
    pub fn find() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let found = |variable: &str, name: &str| program(env::var_os(variable), name, &path);
        Self {
            qemu: found("VERACRUZ_QEMU", "qemu-system-x86_64"),
            qemu_nitro: found("VERACRUZ_QEMU_NITRO", "qemu-system-x86_64-nitro"),
            qemu_aarch64: found("VERACRUZ_QEMU_AARCH64", "qemu-system-aarch64"),
            vsock: found("VERACRUZ_VSOCK", "vhost-device-vsock"),
            swtpm: found("VERACRUZ_SWTPM", "swtpm"),
            swtpm_setup: found("VERACRUZ_SWTPM_SETUP", "swtpm_setup"),
            swtpm_localca: found("VERACRUZ_SWTPM_LOCALCA", "swtpm_localca"),
        }
    }

    /// The QEMU for a board.
    #[must_use]
    pub fn emulator(&self, board: Board) -> Option<&Path> {
        let emulator = match board {
            Board::Q35 => &self.qemu,
            Board::NitroEnclave => &self.qemu_nitro,
            Board::Virt => &self.qemu_aarch64,
        };
        emulator.as_deref()
    }
}

/// The program that the environment names, whether or not it is there; else the first of that name
/// in `path` or where Debian has such programs.
fn program(named: Option<OsString>, name: &str, path: &OsString) -> Option<PathBuf> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return std::path::absolute(named).ok();
    }
    let folders = env::split_paths(path).chain(FOLDERS.map(PathBuf::from));
    folders
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_names_counts_before_what_is_in_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("veracruz-test-tool");
        std::fs::write(&tool, "").unwrap();
        let path = folder.path().as_os_str().to_owned();
        let name = "veracruz-test-tool";
        assert_eq!(program(None, name, &path), Some(tool.clone()));
        assert_eq!(program(Some(OsString::new()), name, &path), Some(tool));
        let named = program(Some("/elsewhere/tool".into()), name, &path);
        assert_eq!(named, Some("/elsewhere/tool".into()));
        assert_eq!(program(None, "veracruz-no-such-tool", &path), None);
    }
}
