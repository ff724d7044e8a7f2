//! How results are printed: for people, or as one JSON document.

mod paint;
mod progress;

pub(crate) use paint::paint as painted;
pub(crate) use progress::Transfers;

use crate::error::CliError;
use serde_json::Value;
use std::io::{self, Write};

/// What a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    Text,
    /// One document for programs.
    Json,
    /// Nothing but errors.
    Quiet,
}

/// What a command has to say: the same twice.
#[derive(Debug)]
pub(crate) struct Report {
    lines: Vec<String>,
    document: Value,
    exit_code: u8,
}

impl Report {
    /// `document` for programs; lines for people are added.
    pub(crate) fn new(document: Value) -> Self {
        Self {
            lines: Vec::new(),
            document,
            exit_code: 0,
        }
    }

    /// Several as one: their documents in a list of that name, their lines one after the other.
    pub(crate) fn joined(name: &str, reports: Vec<Self>) -> Self {
        let mut documents = Vec::new();
        let mut lines = Vec::new();
        for report in reports {
            documents.push(report.document);
            lines.extend(report.lines);
        }
        let mut document = serde_json::Map::new();
        document.insert(name.to_owned(), Value::Array(documents));
        Self::new(Value::Object(document)).lines(lines)
    }

    /// The command ends with this code, and that is no error.
    #[must_use]
    pub(crate) fn ending_with(mut self, exit_code: u8) -> Self {
        self.exit_code = exit_code;
        self
    }

    /// The code with which the command ends: 0 unless it was set.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Adds a line.
    #[must_use]
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds many.
    #[must_use]
    pub(crate) fn lines(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self
    }

    /// Prints it.
    ///
    /// # Errors
    /// [`CliError::Output`] where it was not taken: a full disk. A closed pipe is a reader who has
    /// seen enough, and no error.
    pub(crate) fn print(&self, format: Format) -> Result<(), CliError> {
        match format {
            Format::Quiet => Ok(()),
            Format::Json => write(&format!("{}\n", self.document)),
            Format::Text => {
                let lines = self.lines.iter().flat_map(|line| [line.as_str(), "\n"]);
                let text: String = lines.collect();
                write(&paint::paint(&text))
            }
        }
    }
}

/// Writes to the standard output, with colours where it takes them.
pub(crate) fn write(text: &str) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Writes to the standard error output. Where nobody reads any more, nobody is told.
pub(crate) fn complain(format: Format, text: &str) {
    let text = match format {
        Format::Json => text.to_owned(),
        Format::Text | Format::Quiet => paint::paint(text),
    };
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// What stands beside every result of an isolate that protects nobody from its host.
pub(crate) fn unprotected(kind: &str) -> String {
    let proves = if kind.ends_with("-emulated") {
        ", and its evidence PROVES NOTHING, since nobody signed it"
    } else {
        ""
    };
    format!(
        "NOTE: a `{kind}` isolate protects nobody from the host: whoever runs that machine can read \
         and change what is inside{proves}"
    )
}
