//! A person at a terminal. Questions go to the standard error output, so that the draft can be
//! redirected.

use super::ask::{Ask, Check};
use crate::error::CliError;
use dialoguer::{Input, console::Term};
use std::io::IsTerminal as _;

/// A person at the terminal of this process.
pub(super) struct Terminal(());

impl Terminal {
    /// None where input or questions go elsewhere.
    pub(super) fn of_the_process() -> Option<Self> {
        let is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        is_there.then_some(Self(()))
    }
}

impl Ask for Terminal {
    fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
        check: Check<'_>,
    ) -> Result<String, CliError> {
        let mut input = Input::<String>::new()
            .with_prompt(question)
            .allow_empty(true)
            .validate_with(|answer: &String| check(answer.trim()));
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        let answer = input.interact_text().map_err(|error| ended(&error))?;
        Ok(answer.trim().to_owned())
    }

    // Options are read and typed, not walked through with arrows: that reads well aloud, and a
    // terminal that is interrupted keeps its cursor.
    fn say(&mut self, line: &str) -> Result<(), CliError> {
        let written = Term::stderr().write_line(line);
        written.map_err(|error| ended(&error.into()))
    }
}

fn ended(error: &dialoguer::Error) -> CliError {
    CliError::argument("an answer", error)
}
