//! Approvals in files: one JWS, or several with the policy that they approve.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use veracruz_policy::{MAX_PARTICIPANTS, Policy};
use veracruz_protocol::limits;

use crate::error::Error;
use crate::files;

/// The largest file with approvals that is read: 16 MiB. 256 approvals of 16 KiB and a policy fit.
pub const MAX_BUNDLE_BYTES: u64 = 16 << 20;

const VERSION: u32 = 1;

/// Everybody may read approvals: the isolate shows them to all participants.
const PUBLIC: u32 = 0o644;

/// A policy and approvals of it, in one file that anyone can check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalBundle {
    /// The policy's document as it was written, byte by byte.
    pub policy: String,
    /// The approvals, each a JWS in compact form.
    pub approvals: Vec<String>,
}

/// Its file, version 1. The policy is a text and no object, so that no tool changes it on the way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "veracruz-approvals")]
    version: u32,
    policy: String,
    approvals: Vec<String>,
}

impl ApprovalBundle {
    /// Puts approvals and the policy together. Nothing is checked.
    #[must_use]
    pub fn new(policy: &Policy, approvals: Vec<String>) -> Self {
        Self {
            policy: String::from_utf8_lossy(policy.document()).into_owned(),
            approvals,
        }
    }

    /// Reads a bundle; what is in it is unverified.
    ///
    /// # Errors
    /// In words, what it should be and is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let Document {
            version,
            policy,
            approvals,
        } = document;
        if version != VERSION {
            return Err(format!(
                "expected version {VERSION} of the format, found {version}"
            ));
        }
        if approvals.len() > MOST {
            return Err(format!(
                "expected at most {MOST} approvals, found {}",
                approvals.len()
            ));
        }
        Ok(Self { policy, approvals })
    }

    /// The bundle as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = Document {
            version: VERSION,
            policy: self.policy.clone(),
            approvals: self.approvals.clone(),
        };
        // Strings and a number in memory have no way to fail.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// Writes it to a file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::DestinationExists`] unless `overwrite`; [`Error::File`].
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        write_public(path, self.to_json().as_bytes(), overwrite)
    }
}

/// Approvals in a bundle: several of one participant may have gathered.
const MOST: usize = 4 * MAX_PARTICIPANTS;

/// A file with approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalFile {
    /// One signed approval: a JWS in compact form.
    One(String),
    /// Several, with their policy.
    Bundle(ApprovalBundle),
}

impl ApprovalFile {
    /// Reads a file; what is in it is unverified.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::ApprovalFile`] where it is neither a JWS nor a bundle.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let limit = MAX_BUNDLE_BYTES.saturating_add(1);
        File::open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(Error::file(path, "read"))?;
        let unusable = |reason: String| Error::ApprovalFile {
            path: path.into(),
            reason,
        };
        if u64::try_from(bytes.len()).map_or(true, |length| length > MAX_BUNDLE_BYTES) {
            return Err(unusable(format!("more than {MAX_BUNDLE_BYTES} bytes")));
        }
        let text = bytes.trim_ascii();
        if text.first() == Some(&b'{') {
            return ApprovalBundle::parse(text)
                .map(Self::Bundle)
                .map_err(unusable);
        }
        // Nothing else of it is looked at before its signature is checked.
        let compact = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if text.is_empty() || text.len() > limits::APPROVAL_BYTES || !text.iter().all(compact) {
            return Err(unusable(
                "neither a JWS in compact form nor a bundle of approvals".into(),
            ));
        }
        Ok(Self::One(String::from_utf8_lossy(text).into_owned()))
    }

    /// The approvals in it, still unverified. A bundle's own policy must be the one of the caller,
    /// whose copy alone is believed.
    ///
    /// # Errors
    /// [`Error::ApprovalFile`] where the bundle is about another policy; `path` is for its words.
    pub fn approvals(self, policy: &Policy, path: &Path) -> Result<Vec<String>, Error> {
        let bundle = match self {
            Self::One(approval) => return Ok(vec![approval]),
            Self::Bundle(bundle) => bundle,
        };
        let found = match Policy::parse(bundle.policy.as_bytes()) {
            Ok(found) if found.hash() == policy.hash() => return Ok(bundle.approvals),
            Ok(found) => found.hash().to_string(),
            Err(_) => "a document that is no policy".into(),
        };
        Err(Error::ApprovalFile {
            path: path.into(),
            reason: format!(
                "a bundle of another policy than your copy: expected {}, found {found}",
                policy.hash()
            ),
        })
    }
}

/// Writes one signed approval to a file, whole or not at all.
///
/// # Errors
/// [`Error::DestinationExists`] unless `overwrite`; [`Error::File`].
pub fn write_approval(path: &Path, jws: &str, overwrite: bool) -> Result<(), Error> {
    write_public(path, format!("{jws}\n").as_bytes(), overwrite)
}

/// Writes a file that everybody may read, whole or not at all.
fn write_public(path: &Path, contents: &[u8], overwrite: bool) -> Result<(), Error> {
    let next = files::beside(path, ".part");
    let written = files::replace(&next, contents, PUBLIC)
        .and_then(|()| files::put_in_place(&next, path, overwrite));
    written.map_err(|error| {
        // It would only be in the way; that it cannot be removed is not what went wrong.
        let _ = std::fs::remove_file(&next);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::DestinationExists { path: path.into() },
            _ => Error::file(path, "write")(error),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> ApprovalBundle {
        ApprovalBundle {
            policy: "{\n\t\"veracruz\": 1 }".into(),
            approvals: vec!["e30.e30.AA".into()],
        }
    }

    #[test]
    fn a_bundle_is_read_as_it_was_written_with_every_byte_of_its_policy() {
        let json = bundle().to_json();
        assert_eq!(ApprovalBundle::parse(json.as_bytes()).unwrap(), bundle());
    }

    #[test]
    fn refuses_bundles_of_other_versions_with_other_fields_and_without_end() {
        let refused = |from: &str, to: &str| {
            let json = bundle().to_json();
            assert!(json.contains(from), "{json}");
            ApprovalBundle::parse(json.replace(from, to).as_bytes()).unwrap_err()
        };
        let said = refused("\"veracruz-approvals\": 1", "\"veracruz-approvals\": 2");
        assert_eq!(said, "expected version 1 of the format, found 2");
        let said = refused("\"policy\"", "\"more\": 1, \"policy\"");
        assert!(said.starts_with("unknown field `more`"), "{said}");
        let many = vec!["\"a\""; MOST + 1].join(",");
        let said = refused("\"e30.e30.AA\"", &many);
        assert_eq!(said, "expected at most 1024 approvals, found 1025");
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.json");
        bundle().write(&path, false).unwrap();
        let error = bundle().write(&path, false).unwrap_err();
        assert!(matches!(error, Error::DestinationExists { .. }));
        bundle().write(&path, true).unwrap();
        assert_eq!(
            ApprovalFile::read(&path).unwrap(),
            ApprovalFile::Bundle(bundle())
        );
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn refuses_files_that_are_neither() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let long = "a".repeat(limits::APPROVAL_BYTES + 1);
        for contents in ["", "a b", "\u{202e}", "[]", long.as_str()] {
            std::fs::write(&path, contents).unwrap();
            let error = ApprovalFile::read(&path).unwrap_err();
            assert!(matches!(error, Error::ApprovalFile { .. }), "{error:?}");
        }
        std::fs::write(&path, " e30.e30.AA\n").unwrap();
        let one = ApprovalFile::One("e30.e30.AA".into());
        assert_eq!(ApprovalFile::read(&path).unwrap(), one);
    }
}
