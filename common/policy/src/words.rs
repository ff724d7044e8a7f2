//! Numbers in words.

use alloc::{
    format,
    string::{String, ToString as _},
};

/// Bytes: in the largest unit that divides them, else grouped.
pub(crate) fn bytes(count: u64) -> String {
    let units = [
        (1 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    for (unit, name) in units {
        if let (Some(0), Some(quotient)) = (count.checked_rem(unit), count.checked_div(unit))
            && quotient > 0
        {
            return format!("{} {name}", grouped(quotient));
        }
    }
    match count {
        1 => "1 byte".into(),
        _ => format!("{} bytes", grouped(count)),
    }
}

/// Milliseconds: in the largest unit that divides them.
pub(crate) fn duration(milliseconds: u64) -> String {
    let units = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1000, "second"),
    ];
    for (unit, name) in units {
        if let (Some(0), Some(quotient)) = (
            milliseconds.checked_rem(unit),
            milliseconds.checked_div(unit),
        ) && quotient > 0
        {
            return plural(quotient, name);
        }
    }
    plural(milliseconds, "millisecond")
}

/// '1 run', '3 runs'.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(count))
}

/// Digits in groups of three: `1,000,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_largest_unit_that_divides_them() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_000_000), "1,000,000 bytes");
        assert_eq!(bytes(1 << 31), "2 GiB");
        assert_eq!(bytes(1 << 50), "1,024 TiB");
        assert_eq!(bytes((1 << 20) + 1), "1,048,577 bytes");
        assert_eq!(duration(60_000), "1 minute");
        assert_eq!(duration(90_000), "90 seconds");
        assert_eq!(duration(1500), "1,500 milliseconds");
        assert_eq!(duration(7_200_000), "2 hours");
        assert_eq!(duration(0), "0 milliseconds");
    }
}
