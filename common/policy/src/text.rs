//! Characters that no name, path or description may have.

/// The first character of `text` that is a control character, or that changes the direction of
/// writing so that a reader sees another text than the machine (Unicode's bidirectional controls,
/// UAX #9), or a line or paragraph separator.
pub(crate) fn forbidden_character(text: &str) -> Option<char> {
    text.chars().find(|c| {
        c.is_control()
            || matches!(c,
                '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// `text`, or its beginning and `…` where it has more than `limit` characters: what an error shows.
pub(crate) fn shorten(text: &str, limit: usize) -> alloc::string::String {
    let mut characters = text.chars();
    let mut short: alloc::string::String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
