//! Many files at once: each file of the policy that is covered has a local place.

use std::path::PathBuf;

use veracruz_policy::{FilePath, PathPattern};

use super::PlanError;
use super::folder::below;
use super::pattern::Pattern;

/// Which files of the policy belong to which local ones.
#[derive(Clone, Debug)]
pub(super) enum Mapping {
    /// Every file below a folder of the policy, by the same name below a local one.
    Folders(PathPattern, PathBuf),
    /// Those that match; each star stands for the same text on both sides.
    Patterns(Pattern, Pattern),
}

impl Mapping {
    /// The local folder below which all places are.
    pub(super) fn folder(&self) -> PathBuf {
        match self {
            Self::Folders(_, local) => local.clone(),
            Self::Patterns(_, right) => match right.folder() {
                "" => PathBuf::from("."),
                folder => PathBuf::from(folder),
            },
        }
    }

    /// The local place of a file; `None` where it is not covered. What a folder's rest or a star
    /// stands for comes from the policy, and is nothing but names here too.
    pub(super) fn place(&self, path: &FilePath) -> Option<Result<PathBuf, PlanError>> {
        match self {
            Self::Folders(folder, local) => {
                let covered = folder.covers(path);
                let relative = path.as_str().strip_prefix(folder.as_str());
                relative
                    .filter(|_| covered)
                    .map(|relative| below(local, relative))
            }
            Self::Patterns(left, right) => {
                let text = right.fill(&left.matches(path.as_str())?);
                Some(below(&self.folder(), relative(&text, right.folder())))
            }
        }
    }
}

/// The rest of a text that begins with a folder.
fn relative<'a>(text: &'a str, folder: &str) -> &'a str {
    let rest = text.strip_prefix(folder);
    let rest = rest.filter(|_| !folder.is_empty());
    rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or(text)
}
