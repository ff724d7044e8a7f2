//! What is wrong with a document, shown in the document: the line, and carets below the place.

use std::path::Path;
use veracruz_policy::{PolicyErrors, Position};

/// Most characters of a line that are shown.
const SHOWN: usize = 96;

/// Characters that are shown before the place, where the line is longer than [`SHOWN`].
const BEFORE: usize = 32;

/// An error or a warning.
pub(super) struct Said {
    /// `error` or `warning`.
    pub(super) label: &'static str,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) position: Position,
    pub(super) hint: String,
}

/// All errors of a policy.
pub(crate) fn text(path: &Path, source: &[u8], errors: &PolicyErrors) -> String {
    let lines = errors.iter().flat_map(|error| {
        let said = Said {
            label: "error",
            code: error.code(),
            message: error.cause().to_string(),
            position: error.position(),
            hint: error.hint(),
        };
        lines(path, source, &said)
    });
    lines.map(|line| line + "\n").collect()
}

/// The lines that show one thing, and an empty one at the end.
pub(super) fn lines(path: &Path, source: &[u8], said: &Said) -> Vec<String> {
    let Position { line, column, .. } = said.position;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let mut lines = vec![
        format!("{}[{}]: {}", said.label, said.code, said.message),
        format!("{margin}--> {}:{line}:{column}", path.display()),
    ];
    let source = String::from_utf8_lossy(source);
    if let Some(found) = source.split('\n').nth(line.saturating_sub(1)) {
        let (shown, carets) = excerpt(found, column);
        lines.push(format!("{margin} |"));
        lines.push(format!("{number} | {shown}").trim_end().to_owned());
        lines.push(format!("{margin} | {carets}"));
    }
    lines.push(format!("{margin} = hint: {}", said.hint));
    lines.push(String::new());
    lines
}

/// A line around a column (from 1), and the carets below the value or name that begins there.
fn excerpt(line: &str, column: usize) -> (String, String) {
    let characters: Vec<char> = line.trim_end_matches('\r').chars().collect();
    let place = column.saturating_sub(1).min(characters.len());
    let start = if characters.len() > SHOWN {
        place.saturating_sub(BEFORE)
    } else {
        0
    };
    let shown: String = characters
        .iter()
        .skip(start)
        .take(SHOWN)
        .map(|character| visible(*character))
        .collect();
    let blanks = place.saturating_sub(start);
    let end = shown.chars().count().max(blanks.saturating_add(1));
    let wide = width(characters.get(place..).unwrap_or_default());
    let carets = wide.min(end.saturating_sub(blanks)).max(1);
    (shown, " ".repeat(blanks) + &"^".repeat(carets))
}

/// Characters of the token that begins here: a text with its quotation marks, or a number or word.
fn width(rest: &[char]) -> usize {
    let Some('"') = rest.first() else {
        let ends = |c: &char| c.is_whitespace() || ",:[]{}".contains(*c);
        return rest.iter().position(ends).unwrap_or(rest.len());
    };
    let mut escaped = false;
    for (index, character) in rest.iter().enumerate().skip(1) {
        match character {
            '"' if !escaped => return index.saturating_add(1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// A terminal must not take orders from a policy, nor show it in another order than it is in.
fn visible(character: char) -> char {
    let turns = matches!(character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match character {
        '\t' => ' ',
        c if c.is_control() || turns || is_nothing(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Has no width and shows nothing, so that the carets would stand beside their place.
fn is_nothing(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use veracruz_policy::Policy;

    fn shown(document: &str) -> String {
        let errors = Policy::parse(document.as_bytes()).unwrap_err();
        text(Path::new("p.json"), document.as_bytes(), &errors)
    }

    #[test]
    fn an_error_shows_its_line_with_carets_below_it_and_what_to_do() {
        let text = shown("{\n  \"veracruz\": 2\n}");
        let lines: Vec<_> = text.lines().collect();
        let expected = [
            "error[VC-0124]: expected version 1 of the policy format, found 2",
            " --> p.json:2:15",
            "  |",
            "2 |   \"veracruz\": 2",
            "  |               ^",
        ];
        assert_eq!(lines.get(..5), Some(&expected[..]));
        assert!(
            lines
                .get(5)
                .is_some_and(|line| line.starts_with("  = hint: ")),
            "{text}"
        );
    }

    #[test]
    fn carets_span_the_value_or_name() {
        assert_eq!(excerpt("  \"x\\\"y\": 12,", 3).1, "  ^^^^^^");
        assert_eq!(excerpt("  \"x\\\"y\": 12,", 11).1, "          ^^");
        assert_eq!(excerpt("{", 1).1, "^");
        assert_eq!(excerpt("", 1).1, "^");
        assert_eq!(excerpt("ab", 9).1, "  ^");
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let long = format!("{}\"{}\"", " ".repeat(100), "a".repeat(200));
        let (line, carets) = excerpt(&long, 101);
        assert_eq!(line.chars().count(), SHOWN);
        assert_eq!(carets, " ".repeat(BEFORE) + &"^".repeat(SHOWN - BEFORE));
    }

    #[test]
    fn a_terminal_takes_no_orders() {
        let text = shown("{ \"veracruz\": 1, \"\u{1b}[31m\u{202e}\": 2 }");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_mebibyte_of_brackets_is_one_short_error() {
        let text = shown(&"[".repeat(1 << 20));
        assert!(text.len() < 600, "{}", text.len());
        assert!(text.starts_with("error[VC-0105]: "), "{text}");
    }
}
