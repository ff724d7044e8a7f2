//! Characters that no name, path or description may have.

use alloc::string::String;

/// The first character of `text` that is a control character, or that changes the direction of
/// writing so that a reader sees another text than the machine (Unicode's bidirectional controls,
/// UAX #9), or a line or paragraph separator.
pub(crate) fn forbidden_character(text: &str) -> Option<char> {
    text.chars().find(|c| is_forbidden(*c))
}

/// What an error shows of a text from outside: at most `limit` characters, `…` where there are
/// more, and `\u{fffd}` for each that [`forbidden_character`] finds, so that a message is one line
/// and reads as it is.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters
        .by_ref()
        .take(limit)
        .map(|c| {
            if is_forbidden(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
