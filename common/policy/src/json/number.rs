//! Numbers: integers that every JSON reader represents exactly.

/// 2^53 - 1: the largest integer of I-JSON (RFC 7493, section 2.2).
const LARGEST: i64 = (1 << 53) - 1;

/// Reads a whole number token in its one spelling.
pub(super) fn integer(token: &str) -> Option<i64> {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let second_spelling = (digits.starts_with('0') && digits.len() > 1) || token == "-0";
    if !plain || second_spelling {
        return None;
    }
    let value: i64 = token.parse().ok()?;
    (-LARGEST..=LARGEST).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn takes_integers_below_2_to_the_53() {
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("-1"), Some(-1));
        assert_eq!(integer("9007199254740991"), Some(9_007_199_254_740_991));
        assert_eq!(integer("-9007199254740991"), Some(-9_007_199_254_740_991));
    }

    #[test]
    fn refuses_other_numbers_and_other_spellings() {
        for token in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "-01",
            "1.0",
            "1e3",
            "1E3",
            "0.5",
            "+1",
            "9007199254740992",
            "-9007199254740992",
            "99999999999999999999999999",
            "1-",
            "--1",
        ] {
            assert_eq!(integer(token), None, "{token}");
        }
    }
}
