//! An explanation as text and Markdown.

use alloc::{format, string::String};
use core::fmt;

use super::{Explanation, Piece, Sentence};

/// The explanation as plain text: a heading a section, a line a sentence.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, section) in self.sections.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}:", section.title)?;
            for sentence in &section.sentences {
                let mark = if sentence.caution { '!' } else { ' ' };
                writeln!(f, "{mark} {sentence}")?;
            }
        }
        Ok(())
    }
}

impl Explanation {
    /// As Markdown (CommonMark). What the policy says stands in code spans, so that it cannot pass
    /// for markup.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# {}\n\n", code_span(&self.title));
        for (field, value) in self.record() {
            text.push_str(&format!("- {field}: {}\n", code_span(&value)));
        }
        for section in &self.sections {
            text.push_str(&format!("\n## {}\n\n", section.title));
            for sentence in &section.sentences {
                let mark = if sentence.caution { "**Note:** " } else { "" };
                text.push_str(&format!(
                    "- {mark}{}\n",
                    joined(sentence, code_span, escape_markdown)
                ));
            }
        }
        text
    }
}

pub(super) fn joined(
    sentence: &Sentence,
    value: impl Fn(&str) -> String,
    words: impl Fn(&str) -> String,
) -> String {
    let pieces = sentence.pieces.iter();
    pieces
        .map(|piece| match piece {
            Piece::Words(text) => words(text),
            Piece::Value(text) => value(text),
        })
        .collect()
}

/// A code span with more backticks around it than stand together in it (CommonMark, section 6.1).
fn code_span(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1));
    let blank = if longest > 0 || text.trim() != text || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Our own words have no character that Markdown takes for markup but these.
fn escape_markdown(text: &str) -> String {
    text.replace('*', "\\*")
        .replace('_', "\\_")
        .replace('<', "\\<")
}

#[cfg(test)]
mod tests {
    use super::super::html::tests::explanation;
    use super::*;

    #[test]
    fn no_value_passes_for_markup() {
        let markdown = explanation("<b>`*x*`</b> & \"y\"").to_markdown();
        assert!(
            markdown.contains("- It is `` <b>`*x*`</b> & \"y\" ``."),
            "{markdown}"
        );
        assert_eq!(code_span("a``b"), "``` a``b ```");
        assert_eq!(code_span(" "), "`   `");
    }
}
