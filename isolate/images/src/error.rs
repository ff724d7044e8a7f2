//! What can be wrong with an image, or with what one is made of.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use veracruz_policy::Sha256;

/// Why an image cannot be made, opened or measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The operating system did not do what was asked. The machine or the caller is at fault.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// More bytes than anything of this kind has. Whoever made the file is at fault.
    #[error("{part} has {found} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// What it is.
        part: &'static str,
        /// How many bytes it may have.
        limit: u64,
        /// How many it has.
        found: u64,
    },
    /// It ends before what it promises. Whoever made the file is at fault.
    #[error("{part} has {found} bytes, and {expected} are needed")]
    Truncated {
        /// What it is.
        part: &'static str,
        /// How many bytes there had to be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Something in it is not what it has to be. Whoever made the file is at fault.
    #[error("{part}: expected {expected}, found {found}")]
    Differs {
        /// What it is.
        part: &'static str,
        /// What would have been right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file of an image is not the one that was put there. The image is damaged or was changed.
    #[error("{file} has the SHA-256 {found}, and image.json says {expected}")]
    Digest {
        /// Which file of the image.
        file: &'static str,
        /// What `image.json` says.
        expected: Sha256,
        /// What the file has.
        found: Sha256,
    },
    /// `image.json` cannot be read.
    #[error("image.json: {0}")]
    Manifest(#[from] serde_json::Error),
    /// No reference value for this firmware is known.
    #[error("no reference value is known for the firmware with the SHA-256 {found}")]
    UnknownFirmware {
        /// The firmware's digest.
        found: Sha256,
    },
    /// It may be right, and cannot be done here.
    #[error("{what} is not supported, because {reason}")]
    NotSupported {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        reason: &'static str,
    },
}

impl ImageError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn differs(
        part: &'static str,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Self::Differs {
            part,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}
