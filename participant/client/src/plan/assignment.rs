//! `PATH=FILE` and its kin, as participants write them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use veracruz_policy::{FilePath, PathPattern};

use super::PlanError;
use super::mapping::Mapping;
use super::pattern::Pattern;

/// Files of the policy and the local files that belong to them.
///
/// * `/input/a.csv=a.csv`: one file; `-` in the place of the local one is the standard input or
///   output.
/// * `/input/=data/`: every file below a folder of the policy, by the same name below a local one.
/// * `/input/*.csv=data/*.csv`: those that match; each `*` stands for the same text on both sides,
///   and never for a slash.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub(super) kind: Kind,
    text: String,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    One(FilePath, PathBuf),
    Stream(FilePath),
    Many(Mapping),
}

impl Assignment {
    /// Everything, by its path in the policy below `folder`.
    pub fn all(folder: &Path) -> Result<Self, PlanError> {
        let folder = folder.to_str().ok_or_else(|| PlanError::Malformed {
            found: folder.display().to_string(),
            reason: "the folder's name is not UTF-8",
        })?;
        Self::pair("/", folder)
    }

    /// The two sides of it.
    ///
    /// # Errors
    /// [`PlanError::Malformed`].
    pub fn pair(policy: &str, local: &str) -> Result<Self, PlanError> {
        let text = format!("{policy}={local}");
        let malformed = |reason| PlanError::Malformed {
            found: text.clone(),
            reason,
        };
        if local.is_empty() {
            return Err(malformed("the local file is missing"));
        }
        let kind = if policy.contains('*') {
            let left = Pattern::parse(policy).map_err(malformed)?;
            let right = Pattern::parse(local).map_err(malformed)?;
            if !policy.starts_with('/') {
                return Err(malformed("a path of the policy starts with '/'"));
            }
            if left.stars() != right.stars() {
                return Err(malformed("both sides need as many `*`"));
            }
            Kind::Many(Mapping::Patterns(left, right))
        } else if policy.ends_with('/') {
            let folder = PathPattern::parse(policy)
                .map_err(|_| malformed("expected a folder of the policy, as /input/"))?;
            if local == "-" {
                return Err(malformed("a folder needs a folder"));
            }
            Kind::Many(Mapping::Folders(folder, local.into()))
        } else {
            let path = FilePath::parse(policy)
                .map_err(|_| malformed("expected a path of the policy, as /input/a.csv"))?;
            match local {
                "-" => Kind::Stream(path),
                _ => Kind::One(path, local.into()),
            }
        };
        Ok(Self { kind, text })
    }

    /// Whether it names one file, and nothing has to be looked up to know which.
    pub fn is_single(&self) -> bool {
        matches!(self.kind, Kind::One(..) | Kind::Stream(_))
    }
}

impl FromStr for Assignment {
    type Err = PlanError;

    /// Reads `PATH=FILE`. The first `=` divides it.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        match text.split_once('=') {
            Some((policy, local)) => Self::pair(policy, local),
            None => Err(PlanError::Malformed {
                found: text.to_owned(),
                reason: "expected PATH=FILE, as /input/a.csv=a.csv",
            }),
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_files_streams_folders_and_patterns_apart() {
        let kind = |text: &str| text.parse::<Assignment>().unwrap().kind;
        assert!(matches!(kind("/input/a.csv=a.csv"), Kind::One(..)));
        assert!(
            matches!(kind("/input/a.csv=x=y"), Kind::One(_, local) if local == Path::new("x=y"))
        );
        assert!(matches!(kind("/input/a.csv=-"), Kind::Stream(_)));
        assert!(matches!(
            kind("/input/=data"),
            Kind::Many(Mapping::Folders(..))
        ));
        assert!(matches!(kind("/=data/"), Kind::Many(Mapping::Folders(..))));
        assert!(matches!(
            kind("/input/*.csv=data/*.csv"),
            Kind::Many(Mapping::Patterns(..))
        ));
    }

    #[test]
    fn refuses_what_means_nothing() {
        for text in [
            "/input/a.csv",
            "/input/a.csv=",
            "input/a.csv=a.csv",
            "/input/../a=a",
            "/input//=data",
            "/input/=-",
            "/input/*.csv=data/x.csv",
            "/input/*=data/*/*",
            "input/*=data/*",
            "/in/**=data/**",
        ] {
            let error = text.parse::<Assignment>().unwrap_err();
            assert!(
                matches!(error, PlanError::Malformed { .. }),
                "{text}: {error}"
            );
        }
    }
}
