//! Where an input came from.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

/// A file, and the party whose it is.
///
/// The examples name each file after who provides it, and so does this type unless it is told
/// otherwise: `/input/acme.csv` and `/clicks/acme.osm.pbf` are acme's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    path: String,
    owner: Option<String>,
}

impl Origin {
    /// The file at this path.
    #[must_use]
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            owner: None,
        }
    }

    /// The same file, as that of a participant whose name is not the file's.
    #[must_use]
    pub fn owned_by(self, owner: &str) -> Self {
        Self {
            owner: Some(owner.to_owned()),
            ..self
        }
    }

    /// The path, as the policy has it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The participant who provides the file: its name without folder and extensions.
    #[must_use]
    pub fn owner(&self) -> &str {
        if let Some(owner) = &self.owner {
            return owner;
        }
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_whom_it_is_named_after_unless_told_otherwise() {
        assert_eq!(Origin::at("/input/acme.csv").owner(), "acme");
        assert_eq!(Origin::at("/map/owner.osm.pbf").owner(), "owner");
        assert_eq!(Origin::at("plain").owner(), "plain");
        assert_eq!(Origin::at("/input/x.csv").owned_by("acme").owner(), "acme");
    }
}
