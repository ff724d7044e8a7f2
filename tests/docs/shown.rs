//! Comparing what a document shows with what was printed.

/// Left out of what is shown: any characters, or, alone on a line, any lines.
const LEFT_OUT: char = '…';

/// Whether `printed` is what `shown` shows.
pub(crate) fn matches(shown: &str, printed: &str) -> bool {
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let printed: Vec<&str> = printed.trim_end().lines().collect();
    lines_match(&shown, &printed)
}

fn lines_match(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        ([first, rest @ ..], _) if first.trim() == "…" => {
            (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]))
        }
        ([first, shown @ ..], [line, printed @ ..]) => {
            line_matches(first.trim_end(), line.trim_end()) && lines_match(shown, printed)
        }
        _ => false,
    }
}

fn line_matches(shown: &str, printed: &str) -> bool {
    match shown.split_once(LEFT_OUT) {
        None => shown == printed,
        Some((before, after)) => printed.strip_prefix(before).is_some_and(|rest| {
            let mut rest = rest.chars();
            loop {
                if line_matches(after, rest.as_str()) {
                    return true;
                }
                if rest.next().is_none() {
                    return false;
                }
            }
        }),
    }
}

#[test]
fn what_was_left_out_matches_and_nothing_else() {
    for (shown, printed) in [
        ("a … c", "a b b c"),
        ("a\n…\nd", "a\nb\nc\nd"),
        ("…\nd", "d"),
        ("a …", "a b"),
        ("ü…ß", "üöß"),
        ("a\n…", "a\nb\n"),
    ] {
        assert!(matches(shown, printed), "{shown:?} {printed:?}");
    }
    for (shown, printed) in [
        ("a … c", "a b"),
        ("a", "a\nb"),
        ("a\n…\nd", "a\nd\ne"),
        ("a\nb", "a"),
    ] {
        assert!(!matches(shown, printed), "{shown:?} {printed:?}");
    }
}
