//! The bearer token of the management API.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::OFlags;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Random bytes in a token that is made here; it is written in hex.
const RANDOM_BYTES: usize = 32;
/// Characters of a token that an operator wrote.
const MIN_LENGTH: usize = 32;
const MAX_LENGTH: usize = 1024;

/// Who has it may start and stop computations; it gives no access to what is in them.
pub(crate) struct Token(Vec<u8>);

/// A token file that cannot be used. The operator of the host can mend it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file could not be read or made.
    #[error("token file {}: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others on this machine may read it.
    #[error("token file {}: expected a regular file with mode 0600, found mode {mode:04o}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Too short to be secret, too long, or not printable ASCII.
    #[error("token file {}: expected {MIN_LENGTH} to {MAX_LENGTH} printable ASCII characters without spaces", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },
}

impl Token {
    /// Reads the file, or makes it with a fresh token where there is none.
    pub(crate) fn load(path: &Path) -> Result<Self, TokenError> {
        let unusable = |source| TokenError::Unusable {
            path: path.to_path_buf(),
            source,
        };
        match Self::read(path) {
            Err(TokenError::Unusable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                Self::make(path).map_err(unusable)
            }
            read => read,
        }
    }

    /// True where `presented` is the token; takes the same time wherever they differ.
    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        self.0.ct_eq(presented).into()
    }

    fn read(path: &Path) -> Result<Self, TokenError> {
        let unusable = |source| TokenError::Unusable {
            path: path.to_path_buf(),
            source,
        };
        // Neither a link to another file nor a pipe that never answers.
        let careful = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(careful)
            .open(path);
        let file: File = opened.map_err(unusable)?;
        let metadata = file.metadata().map_err(unusable)?;
        if !metadata.is_file() || metadata.mode() & 0o077 != 0 {
            return Err(TokenError::Exposed {
                path: path.to_path_buf(),
                mode: metadata.mode() & 0o7777,
            });
        }
        let mut text = Vec::new();
        file.take(2 * MAX_LENGTH as u64)
            .read_to_end(&mut text)
            .map_err(unusable)?;
        let token = text.trim_ascii();
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&token.len())
            || !token.iter().all(u8::is_ascii_graphic)
        {
            return Err(TokenError::NoToken {
                path: path.to_path_buf(),
            });
        }
        Ok(Self(token.to_vec()))
    }

    fn make(path: &Path) -> io::Result<Self> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let token = HEXLOWER.encode(&random).into_bytes();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(&token)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(Self(token))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file_with(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn the_first_start_makes_a_token_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let made = Token::load(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert!(made.is(text.trim().as_bytes()));
        assert!(Token::load(&path).unwrap().is(text.trim().as_bytes()));
    }

    #[test]
    fn two_first_starts_make_two_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let one = Token::load(&folder.path().join("one")).unwrap();
        let two = Token::load(&folder.path().join("two")).unwrap();
        assert!(!one.is(&two.0));
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let (_folder, path) = file_with(&"a".repeat(40), 0o600);
        let token = Token::load(&path).unwrap();
        for wrong in ["", "a", &"a".repeat(39), &"a".repeat(41), &"b".repeat(40)] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn refuses_a_file_that_others_may_read() {
        for mode in [0o640, 0o604, 0o660] {
            let (_folder, path) = file_with(&"a".repeat(40), mode);
            assert!(
                matches!(Token::load(&path), Err(TokenError::Exposed { mode: found, .. }) if found == mode)
            );
        }
    }

    #[test]
    fn refuses_a_token_that_could_be_guessed() {
        for text in [
            "",
            "\n",
            "secret\n",
            &"a".repeat(1025),
            &format!("{} {}", "a".repeat(20), "b".repeat(20)),
        ] {
            let (_folder, path) = file_with(text, 0o600);
            assert!(
                matches!(Token::load(&path), Err(TokenError::NoToken { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_a_link() {
        let (folder, path) = file_with(&"a".repeat(40), 0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(
            Token::load(&link),
            Err(TokenError::Unusable { .. })
        ));
    }
}
