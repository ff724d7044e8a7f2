//! Versions of the participant protocol: the number in every path, `/v1/…`.
//!
//! A version is another one where an end that speaks the former would misunderstand the latter. An
//! isolate says with every answer which it speaks, so that two ends that share none can say so, and
//! which of them is to be updated, instead of failing at something odd.

use alloc::{string::String, string::ToString as _, vec::Vec};
use core::fmt;

/// The versions that this build speaks, ascending.
pub const SPOKEN: &[u32] = &[1];

/// Versions that an end speaks: at most sixteen, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions(Vec<u32>);

/// Most versions in a list.
const MOST: usize = 16;
/// Most digits of a version.
const DIGITS: usize = 9;

impl Versions {
    /// Those of this build.
    #[must_use]
    pub fn spoken() -> Self {
        Self(SPOKEN.to_vec())
    }

    /// Reads the value of the header [`VERSIONS`](crate::header::VERSIONS): numbers from 1 on,
    /// ascending, separated by a comma and a space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let plain = text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| plain && *number > 0)
        };
        let versions: Vec<u32> = text
            .split(", ")
            .take(MOST.saturating_add(1))
            .map(number)
            .collect::<Option<_>>()?;
        let ascending = versions.is_sorted_by(|one, next| one < next);
        (ascending && versions.len() <= MOST).then_some(Self(versions))
    }

    /// Whether an end that speaks these and one that speaks `others` can talk.
    #[must_use]
    pub fn share_one_with(&self, others: &Self) -> bool {
        self.0.iter().any(|version| others.0.contains(version))
    }

    /// Whether these are all older than those: then this end is the one to update.
    #[must_use]
    pub fn are_older_than(&self, others: &Self) -> bool {
        self.0.last() < others.0.last()
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&versions.join(", "))
    }
}

/// The version in a path, where it begins with one.
pub(crate) fn of_path(path: &str) -> Option<u32> {
    let (version, _) = path.strip_prefix("/v")?.split_once('/')?;
    let plain = version.len() <= DIGITS && version.bytes().all(|byte| byte.is_ascii_digit());
    version.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_written_and_in_no_other_form() {
        for text in ["1", "1, 2", "3, 7, 999999999"] {
            assert_eq!(Versions::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Versions::parse(&Versions::spoken().to_string()),
            Some(Versions::spoken())
        );
        let many = (1..=17).map(|version: u32| version.to_string());
        let many: Vec<String> = many.collect();
        for text in [
            "",
            "0",
            "2, 1",
            "1, 1",
            "1,2",
            "+1",
            "1.0",
            "9999999999",
            "v1",
            &many.join(", "),
        ] {
            assert_eq!(Versions::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ends_that_share_a_version_can_talk_and_else_the_older_one_is_known() {
        let versions = |text| Versions::parse(text).unwrap();
        assert!(versions("1, 2").share_one_with(&versions("2, 3")));
        assert!(!versions("1").share_one_with(&versions("2, 3")));
        assert!(versions("1").are_older_than(&versions("2, 3")));
        assert!(!versions("4").are_older_than(&versions("2, 3")));
    }

    #[test]
    fn a_path_has_a_version_or_none() {
        assert_eq!(of_path("/v2/status"), Some(2));
        for path in [
            "/v1",
            "/status",
            "/v/x",
            "/v+1/x",
            "/v9999999999/x",
            "/V1/x",
        ] {
            assert_eq!(of_path(path), None, "{path}");
        }
    }
}
