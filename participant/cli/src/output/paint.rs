//! Colours for the few words by which an eye finds its place, and for nothing else: text reads the
//! same without them.

use anstyle::{AnsiColor, Style};
use std::borrow::Cow;
use std::fmt::Write as _;

const fn bold(color: AnsiColor) -> Style {
    color.on_default().bold()
}

/// Words at the beginning of a line, the character that ends them, and how both are shown.
const MARKED: [(&str, char, Style); 6] = [
    ("error", ']', bold(AnsiColor::Red)),
    ("warning", ']', bold(AnsiColor::Yellow)),
    ("hint", ':', bold(AnsiColor::Cyan)),
    ("= hint", ':', bold(AnsiColor::Cyan)),
    ("NOTE", ':', bold(AnsiColor::Yellow)),
    ("MISSING", ' ', bold(AnsiColor::Yellow)),
];

/// Text that gives a terminal no orders, with colours where a line begins with one of the words.
pub(crate) fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len());
    for line in tame(text).split_inclusive('\n') {
        let start = line.trim_start_matches(' ');
        let (indent, _) = line.split_at(line.len().saturating_sub(start.len()));
        painted.push_str(indent);
        match marked(start) {
            Some((word, rest, style)) => {
                let _ = write!(painted, "{style}{word}{style:#}{rest}");
            }
            None => painted.push_str(start),
        }
    }
    painted
}

/// The marked beginning of a line, and the rest.
fn marked(line: &str) -> Option<(&str, &str, Style)> {
    MARKED.iter().find_map(|(word, end, style)| {
        let after = line.strip_prefix(word)?;
        // `error[VC-0101]`, `hint:`; not `errors` or `hints: …`.
        let within = match end {
            ']' => after.strip_prefix('[')?.find(']')?.saturating_add(2),
            end => after.starts_with(*end).then_some(1)?,
        };
        let (marked, rest) = line.split_at_checked(word.len().saturating_add(within))?;
        Some((marked, rest, *style))
    })
}

/// Text in which control characters, and those that turn the direction of writing, are written out:
/// what others wrote moves no cursor and hides no word.
fn tame(text: &str) -> Cow<'_, str> {
    let wild = |letter: char| {
        let harmless = matches!(letter, '\n' | '\t');
        letter.is_control() && !harmless
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(wild) {
        return Cow::Borrowed(text);
    }
    let mut tamed = String::with_capacity(text.len());
    for letter in text.chars() {
        match wild(letter) {
            true => tamed.extend(letter.escape_unicode()),
            false => tamed.push(letter),
        }
    }
    Cow::Owned(tamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_at_the_beginning_of_a_line_are_coloured() {
        let red = "\u{1b}[1m\u{1b}[31m";
        let cyan = "\u{1b}[1m\u{1b}[36m";
        assert_eq!(
            paint("error[VC-0101]: a hint: of\n  hint: do\n"),
            format!("{red}error[VC-0101]\u{1b}[0m: a hint: of\n  {cyan}hint:\u{1b}[0m do\n")
        );
        for text in ["errors of all\n", "hints: two\n", "a NOTE: b", "\n\n  x"] {
            assert_eq!(paint(text), text);
        }
    }

    #[test]
    fn without_colours_every_word_is_there() {
        let text = "error[VC-0101]: no\n  --> a.json:1:1\n  = hint: do\nNOTE: mind\n";
        assert_eq!(anstream::adapter::strip_str(&paint(text)).to_string(), text);
    }

    #[test]
    fn a_terminal_takes_no_orders() {
        assert_eq!(
            paint("a\u{1b}[2Jb\u{202e}c\rd\u{9b}"),
            "a\\u{1b}[2Jb\\u{202e}c\\u{d}d\\u{9b}"
        );
        assert!(matches!(tame("ä\tb\n"), Cow::Borrowed(_)));
    }
}
