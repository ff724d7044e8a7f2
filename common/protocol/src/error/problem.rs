//! RFC 9457 problem documents.

use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::{limits, text};

/// What went wrong: the body of every answer that is not a success, `application/problem+json`.
///
/// No secret and no byte of a file stands in it. On the wire it also has the code's title,
/// status and hint; unknown members are ignored when it is read, as RFC 9457 section 3.2 wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Document", from = "Document")]
pub struct Problem {
    /// The stable code; `veracruz explain CODE` tells more.
    pub code: ErrorCode,
    /// What happened this time, where there is more to say than the code's title.
    pub detail: Option<String>,
    /// What would have been right.
    pub expected: Option<String>,
    /// What came instead.
    pub found: Option<String>,
}

/// A problem as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Problem))]
pub(crate) struct Document {
    /// The stable code, `VC-` and four digits; `veracruz explain CODE` tells more.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^VC-[0-9]{4}$"))]
    code: ErrorCode,
    /// The code's title: one line, always the same for a code.
    #[serde(deserialize_with = "text::bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    title: String,
    /// The HTTP status that it comes with.
    status: u16,
    /// What happened this time, where there is more to say than the title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    detail: Option<String>,
    /// What would have been right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    expected: Option<String>,
    /// What came instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "text::optional_bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    found: Option<String>,
    /// What to do next.
    #[serde(deserialize_with = "text::bounded::<{ limits::PROBLEM_FIELD_BYTES }, _>")]
    hint: String,
}

impl Problem {
    /// A problem that says what its code says.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: None,
            expected: None,
            found: None,
        }
    }

    /// Adds what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(text::cut(&detail));
        self
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(text::cut(&expected));
        self
    }

    /// Adds what came instead.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.found = Some(text::cut(&found));
        self
    }

    /// The problem as JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        text::json(self)
    }
}

impl From<Problem> for Document {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code,
            title: problem.code.title().to_owned(),
            status: problem.code.http_status(),
            detail: problem.detail,
            expected: problem.expected,
            found: problem.found,
            hint: problem.code.hint().to_owned(),
        }
    }
}

impl From<Document> for Problem {
    fn from(document: Document) -> Self {
        let Document {
            code,
            detail,
            expected,
            found,
            ..
        } = document;
        Self {
            code,
            detail,
            expected,
            found,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.code.title())?;
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
