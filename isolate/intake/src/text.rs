//! Texts that somebody else made.

/// The longest text of a program's that goes into a report or a message, in characters.
pub const TEXT_CHARACTERS: usize = 500;

/// The beginning of a text, at most [`TEXT_CHARACTERS`] of it.
#[must_use]
pub fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut(&"é".repeat(1000)).chars().count(), TEXT_CHARACTERS);
    }
}
