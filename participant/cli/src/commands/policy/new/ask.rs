//! Somebody who answers questions: a person at a terminal, or a test.

use crate::error::CliError;

/// Why an answer will not do, for the one who gave it.
pub(super) type Check<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// Somebody who answers questions.
pub(super) trait Ask {
    /// One line; empty only where `check` takes that. An answer that will not do is asked for
    /// again.
    ///
    /// # Errors
    /// Nobody answers any more.
    fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
        check: Check<'_>,
    ) -> Result<String, CliError>;

    /// Says something that needs no answer.
    ///
    /// # Errors
    /// As of [`Ask::line`].
    fn say(&mut self, line: &str) -> Result<(), CliError>;
}
