//! How the demo speaks: numbered steps, with the time that each took.

use std::time::Instant;

/// Prints the steps of a story.
pub(super) struct Narrator {
    start: Instant,
    step: u32,
}

impl Narrator {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            step: 0,
        }
    }

    /// A new step.
    pub(super) fn step(&mut self, title: &str) {
        self.step = self.step.saturating_add(1);
        let seconds = self.start.elapsed().as_secs_f64();
        println!("\n{:2}. {title:<58} [{seconds:5.2} s]", self.step);
    }

    /// What somebody did or learned.
    pub(super) fn says(&self, who: &str, what: &str) {
        for (index, line) in wrap(what, 74).iter().enumerate() {
            println!("      {:<8} {line}", if index == 0 { who } else { "" });
        }
    }

    /// How long the story has taken, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// A box that nobody overlooks, with or without colours.
pub(super) fn banner(title: &str, lines: &[String]) {
    let rule = "=".repeat(84);
    println!("{rule}\n  {title}");
    for text in lines {
        for line in wrap(text, 80) {
            println!("  {line}");
        }
    }
    println!("{rule}");
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
