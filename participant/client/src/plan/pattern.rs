//! Patterns with `*`, which stands for any text without a slash.

/// The texts between the stars.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<String>);

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains("**") {
            return Err("`**` is not supported: name each level of folders");
        }
        Ok(Self(text.split('*').map(str::to_owned).collect()))
    }

    pub(super) fn stars(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// What the stars stand for where `text` matches: each as little as it can be.
    pub(super) fn matches<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, rest) = self.0.split_first()?;
        capture(rest, text.strip_prefix(first.as_str())?)
    }

    /// The text with these in the place of the stars.
    pub(super) fn fill(&self, captured: &[&str]) -> String {
        let mut parts = self.0.iter();
        let mut text = parts.next().cloned().unwrap_or_default();
        for (between, star) in parts.zip(captured) {
            text.push_str(star);
            text.push_str(between);
        }
        text
    }

    /// All up to the last slash before the first star: the folder below which matches are.
    pub(super) fn folder(&self) -> &str {
        let first = self.0.first().map_or("", String::as_str);
        first.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Matches the rest of a text with what follows a star. A star ends at the first place from which
/// all the rest matches; texts are at most a few kilobytes and stars few.
fn capture<'t>(parts: &[String], text: &'t str) -> Option<Vec<&'t str>> {
    let Some((part, rest)) = parts.split_first() else {
        return text.is_empty().then(Vec::new);
    };
    let reach = text.find('/').unwrap_or(text.len());
    let ends = text.char_indices().map(|(index, _)| index);
    ends.chain([text.len()])
        .take_while(|end| *end <= reach)
        .find_map(|end| {
            let (star, after) = text.split_at_checked(end)?;
            let mut captured = capture(rest, after.strip_prefix(part.as_str())?)?;
            captured.insert(0, star);
            Some(captured)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
        Pattern::parse(pattern).unwrap().matches(text)
    }

    #[test]
    fn stars_stand_for_text_without_a_slash() {
        assert_eq!(captured("/in/*.csv", "/in/a.csv"), Some(vec!["a"]));
        assert_eq!(captured("/in/*.csv", "/in/a.csv.csv"), Some(vec!["a.csv"]));
        assert_eq!(captured("/in/*.csv", "/in/é.csv"), Some(vec!["é"]));
        assert_eq!(captured("/in/*.csv", "/in/.csv"), Some(vec![""]));
        assert_eq!(captured("/*/*", "/in/a"), Some(vec!["in", "a"]));
        assert_eq!(
            captured("/in/*-*.csv", "/in/a-b-c.csv"),
            Some(vec!["a", "b-c"])
        );
        for (pattern, text) in [
            ("/in/*.csv", "/in/a/b.csv"),
            ("/in/*.csv", "/in/a.csv.gz"),
            ("/in/*.csv", "/out/a.csv"),
            ("/in/*", "/in/a/b"),
            ("/*", "/in/a"),
        ] {
            assert_eq!(captured(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn what_was_captured_fills_the_other_side() {
        let right = Pattern::parse("data/*/x-*.csv").unwrap();
        assert_eq!(right.fill(&["a", "b"]), "data/a/x-b.csv");
        assert_eq!((right.folder(), right.stars()), ("data", 2));
        assert_eq!(Pattern::parse("*.csv").unwrap().folder(), "");
    }
}
