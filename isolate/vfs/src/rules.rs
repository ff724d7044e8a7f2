//! What a program may do with which path.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use core::ops::Bound;

use crate::path::CanonicalPath;

/// What may be done with a file or folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights {
    /// Its content may be read.
    pub read: bool,
    /// Its content and times may be changed; it may be made, renamed and removed.
    pub write: bool,
}

impl Rights {
    /// Nothing: it does not exist for the program.
    pub const NONE: Self = Self {
        read: false,
        write: false,
    };
    /// Read only.
    pub const READ: Self = Self {
        read: true,
        write: false,
    };
    /// Write only.
    pub const WRITE: Self = Self {
        read: false,
        write: true,
    };
    /// Both.
    pub const READ_WRITE: Self = Self {
        read: true,
        write: true,
    };
}

/// A rule that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The pattern is no canonical absolute path.
    #[error("'{pattern}' is not a canonical absolute path: {reason}")]
    NotCanonical {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: crate::Error,
    },
    /// The same pattern has a rule already.
    #[error("'{pattern}' has two rules")]
    Twice {
        /// The pattern as given.
        pattern: String,
    },
}

/// Rights by path. The most specific rule wins; where there is none, there are no rights.
///
/// ```
/// # use veracruz_vfs::{Rights, Rules};
/// let mut rules = Rules::new();
/// rules.grant("/input/", Rights::READ)?;
/// rules.grant("/input/secret", Rights::NONE)?;
/// assert_eq!(rules.rights("/input/a/b"), Rights::READ);
/// assert_eq!(rules.rights("/input/secret"), Rights::NONE);
/// assert_eq!(rules.rights("/inputs"), Rights::NONE);
/// # Ok::<(), veracruz_vfs::RuleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Rules for one path each.
    paths: BTreeMap<String, Rights>,
    /// Rules for a folder with all that is beneath; the key has no slash at its end.
    folders: BTreeMap<String, Rights>,
    /// Every path that has a rule.
    named: BTreeSet<String>,
    /// Those of them whose rule grants something.
    granted: BTreeSet<String>,
}

impl Rules {
    /// No rules, hence no rights.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule. A pattern is a canonical absolute path; with a slash at its end it means the
    /// folder of that name and everything beneath it.
    ///
    /// # Errors
    /// [`RuleError`] where the pattern is not canonical or has a rule already.
    pub fn grant(&mut self, pattern: &str, rights: Rights) -> Result<(), RuleError> {
        let folder = pattern.strip_suffix('/');
        let path = match folder {
            Some("") => Ok(CanonicalPath::root()),
            Some("/") => Err(crate::Error::Invalid),
            Some(path) => CanonicalPath::parse(path),
            None => CanonicalPath::parse(pattern),
        };
        let path = path
            .map_err(|reason| RuleError::NotCanonical {
                pattern: pattern.to_owned(),
                reason,
            })?
            .as_str()
            .to_owned();
        let table = if folder.is_some() {
            &mut self.folders
        } else {
            &mut self.paths
        };
        if table.contains_key(&path) {
            return Err(RuleError::Twice {
                pattern: pattern.to_owned(),
            });
        }
        table.insert(path.clone(), rights);
        if rights != Rights::NONE {
            self.granted.insert(path.clone());
        }
        self.named.insert(path);
        Ok(())
    }

    /// The rights on a canonical path (the root is `/` or the empty text).
    #[must_use]
    pub fn rights(&self, path: &str) -> Rights {
        let path = if path == "/" { "" } else { path };
        if let Some(rights) = self.paths.get(path) {
            return *rights;
        }
        let mut folder = path;
        loop {
            if let Some(rights) = self.folders.get(folder) {
                return *rights;
            }
            match folder.rsplit_once('/') {
                Some((parent, _)) => folder = parent,
                None => return Rights::NONE,
            }
        }
    }

    /// Whether the program may know that the path exists: it has a right to it, or to something
    /// beneath it, which it could not reach otherwise.
    pub(crate) fn visible(&self, path: &CanonicalPath) -> bool {
        path.is_root()
            || self.rights(path.as_str()) != Rights::NONE
            || any_beneath(&self.granted, path)
    }

    /// Whether a rule names the path or something beneath it. Such a folder cannot be moved or
    /// removed: what is beneath would get other rights by it.
    pub(crate) fn fixes(&self, path: &CanonicalPath) -> bool {
        path.is_root() || self.named.contains(path.as_str()) || any_beneath(&self.named, path)
    }

    /// The folders that the rules name: those of subtree rules, and those that hold a path.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        let holders = self
            .paths
            .keys()
            .filter_map(|path| Some(path.rsplit_once('/')?.0));
        self.folders.keys().map(String::as_str).chain(holders)
    }
}

fn any_beneath(paths: &BTreeSet<String>, path: &CanonicalPath) -> bool {
    let prefix = format!("{}/", path.as_str());
    let after = (Bound::Excluded(prefix.as_str()), Bound::Unbounded);
    paths
        .range::<str, _>(after)
        .next()
        .is_some_and(|first| first.starts_with(&prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(list: &[(&str, Rights)]) -> Rules {
        let mut rules = Rules::new();
        for (pattern, rights) in list {
            rules.grant(pattern, *rights).unwrap();
        }
        rules
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let rules = rules(&[
            ("/", Rights::READ),
            ("/a/", Rights::READ_WRITE),
            ("/a/b", Rights::WRITE),
            ("/a/b/", Rights::NONE),
        ]);
        assert_eq!(rules.rights("/x"), Rights::READ);
        assert_eq!(rules.rights("/a"), Rights::READ_WRITE);
        assert_eq!(rules.rights("/a/c/d"), Rights::READ_WRITE);
        assert_eq!(rules.rights("/a/b"), Rights::WRITE);
        assert_eq!(rules.rights("/a/b/c"), Rights::NONE);
        assert_eq!(rules.rights("/ab"), Rights::READ);
    }

    #[test]
    fn a_folder_on_the_way_to_a_right_is_visible_and_its_siblings_are_not() {
        let rules = rules(&[("/a/b/c", Rights::READ), ("/x/y", Rights::NONE)]);
        for (path, visible) in [
            ("/", true),
            ("/a", true),
            ("/a/b", true),
            ("/a-b", false),
            ("/x", false),
            ("/a/c", false),
        ] {
            assert_eq!(
                rules.visible(&CanonicalPath::parse(path).unwrap()),
                visible,
                "{path}"
            );
        }
    }

    #[test]
    fn refuses_two_rules_for_one_pattern_and_patterns_that_are_not_canonical() {
        let mut rules = rules(&[("/a", Rights::READ)]);
        assert!(matches!(
            rules.grant("/a", Rights::NONE),
            Err(RuleError::Twice { .. })
        ));
        for pattern in ["", "a", "//", "/a//", "/../a", "a/"] {
            let refused = rules.grant(pattern, Rights::READ);
            assert!(
                matches!(refused, Err(RuleError::NotCanonical { .. })),
                "{pattern:?}"
            );
        }
    }
}
