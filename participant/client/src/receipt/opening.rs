//! What opens a commitment, as it is kept beside a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use veracruz_policy::{FilePath, PolicyHash, Sha256};
use veracruz_receipt::{Commitment, Opening, ReceiptPayload};

use crate::error::Error;
use crate::files;
use crate::ledger::Ledger;

/// The file `FILE.opening.json` beside a downloaded output: under which name the policy has it, and
/// the salt of its commitment. With it, whoever can guess the contents can check the guess, so it is
/// as private as the file.
#[derive(Clone, PartialEq, Eq)]
pub struct OpeningFile {
    /// The file in the policy.
    pub path: FilePath,
    /// The salt.
    pub salt: [u8; 32],
}

/// Version 1, which was written without its number at first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default = "first_version")]
    version: u32,
    path: String,
    opening: String,
}

/// What every version has.
#[derive(Deserialize)]
struct AnyVersion {
    #[serde(default = "first_version")]
    version: u32,
}

const VERSION: u32 = 1;

const fn first_version() -> u32 {
    1
}

/// An opening is a line or two.
const MAX_OPENING_BYTES: u64 = 16 << 10;
const BUFFER_BYTES: usize = 1 << 16;

impl OpeningFile {
    /// Where the opening of a file is.
    #[must_use]
    pub fn beside(file: &Path) -> PathBuf {
        files::beside(file, ".opening.json")
    }

    /// Writes it beside `file`, over an older one.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn keep(&self, file: &Path) -> Result<(), Error> {
        let path = Self::beside(file);
        let document = Document {
            version: VERSION,
            path: self.path.to_string(),
            opening: HEXLOWER.encode(&self.salt),
        };
        let json = serde_json::to_vec_pretty(&document).map_err(|error| Error::Machine {
            reason: error.to_string(),
        })?;
        files::replace_private(&path, &json).map_err(Error::file(&path, "write"))
    }

    /// Reads the opening beside `file`; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`] where it is none that this version reads; [`Error::File`].
    pub fn read(file: &Path) -> Result<Option<Self>, Error> {
        let path = Self::beside(file);
        let json = match files::read_at_most(&path, MAX_OPENING_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            json => json.map_err(Error::file(&path, "read"))?,
        };
        let opening = Self::parse(&json).map_err(|reason| Error::ReceiptUnfit {
            reason: format!("{}: {reason}", path.display()),
        })?;
        Ok(Some(opening))
    }

    fn parse(json: &[u8]) -> Result<Self, String> {
        let what = || "not what `veracruz download` writes".to_owned();
        let AnyVersion { version } = serde_json::from_slice(json).map_err(|_| what())?;
        if version != VERSION {
            return Err(format!(
                "an opening of version {version}, expected {VERSION}: use a newer veracruz"
            ));
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| what())?;
        let salt = HEXLOWER.decode(document.opening.as_bytes()).ok();
        Ok(Self {
            path: FilePath::parse(&document.path).map_err(|_| what())?,
            salt: salt
                .and_then(|salt| salt.try_into().ok())
                .ok_or_else(what)?,
        })
    }
}

impl Ledger {
    /// What opens a receipt's commitment to a file of these contents: an input by the salt of one's
    /// own upload, an output by the salt that came with the download. Where several are known, the
    /// one that fits; where none fits, any, so that verification says what differs.
    ///
    /// # Errors
    /// [`Error::ReceiptUnfit`] where the ledger knows none; [`Error::Ledger`].
    pub fn opening(
        &self,
        payload: &ReceiptPayload,
        path: &FilePath,
        content: &Sha256,
    ) -> Result<Opening, Error> {
        let committed = payload
            .inputs
            .get(path)
            .or_else(|| payload.outputs.get(path));
        let salts = self.openings(&payload.policy, path, content)?;
        let open = |salt: &[u8; 32]| Opening {
            path: path.clone(),
            content: *content,
            salt: *salt,
        };
        let fits = |salt: &&[u8; 32]| {
            committed.is_some_and(|committed| Commitment::to(salt, content) == *committed)
        };
        let salt = salts.iter().find(fits).or_else(|| salts.last());
        salt.map(open).ok_or_else(|| Error::ReceiptUnfit {
            reason: format!(
                "the ledger {} knows nothing of contents with SHA-256 {content} at {path}: they are \
                 not what was uploaded or downloaded with this identity",
                self.path().display()
            ),
        })
    }

    /// To which contents a commitment is, where this ledger has its salt.
    ///
    /// # Errors
    /// [`Error::Ledger`].
    pub fn opened(
        &self,
        policy: &PolicyHash,
        path: &FilePath,
        commitment: &Commitment,
    ) -> Result<Option<Sha256>, Error> {
        let known = self.known_openings(policy, path)?;
        let fits =
            |(content, salt): &&(Sha256, [u8; 32])| Commitment::to(salt, content) == *commitment;
        Ok(known.iter().find(fits).map(|(content, _)| *content))
    }
}

/// SHA-256 of a file of any length.
///
/// # Errors
/// [`Error::File`].
pub fn digest_of(path: &Path) -> Result<Sha256, Error> {
    let failed = Error::file(path, "read");
    let hash = || -> io::Result<[u8; 32]> {
        let mut file = File::open(path)?;
        let mut hash = sha2::Sha256::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let length = match file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                length => length?,
            };
            if length == 0 {
                return Ok(hash.finalize().into());
            }
            hash.update(buffer.get(..length).unwrap_or_default());
        }
    };
    hash().map(Sha256::from_bytes).map_err(failed)
}
