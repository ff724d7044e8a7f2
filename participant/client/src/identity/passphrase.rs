//! What a participant remembers instead of a key.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::modes::others_may_read;

/// The longest that `openssl` asks for.
const MAX_BYTES: usize = 1024;

/// A passphrase: UTF-8, from 1 to 1,024 bytes, without a line's end. Wiped when it is dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as it was typed.
    ///
    /// # Errors
    /// [`Error::PassphraseUnusable`] where it is empty, too long, or more than a line.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = Zeroizing::new(text.into());
        let reason = match text.len() {
            0 => "it is empty",
            length if length > MAX_BYTES => "it has more than 1,024 bytes",
            _ if text.contains(['\n', '\r', '\0']) => "it is more than a line of text",
            _ => return Ok(Self(text)),
        };
        Err(Error::PassphraseUnusable {
            path: None,
            reason: reason.to_owned(),
        })
    }

    /// Reads the first line of a file or of a pipe, without the line's end.
    ///
    /// # Errors
    /// [`Error::PassphraseUnusable`] where others can read the file, where it cannot be read, or
    /// where its first line is no passphrase.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unusable = |reason: String| Error::PassphraseUnusable {
            path: Some(path.into()),
            reason,
        };
        let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| unusable(error.to_string()))?;
        // A pipe or a terminal is read by whoever opened it; a file stays.
        if metadata.is_file() && others_may_read(&metadata) {
            return Err(unusable(
                "others can read it; `chmod 600` it, and think about who may have read it".into(),
            ));
        }
        // Room for all of it at once: what grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES.saturating_add(3)));
        let limit = u64::try_from(MAX_BYTES)
            .unwrap_or(u64::MAX)
            .saturating_add(2);
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| unusable(error.to_string()))?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| unusable("it is not UTF-8".into()))?;
        Self::new(text.to_owned()).map_err(|error| match error {
            Error::PassphraseUnusable { reason, .. } => unusable(reason),
            other => other,
        })
    }

    /// The bytes that the key is derived from.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn reason(read: Result<Passphrase, Error>) -> String {
        match read {
            Err(Error::PassphraseUnusable { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn is_one_line_of_text_that_is_not_empty() {
        assert_eq!(Passphrase::new("a b  ").unwrap().bytes(), b"a b  ");
        assert_eq!(reason(Passphrase::new("")), "it is empty");
        assert_eq!(
            reason(Passphrase::new("a\nb")),
            "it is more than a line of text"
        );
        assert!(Passphrase::new("ü".repeat(512)).is_ok());
        assert_eq!(
            reason(Passphrase::new("ü".repeat(513))),
            "it has more than 1,024 bytes"
        );
    }

    #[test]
    fn is_read_from_the_first_line_of_a_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        for (text, read) in [("one\ntwo\n", "one"), ("one", "one"), ("o ne\r\n", "o ne")] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(Passphrase::read(&path).unwrap().bytes(), read.as_bytes());
        }
        fs::write(&path, "\nsecond line").unwrap();
        assert_eq!(reason(Passphrase::read(&path)), "it is empty");
        fs::write(&path, "x".repeat(5000)).unwrap();
        assert_eq!(
            reason(Passphrase::read(&path)),
            "it has more than 1,024 bytes"
        );
        fs::write(&path, b"\xff\n").unwrap();
        assert_eq!(reason(Passphrase::read(&path)), "it is not UTF-8");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(reason(Passphrase::read(&path)).starts_with("others can read it"));
    }
}
