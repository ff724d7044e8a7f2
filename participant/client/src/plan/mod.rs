//! What goes where: files of the policy and local files, worked out and checked before anything
//! is sent or fetched.

mod assignment;
mod download;
mod folder;
mod mapping;
mod pattern;
mod upload;

use std::path::PathBuf;

use thiserror::Error;
use veracruz_policy::FilePath;
use veracruz_protocol::ErrorCode;

pub use assignment::Assignment;
pub use download::{Destination, DownloadPlan, PlannedDownload};
pub use upload::{Origin, PlannedUpload, UploadPlan};

/// Why what goes where cannot be made out. Whoever called is at fault, but for
/// [`PlanError::NothingYet`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A text is no assignment.
    #[error("`{found}`: {reason}")]
    Malformed {
        /// The text.
        found: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The policy has nothing for the caller there, or none of it is in the folder.
    #[error("`{assignment}` names nothing: {reason}")]
    Nothing {
        /// The text.
        assignment: String,
        /// What was looked for and not found.
        reason: &'static str,
    },
    /// The policy has files there, and the isolate has none of them yet.
    #[error("`{assignment}`: none of these files is there yet")]
    NothingYet {
        /// The text.
        assignment: String,
    },
    /// A file of the policy is named twice.
    #[error("{path} is named twice")]
    Twice {
        /// The path.
        path: FilePath,
    },
    /// Two files would go to one place.
    #[error("two files would go to {}", path.display())]
    OnePlace {
        /// The local file.
        path: PathBuf,
    },
    /// The standard input can be read, and the standard output written, once.
    #[error("only one file can come from the standard input or go to the standard output")]
    OneStream,
    /// There is a folder where a file should be, or the other way round.
    #[error("{} is not {expected}", path.display())]
    Kind {
        /// The local file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A symbolic link, or a name, leads out of the folder that was named.
    #[error("{} leads out of {}", path.display(), folder.display())]
    LeadsOut {
        /// The local file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
}

impl PlanError {
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::LeadsOut { .. } => ErrorCode::PathLeadsOut,
            Self::NothingYet { .. } => ErrorCode::NotReleased,
            _ => ErrorCode::AssignmentWrong,
        }
    }
}
