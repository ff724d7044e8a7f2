//! Canonical paths: where in the tree something is, however it was asked for.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::Error;

/// Longest name of one file or folder, in bytes.
pub const MAX_NAME_BYTES: usize = 255;
/// Longest path, in bytes: as given by a program, and canonical.
pub const MAX_PATH_BYTES: usize = 4096;
/// Most symbolic links that one walk follows.
pub const MAX_LINKS: usize = 40;

/// An absolute path without `.`, `..`, links, empty parts or a slash at its end.
///
/// The root is the empty text, so that the path of a child is always `parent + "/" + name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CanonicalPath(String);

impl CanonicalPath {
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    /// Takes a path written by the side that provides files, which has to be canonical already.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text == "/" {
            return Ok(Self::root());
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(Error::NameTooLong);
        }
        let below_root = text.strip_prefix('/').ok_or(Error::Invalid)?;
        for name in below_root.split('/') {
            match name {
                "" | "." | ".." => return Err(Error::Invalid),
                _ if name.contains('\0') => return Err(Error::Invalid),
                _ if name.len() > MAX_NAME_BYTES => return Err(Error::NameTooLong),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a name that holds no slash.
    pub(crate) fn push(&mut self, name: &str) -> Result<(), Error> {
        if name.len() > MAX_NAME_BYTES || self.0.len() + 1 + name.len() > MAX_PATH_BYTES {
            return Err(Error::NameTooLong);
        }
        self.0.push('/');
        self.0.push_str(name);
        Ok(())
    }

    /// Takes the last name off; the root stays as it is.
    pub(crate) fn pop(&mut self) {
        let parent = self.0.rfind('/').unwrap_or(0);
        self.0.truncate(parent);
    }

    /// The last name; empty for the root.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// The names from the root down.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }
}

/// Refuses the path of a program that no walk may start on.
pub(crate) fn check_relative(path: &str) -> Result<(), Error> {
    if path.is_empty() {
        Err(Error::NotFound)
    } else if path.len() > MAX_PATH_BYTES {
        Err(Error::NameTooLong)
    } else if path.contains('\0') {
        Err(Error::Invalid)
    } else if path.starts_with('/') {
        Err(Error::Escapes)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_provided_path_that_is_not_canonical() {
        for path in [
            "", "a", "/a/", "/a//b", "/a/./b", "/a/../b", "/..", "/a\0b", "//",
        ] {
            assert_eq!(CanonicalPath::parse(path), Err(Error::Invalid), "{path:?}");
        }
        assert_eq!(CanonicalPath::parse("/a/b").unwrap().as_str(), "/a/b");
        assert!(CanonicalPath::parse("/").unwrap().is_root());
    }

    #[test]
    fn a_name_has_at_most_255_bytes() {
        let mut path = CanonicalPath::root();
        assert_eq!(path.push(&"n".repeat(256)), Err(Error::NameTooLong));
        assert_eq!(path.push(&"n".repeat(255)), Ok(()));
        path.pop();
        assert!(path.is_root());
    }
}
