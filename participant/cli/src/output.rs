//! How results are printed: for people, or as one JSON document.

use serde_json::Value;
use std::io::Write;

/// What a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    Text,
    /// One document for programs.
    Json,
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

    /// Prints it. A closed pipe is a reader who has seen enough.
    pub(crate) fn print(&self, format: Format) {
        let mut out = std::io::stdout().lock();
        let _ = match format {
            Format::Text => self
                .lines
                .iter()
                .try_for_each(|line| writeln!(out, "{line}")),
            Format::Json => writeln!(out, "{}", self.document),
        };
        let _ = out.flush();
    }
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

/// A bar on a terminal, nothing elsewhere.
pub(crate) fn progress(format: Format, what: &str) -> impl FnMut(u64, u64) + Send + use<> {
    let bar = match format {
        Format::Text => indicatif::ProgressBar::no_length(),
        Format::Json => indicatif::ProgressBar::hidden(),
    };
    let style = "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = indicatif::ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    move |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        if done == all {
            bar.finish_and_clear();
        }
    }
}
