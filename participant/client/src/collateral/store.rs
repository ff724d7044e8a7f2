//! The folder in which collateral is kept.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use veracruz_appraisal::{Collateral, MAX_FILE_BYTES, MAX_ITEMS};
use veracruz_policy::Sha256;

use super::describe::{CollateralPiece, pieces};
use crate::error::Error;
use crate::files;

/// Ends the name of every file of the store. Others in the folder are not looked at.
const ENDING: &str = ".collateral";
/// Fewest hexadecimal digits that name a file.
const MIN_PREFIX: usize = 4;

/// A folder of collateral. The name of a file is the SHA-256 of its contents, so adding twice is
/// adding once, and a file that was changed is found out.
#[derive(Clone, Debug)]
pub struct CollateralStore {
    folder: PathBuf,
}

/// A file in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralFile {
    /// SHA-256 of its contents: its name.
    pub digest: Sha256,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, as it says of itself.
    pub pieces: Vec<CollateralPiece>,
}

impl CollateralStore {
    /// The store in this folder, which need not exist yet.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds the contents of a file: certificates (PEM or DER), revocation lists (PEM or DER),
    /// Intel's documents (JSON), public keys (PEM or JWK). Whole or not at all.
    ///
    /// # Errors
    /// [`Error::Collateral`] where it is none of these, or the store is full; [`Error::File`].
    pub fn add(&self, contents: &[u8]) -> Result<CollateralFile, Error> {
        let file = self.describe(contents)?;
        if file.path.exists() {
            return Ok(file);
        }
        let names = self.names()?;
        if names.len() >= MAX_ITEMS {
            return Err(self.unusable(format!("it has {MAX_ITEMS} files, which is the most")));
        }
        fs::create_dir_all(&self.folder).map_err(Error::file(&self.folder, "make"))?;
        // Written beside, then renamed: a reader sees all of it or nothing.
        files::replace_private(&file.path, contents).map_err(Error::file(&file.path, "write"))?;
        Ok(file)
    }

    /// Every file, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Collateral`] where a file is not what its name says; [`Error::File`].
    pub fn files(&self) -> Result<Vec<CollateralFile>, Error> {
        let read = |path: PathBuf| self.describe(&self.read(&path)?);
        self.names()?.into_iter().map(read).collect()
    }

    /// The one file whose digest begins with `prefix` (at least four hexadecimal digits).
    ///
    /// # Errors
    /// [`Error::Collateral`] where there is none, or more than one; as [`CollateralStore::files`].
    pub fn file(&self, prefix: &str) -> Result<CollateralFile, Error> {
        let prefix = prefix.to_ascii_lowercase();
        let named = |file: &CollateralFile| file.digest.to_string().starts_with(&prefix);
        let mut found = self.files()?.into_iter().filter(named);
        match (found.next(), found.next()) {
            (Some(file), None) if prefix.len() >= MIN_PREFIX => Ok(file),
            (None, _) => Err(self.unusable(format!("no file in it begins with {prefix}"))),
            _ => Err(self.unusable(format!("{prefix} does not name one file: give more digits"))),
        }
    }

    /// Removes the one file whose digest begins with `prefix`, and says what it was.
    ///
    /// # Errors
    /// As [`CollateralStore::file`].
    pub fn remove(&self, prefix: &str) -> Result<CollateralFile, Error> {
        let file = self.file(prefix)?;
        fs::remove_file(&file.path).map_err(Error::file(&file.path, "remove"))?;
        Ok(file)
    }

    /// Everything in the store, for an appraisal. No folder is no collateral.
    ///
    /// # Errors
    /// As [`CollateralStore::files`].
    pub fn load(&self) -> Result<Collateral, Error> {
        let mut collateral = Collateral::none();
        for path in self.names()? {
            let contents = self.read(&path)?;
            collateral
                .add(&contents)
                .map_err(|error| self.unusable(format!("{}: {error}", path.display())))?;
        }
        Ok(collateral)
    }

