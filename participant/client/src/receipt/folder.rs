//! A receipt as it is kept: with everything beside it that a judge needs when the vendors' own
//! certificates have expired.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use veracruz_appraisal::Collateral;
use veracruz_policy::{Policy, Sha256};
use veracruz_receipt::MAX_COMBINED_BYTES;

use super::dated::DatedAppraisal;
use crate::collateral::CollateralStore;
use crate::error::Error;
use crate::files;

/// A receipt's file and what is beside it:
///
/// - `RECEIPT.appraisal.jws`: a participant's signed and dated word, [`DatedAppraisal`];
/// - `RECEIPT.collateral/`: what the receipt was judged with, a [`CollateralStore`]; not there where
///   nothing was needed.
#[derive(Clone, Debug)]
pub struct KeptReceipt {
    path: PathBuf,
    overwrite: bool,
}

/// A receipt tells little, and who made it is nobody else's business.
const PRIVATE: u32 = 0o600;

impl KeptReceipt {
    /// The receipt at this path, which need not be there yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            overwrite: false,
        }
    }

    /// The same, but that it may be [stored](crate::Connection::store_receipt) over another one.
    #[must_use]
    pub fn overwriting(self) -> Self {
        Self {
            overwrite: true,
            ..self
        }
    }

    /// The receipt's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the signed and dated appraisal is.
    #[must_use]
    pub fn appraisal_path(&self) -> PathBuf {
        files::beside(&self.path, ".appraisal.jws")
    }

    /// Where the collateral is.
    #[must_use]
    pub fn collateral(&self) -> CollateralStore {
        CollateralStore::at(files::beside(&self.path, ".collateral"))
    }

    /// Reads the receipt; nothing of it is verified.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let limit = u64::try_from(MAX_COMBINED_BYTES).unwrap_or(u64::MAX);
        files::read_at_most(&self.path, limit).map_err(Error::file(&self.path, "read"))
    }

    /// Reads the appraisal beside `receipt` and checks its signature; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`], [`Error::File`].
    pub fn dated(&self, receipt: &[u8], policy: &Policy) -> Result<Option<DatedAppraisal>, Error> {
        let path = self.appraisal_path();
        match fs::read_to_string(&path) {
            Ok(jws) => DatedAppraisal::verify(&jws, receipt, policy).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&path, "read")(error)),
        }
    }

    /// The collateral that was kept; it must be all that the appraisal names, and nothing else.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`] where it is not; as [`CollateralStore::load`].
    pub fn recorded(&self, dated: &DatedAppraisal) -> Result<Collateral, Error> {
        let store = self.collateral();
        let mut found: Vec<Sha256> = store.files()?.iter().map(|file| file.digest).collect();
        found.sort_unstable_by_key(|digest| *digest.as_bytes());
        match dated.collateral() {
            Some(expected) if expected != found => Err(Error::ReceiptUnfit {
                reason: format!(
                    "{} signed that it judged with {} files of collateral, and {} has {} that \
                     are not the same",
                    dated.participant(),
                    expected.len(),
                    store.folder().display(),
                    found.len()
                ),
            }),
            _ => store.load(),
        }
    }

    /// Keeps a receipt that was verified, with the collateral and the appraisal. Unless this is
    /// [`KeptReceipt::overwriting`], nothing is overwritten. Everything is written before anything
    /// takes its place.
    pub(crate) fn keep(
        &self,
        receipt: &[u8],
        collateral: &Collateral,
        appraise: impl FnOnce(Vec<Sha256>) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let appraisal_path = self.appraisal_path();
        if !self.overwrite {
            // A receipt that is there stays as it is, with all that belongs to it.
            for path in [&self.path, &appraisal_path] {
                if path.symlink_metadata().is_ok() {
                    return Err(Error::DestinationExists { path: path.clone() });
                }
            }
        }
        let store = self.collateral();
        let mut digests = Vec::new();
        for piece in collateral.pieces() {
            digests.push(store.add(&piece)?.digest);
        }
        let appraisal = appraise(digests.clone())?;
        let parts = [
            (appraisal_path, appraisal.as_bytes()),
            (self.path.clone(), receipt),
        ];
        for (path, contents) in &parts {
            let next = files::beside(path, ".part");
            files::replace(&next, contents, PRIVATE).map_err(Error::file(path, "write"))?;
        }
        for (path, _) in &parts {
            let next = files::beside(path, ".part");
            files::put_in_place(&next, path, self.overwrite).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::AlreadyExists => Error::DestinationExists { path: path.clone() },
                    _ => Error::file(path, "write")(error),
                }
            })?;
        }
        // What belonged to another receipt, or to an attempt that came no further.
        for file in store.files()? {
            if !digests.contains(&file.digest) {
                gone(fs::remove_file(&file.path)).map_err(Error::file(&file.path, "remove"))?;
            }
        }
        Ok(())
    }
}

impl From<&Path> for KeptReceipt {
    fn from(path: &Path) -> Self {
        Self::at(path)
    }
}

impl From<&PathBuf> for KeptReceipt {
    fn from(path: &PathBuf) -> Self {
        Self::at(path)
    }
}

/// What was not there is gone, too.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
