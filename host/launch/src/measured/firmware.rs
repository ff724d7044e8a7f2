//! The firmware that measures: OVMF, as distributions have it.

use std::fs;
use std::io;
use std::path::Path;

use crate::LaunchError;

/// The variables as they are at first, by the name that Debian gives them.
const VARIABLES: &str = "OVMF_VARS_4M.fd";
/// Most bytes of either file: QEMU maps 8 MiB for both.
const MAX_BYTES: u64 = 8 << 20;

/// Firmware, read once.
#[derive(Clone, Debug)]
pub struct Firmware {
    pub(super) code: Vec<u8>,
    pub(super) variables: Vec<u8>,
}

impl Firmware {
    /// Reads the file with the code, and that with the variables beside it.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NoImage`] with the file that is not there or cannot be read.
    pub fn read(code: &Path) -> Result<Self, LaunchError> {
        Ok(Self {
            code: read(code)?,
            variables: read(&code.with_file_name(VARIABLES))?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LaunchError> {
    let checked = || {
        let found = fs::metadata(path)?.len();
        if found > MAX_BYTES {
            return Err(io::Error::other(format!(
                "{found} bytes; firmware has at most {MAX_BYTES}"
            )));
        }
        fs::read(path)
    };
    checked().map_err(|source| LaunchError::NoImage {
        path: path.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_has_both_files_and_is_no_larger_than_what_qemu_maps() {
        let folder = tempfile::tempdir().unwrap();
        let code = folder.path().join("OVMF_CODE_4M.fd");
        let missing = |name: &str| match Firmware::read(&code) {
            Err(LaunchError::NoImage { path, .. }) => assert!(path.ends_with(name), "{path:?}"),
            other => panic!("{other:?}"),
        };
        missing("OVMF_CODE_4M.fd");
        fs::write(&code, "code").unwrap();
        missing(VARIABLES);
        fs::write(folder.path().join(VARIABLES), "variables").unwrap();
        let found = Firmware::read(&code).unwrap();
        assert_eq!(found.code, b"code");
        assert_eq!(found.variables, b"variables");
        let large = fs::File::create(folder.path().join(VARIABLES)).unwrap();
        large.set_len(MAX_BYTES + 1).unwrap();
        missing(VARIABLES);
    }
}
