//! How the demo speaks: numbered steps, with the time that each took.

use crate::error::CliError;
use crate::output::{self, Format, Report};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Instant;

/// Tells the steps of a story while it happens; where documents are asked for, all of it at its end.
pub(super) struct Narrator {
    start: Instant,
    format: Format,
    steps: Vec<Step>,
    /// Why what was told did not arrive, the first time.
    unheard: Option<CliError>,
}

/// One of them.
struct Step {
    title: String,
    /// Since the start, in seconds.
    at: f64,
    said: Vec<Value>,
}

impl Narrator {
    pub(super) fn new(format: Format) -> Self {
        Self {
            start: Instant::now(),
            format,
            steps: Vec::new(),
            unheard: None,
        }
    }

    /// A new step.
    pub(super) fn step(&mut self, title: &str) {
        let at = self.seconds();
        self.steps.push(Step {
            title: title.to_owned(),
            at,
            said: Vec::new(),
        });
        let number = self.steps.len();
        self.tell(&format!("\n{number:2}. {title:<58} [{at:5.2} s]\n"));
    }

    /// What somebody did or learned.
    pub(super) fn says(&mut self, who: &str, what: &str) {
        if let Some(step) = self.steps.last_mut() {
            step.said.push(json!({ "who": who, "what": what }));
        }
        let mut text = String::new();
        for (index, line) in wrap(what, 74).iter().enumerate() {
            let who = if index == 0 { who } else { "" };
            let _ = writeln!(text, "      {who:<8} {line}");
        }
        self.tell(&text);
    }

    /// A box that nobody overlooks, with or without colours.
    pub(super) fn banner(&mut self, title: &str, lines: &[String]) {
        let rule = "=".repeat(84);
        let mut text = format!("{rule}\n  {title}\n");
        for line in lines.iter().flat_map(|line| wrap(line, 80)) {
            let _ = writeln!(text, "  {line}");
        }
        self.tell(&format!("{text}{rule}\n"));
    }

    /// How long the story has taken, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// All of it, for programs: people were told while it happened.
    pub(super) fn end(self, protection: &[String]) -> Result<Report, CliError> {
        let seconds = self.seconds();
        if let Some(error) = self.unheard {
            return Err(error);
        }
        let steps = self.steps.into_iter();
        let steps =
            steps.map(|step| json!({ "title": step.title, "seconds": step.at, "said": step.said }));
        Ok(Report::new(json!({
            "isolate": protection,
            "steps": steps.collect::<Vec<_>>(),
            "seconds": seconds,
        })))
    }

    /// Prints text for people, as far as it is wanted and arrives.
    pub(super) fn tell(&mut self, text: &str) {
        if self.format == Format::Text && self.unheard.is_none() {
            self.unheard = output::write(&output::painted(text)).err();
        }
    }
}

/// Breaks `text` into lines of at most `width` characters, at spaces.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn no_line_is_wider_than_asked_and_no_word_is_lost() {
        let text = "one two three four five six seven";
        let lines = wrap(text, 10);
        assert!(lines.iter().all(|line| line.len() <= 10), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }
}
