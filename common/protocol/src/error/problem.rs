//! RFC 9457 problem documents.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::{limits, text};

/// What went wrong: the body of every answer that is not a success, `application/problem+json`.
///
/// No secret and no byte of a file stands in it. Unknown members are ignored when it is read,
/// as RFC 9457 section 3.2 wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The stable code, `VC-` and four digits; `veracruz explain CODE` tells more.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^VC-[0-9]{4}$"))]
    pub code: ErrorCode,
    /// The code's title: one line, always the same for a code.
    #[serde(deserialize_with = "text::bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub title: String,
    /// The HTTP status that it comes with.
    pub status: u16,
    /// What happened this time, where there is more to say than the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub detail: Option<String>,
    /// What would have been right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub expected: Option<String>,
    /// What came instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub found: Option<String>,
    /// What to do next.
    #[serde(deserialize_with = "text::bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    pub hint: String,
}

impl Problem {
    /// A problem that says what its code says.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            title: code.title().to_owned(),
            status: code.http_status(),
            detail: None,
            expected: None,
            found: None,
            hint: code.hint().to_owned(),
        }
    }

    /// Adds what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(cut(&detail));
        self
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(cut(&expected));
        self
    }

    /// Adds what came instead.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = Some(cut(&found));
        self
    }

    /// The problem as JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        text::json(self)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.title)?;
        if let Some(detail) = &self.detail {
            write!(formatter, " ({detail})")?;
        }
        if let Some(expected) = &self.expected {
            write!(formatter, "; expected {expected}")?;
        }
        if let Some(found) = &self.found {
            write!(formatter, "; found {found}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Problem {}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// The text without control characters, no longer than a field may be.
fn cut(value: &impl fmt::Display) -> String {
    let mut out = String::new();
    for character in value.to_string().chars() {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        if out.len().saturating_add(character.len_utf8()) > limits::PROBLEM_FIELD_BYTES {
            break;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_field_is_cut_at_a_character_and_has_no_control_characters() {
        let problem =
            Problem::new(ErrorCode::Internal).found("\n\u{1b}[31m".to_string() + &"ü".repeat(2000));
        let found = problem.found.unwrap();
        assert!(found.len() <= limits::PROBLEM_FIELD_BYTES);
        assert!(found.starts_with("  [31mü"));
    }

    #[test]
    fn a_problem_comes_back_from_its_json_and_unknown_members_are_ignored() {
        let problem = Problem::new(ErrorCode::UploadOffset)
            .expected(5)
            .found(7)
            .detail("x");
        assert_eq!(
            serde_json::from_str::<Problem>(&problem.to_json()).unwrap(),
            problem
        );
        let with_more = problem
            .to_json()
            .replacen('{', "{\"type\":\"about:blank\",", 1);
        assert_eq!(
            serde_json::from_str::<Problem>(&with_more).unwrap(),
            problem
        );
    }
}
