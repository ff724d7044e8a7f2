//! The files of a computation.

use alloc::vec::Vec;

use crate::{FilePath, ParticipantName, PathPattern, Sha256};

/// `max_bytes` of a file whose entry does not say it: 64 MiB.
pub const DEFAULT_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// One file: an input or program (it has a provider), an output (it has receivers but no
/// provider), or an intermediate file (neither).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct File {
    /// Where programs find it.
    pub path: FilePath,
    /// Who uploads it; nobody else may. None where stages write it.
    pub provider: Option<ParticipantName>,
    /// Who may fetch it: an output after a run, a provided file (which is shown to them) as soon as
    /// it is there. The provider need not be listed to know its own file.
    pub receivers: Vec<ParticipantName>,
    /// The contents it may have, any of which will do; empty: any content.
    pub sha256: Vec<Sha256>,
    /// Most bytes that it may have.
    pub max_bytes: u64,
    /// Written by one stage for another, and seen by nobody.
    pub intermediate: bool,
}

impl File {
    /// Does a stage write it (an output or an intermediate file)?
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.provider.is_none()
    }

    /// Is its content fixed by the policy?
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        !self.sha256.is_empty()
    }

    /// May the file have a content of that digest? Always, where it is not pinned.
    #[must_use]
    pub fn accepts(&self, content: &Sha256) -> bool {
        self.sha256.is_empty() || self.sha256.contains(content)
    }

    /// May that participant fetch it?
    #[must_use]
    pub fn is_received_by(&self, participant: &ParticipantName) -> bool {
        self.receivers.contains(participant)
    }
}

/// The files that a pattern covers, of files sorted by path: they stand together, since all of
/// them start alike.
pub(crate) fn covered<'a>(files: &'a [File], pattern: &PathPattern) -> &'a [File] {
    let start = files.partition_point(|file| file.path.as_str() < pattern.as_str());
    let from_there = files.get(start..).unwrap_or_default();
    let count = from_there.partition_point(|file| pattern.covers(&file.path));
    from_there.get(..count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_pattern_covers_among_sorted_files() {
        let mut paths = [
            "/a/d/e", "/b", "/a", "/a/c", "/ab", "/a.b", "/a/d", "/é", "/A/x",
        ];
        paths.sort_unstable();
        let files: Vec<File> = paths
            .iter()
            .map(|path| File {
                path: FilePath::parse(path).unwrap(),
                provider: None,
                receivers: Vec::new(),
                sha256: Vec::new(),
                max_bytes: 0,
                intermediate: true,
            })
            .collect();
        let folders = ["/", "/a/", "/a/d/", "/a/d/e/", "/b/", "/A/", "/z/", "/0/"];
        for text in paths.into_iter().chain(folders) {
            let pattern = PathPattern::parse(text).unwrap();
            let expected: Vec<&File> = files
                .iter()
                .filter(|file| pattern.covers(&file.path))
                .collect();
            let found: Vec<&File> = covered(&files, &pattern).iter().collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