    fn describe(&self, contents: &[u8]) -> Result<CollateralFile, Error> {
        let mut collateral = Collateral::none();
        collateral
            .add(contents)
            .map_err(|error| self.unusable(error.to_string()))?;
        let digest = Sha256::of(contents);
        Ok(CollateralFile {
            digest,
            path: self.folder.join(format!("{digest}{ENDING}")),
            pieces: pieces(&collateral),
        })
    }

    /// The store's own files.
    fn names(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::file(&self.folder, "read"))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::file(&self.folder, "read"))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(ENDING) {
                names.push(path);
            }
        }
        if names.len() > MAX_ITEMS {
            return Err(self.unusable(format!("it has more than {MAX_ITEMS} files")));
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let contents = read_bounded(path)?;
        let digest = Sha256::of(&contents);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if *name != format!("{digest}{ENDING}") {
            return Err(self.unusable(format!(
                "{} has SHA-256 {digest}, and its name says otherwise: it was changed",
                path.display()
            )));
        }
        Ok(contents)
    }

    fn unusable(&self, reason: String) -> Error {
        Error::Collateral {
            path: self.folder.clone(),
            reason,
        }
    }
}

/// Reads a file of evidence, collateral or reference values: at most 4 MiB.
///
/// # Errors
/// [`Error::File`].
pub fn read_bounded(path: &Path) -> Result<Vec<u8>, Error> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut contents = Vec::new();
    fs::File::open(path)
        .and_then(|file| {
            file.take(limit.saturating_add(1))
                .read_to_end(&mut contents)
        })
        .map_err(Error::file(path, "read"))?;
    if contents.len() > MAX_FILE_BYTES {
        let error = io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {MAX_FILE_BYTES} bytes"),
        );
        return Err(Error::file(path, "read")(error));
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8A\n\
        iTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==\n\
        -----END PUBLIC KEY-----\n";

    fn store() -> (tempfile::TempDir, CollateralStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = CollateralStore::at(folder.path().join("collateral"));
        (folder, store)
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_collateral() {
        let (_folder, store) = store();
        assert_eq!(store.load().unwrap(), Collateral::none());
        assert_eq!(store.files().unwrap(), []);
    }

    #[test]
    fn adding_twice_is_adding_once() {
        let (_folder, store) = store();
        let file = store.add(KEY).unwrap();
        assert_eq!(store.add(KEY).unwrap(), file);
        assert_eq!(store.files().unwrap(), [file]);
        assert_eq!(store.load().unwrap().keys().len(), 1);
    }

    #[test]
    fn what_is_no_collateral_is_not_kept() {
        let (_folder, store) = store();
        for nothing in [&b""[..], b"\x00\x01", b"{", b"-----BEGIN PUBLIC KEY-----"] {
            let error = store.add(nothing).unwrap_err();
            assert!(matches!(error, Error::Collateral { .. }), "{error}");
        }
        assert_eq!(store.files().unwrap(), []);
    }

    #[test]
    fn a_file_that_was_changed_is_found_out() {
        let (_folder, store) = store();
        let file = store.add(KEY).unwrap();
        fs::write(&file.path, [KEY, b"\n"].concat()).unwrap();
        let error = store.load().unwrap_err();
        assert!(matches!(error, Error::Collateral { .. }), "{error}");
    }

    #[test]
    fn a_file_is_named_by_the_beginning_of_its_digest() {
        let (_folder, store) = store();
        let file = store.add(KEY).unwrap();
        let digest = file.digest.to_string();
        assert_eq!(store.file(digest.get(..8).unwrap()).unwrap(), file);
        assert!(matches!(
            store.file(digest.get(..3).unwrap()),
            Err(Error::Collateral { .. })
        ));
        assert!(matches!(
            store.file("ffff0000"),
            Err(Error::Collateral { .. })
        ));
        assert_eq!(store.remove(&digest).unwrap(), file);
        assert_eq!(store.files().unwrap(), []);
    }
}
