//! Paths of files: one canonical spelling each.

use alloc::{borrow::ToOwned as _, string::String};
use core::fmt;

use crate::text::forbidden_character;

/// Most bytes of a path.
pub const MAX_PATH_BYTES: usize = 4096;

/// Most bytes of one part of a path, as in every common file system.
pub const MAX_PART_BYTES: usize = 255;

/// The canonical absolute path of a file.
///
/// It starts with `/`, has no empty part and no part `.` or `..`, does not end with `/`, is UTF-8
/// without control or direction characters, has at most [`MAX_PATH_BYTES`] bytes, and each of its
/// parts at most [`MAX_PART_BYTES`]. Two paths are the same file exactly if they are equal.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FilePath(String);

impl FilePath {
    /// Reads a path that came from outside.
    ///
    /// # Errors
    ///
    /// Everything that is not canonical; nothing is made canonical here.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        check(text)?;
        if text.ends_with('/') {
            return Err(PathError::Folder);
        }
        Ok(Self(text.to_owned()))
    }

    /// The path, starting with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is this path below `folder`, as `/a/b` is below `/a`?
    #[must_use]
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0
            .strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for FilePath {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A file, or, where it ends in `/`, everything below a folder.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PathPattern(String);

impl PathPattern {
    /// Reads a pattern that came from outside. `/` is everything.
    ///
    /// # Errors
    ///
    /// Everything that is not canonical.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Does it stand for everything below a folder?
    #[must_use]
    pub fn is_subtree(&self) -> bool {
        self.0.ends_with('/')
    }

    /// Does it stand for that file (among others)? `/a/` covers `/a/b` and `/a/b/c`, not `/a`.
    #[must_use]
    pub fn covers(&self, path: &FilePath) -> bool {
        if self.is_subtree() {
            path.as_str().starts_with(&self.0)
        } else {
            path.as_str() == self.0
        }
    }

    /// Does it cover everything that `other` covers?
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        if self.is_subtree() {
            other.0.starts_with(&self.0)
        } else {
            other.0 == self.0
        }
    }
}

impl From<FilePath> for PathPattern {
    fn from(path: FilePath) -> Self {
        Self(path.0)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text is not a canonical path. Whoever wrote the text is at fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It does not start with `/`.
    #[error("a path starts with '/'")]
    Relative,
    /// It ends with `/` where a file is meant.
    #[error("a path that ends with '/' is a folder, not a file")]
    Folder,
    /// It has `//` in it.
    #[error("a path has no empty part ('//')")]
    EmptyPart,
    /// It has a part `.` or `..`.
    #[error("a path has no part {found:?}")]
    DotPart {
        /// `.` or `..`.
        found: &'static str,
    },
    /// It is longer than [`MAX_PATH_BYTES`].
    #[error("a path has at most {expected} bytes, not {found}")]
    TooLong {
        /// [`MAX_PATH_BYTES`].
        expected: usize,
        /// Bytes of the text.
        found: usize,
    },
    /// One part is longer than [`MAX_PART_BYTES`].
    #[error("a part of a path has at most {expected} bytes, not {found}")]
    PartTooLong {
        /// [`MAX_PART_BYTES`].
        expected: usize,
        /// Bytes of the first such part.
        found: usize,
    },
    /// It has a control character, or one that turns the direction of writing.
    #[error("a path has no control or direction character (U+{:04X})", u32::from(*found))]
    Character {
        /// The first such character.
        found: char,
    },
}

/// The rules that files and patterns share.
fn check(text: &str) -> Result<(), PathError> {
    if text.len() > MAX_PATH_BYTES {
        return Err(PathError::TooLong {
            expected: MAX_PATH_BYTES,
            found: text.len(),
        });
    }
    let Some(below_root) = text.strip_prefix('/') else {
        return Err(PathError::Relative);
    };
    if let Some(found) = forbidden_character(text) {
        return Err(PathError::Character { found });
    }
    if below_root.is_empty() {
        return Ok(());
    }
    let parts = below_root.strip_suffix('/').unwrap_or(below_root);
    for part in parts.split('/') {
        match part {
            "" => return Err(PathError::EmptyPart),
            "." => return Err(PathError::DotPart { found: "." }),
            ".." => return Err(PathError::DotPart { found: ".." }),
            _ if part.len() > MAX_PART_BYTES => {
                return Err(PathError::PartTooLong {
                    expected: MAX_PART_BYTES,
                    found: part.len(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn takes_canonical_paths() {
        for path in ["/a", "/a/b.csv", "/.a", "/a..b", "/...", "/é/文", "/a b"] {
            assert_eq!(FilePath::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn refuses_every_other_spelling() {
        for path in [
            "",
            "a",
            "a/b",
            "./a",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/./a",
            "/a/..",
            "/a/../b",
            "/a/",
            "/",
            "/a\0b",
            "/a\nb",
            "/a\u{202e}b",
            "/a\u{7f}",
        ] {
            assert!(FilePath::parse(path).is_err(), "{path:?}");
        }
        assert!(FilePath::parse(&format!("/{}", "a".repeat(255))).is_ok());
        assert!(FilePath::parse(&format!("/{}", "a".repeat(256))).is_err());
        assert!(FilePath::parse(&"/a".repeat(2048)).is_ok());
        assert!(FilePath::parse(&"/a".repeat(2049)).is_err());
    }

    #[test]
    fn a_subtree_covers_what_is_below_it_and_not_itself() {
        let subtree = PathPattern::parse("/a/").unwrap();
        let covers = |path| subtree.covers(&FilePath::parse(path).unwrap());
        assert!(covers("/a/b"));
        assert!(covers("/a/b/c"));
        assert!(!covers("/a"));
        assert!(!covers("/ab"));
        let everything = PathPattern::parse("/").unwrap();
        assert!(everything.covers(&FilePath::parse("/a").unwrap()));
    }

    #[test]
    fn a_file_pattern_covers_that_file_alone() {
        let file = PathPattern::parse("/a").unwrap();
        assert!(file.covers(&FilePath::parse("/a").unwrap()));
        assert!(!file.covers(&FilePath::parse("/a/b").unwrap()));
        assert!(!file.contains(&PathPattern::parse("/a/").unwrap()));
    }
}
