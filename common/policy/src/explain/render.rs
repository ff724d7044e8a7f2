//! An explanation as text, Markdown and HTML.

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
        let mut text = format!("# {}\n", code_span(&self.title));
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

    /// As one HTML document without scripts, styles from elsewhere or pictures.
    #[must_use]
    pub fn to_html(&self) -> String {
        let title = escape_html(&self.title);
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <title>{title}</title>\n<style>\nbody {{ font-family: sans-serif; max-width: 50em; \
             margin: 2em auto; line-height: 1.4; }}\ncode {{ overflow-wrap: anywhere; }}\n\
             .caution {{ font-weight: bold; }}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for section in &self.sections {
            text.push_str(&format!("<h2>{}</h2>\n<ul>\n", escape_html(&section.title)));
            for sentence in &section.sentences {
                let class = if sentence.caution {
                    " class=\"caution\""
                } else {
                    ""
                };
                let value = |value: &str| format!("<code>{}</code>", escape_html(value));
                text.push_str(&format!(
                    "<li{class}>{}</li>\n",
                    joined(sentence, value, escape_html)
                ));
            }
            text.push_str("</ul>\n");
        }
        text.push_str("</body>\n</html>\n");
        text
    }
}

fn joined(
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

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn explanation(value: &str) -> Explanation {
        Explanation {
            title: value.into(),
            sections: vec![super::super::Section {
                title: "A".into(),
                sentences: vec![super::super::say(
                    "it is {}.",
                    &[super::super::code(value)],
                    &[],
                )],
            }],
        }
    }

    #[test]
    fn no_value_passes_for_markup() {
        let hostile = "<b>`*x*`</b> & \"y\"";
        let html = explanation(hostile).to_html();
        assert!(
            !html.contains("<b>") && html.contains("&lt;b&gt;"),
            "{html}"
        );
        let markdown = explanation(hostile).to_markdown();
        assert!(
            markdown.contains("- It is `` <b>`*x*`</b> & \"y\" ``."),
            "{markdown}"
        );
        assert_eq!(code_span("a``b"), "``` a``b ```");
        assert_eq!(code_span(" "), "`   `");
    }
}
