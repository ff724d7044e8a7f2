//! Numbers with a unit: sizes and durations.

/// A number with a unit, in the smallest unit.
pub(super) struct Quantity {
    /// None: more than fits.
    pub(super) value: Option<u64>,
}

/// Bytes a unit.
const SIZES: [(&str, u64); 5] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Milliseconds a unit.
const DURATIONS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("min", 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
];

/// Reads bytes.
pub(super) fn size(text: &str) -> Option<Quantity> {
    quantity(text, &SIZES)
}

/// Reads milliseconds.
pub(super) fn duration(text: &str) -> Option<Quantity> {
    quantity(text, &DURATIONS)
}

/// Digits without a leading zero, then the unit, and nothing between or around them.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<Quantity> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(end)?;
    if digits.is_empty() || (digits.starts_with('0') && digits.len() > 1) {
        return None;
    }
    let factor = units
        .iter()
        .find_map(|(name, factor)| (*name == unit).then_some(*factor))?;
    let value = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    Some(Quantity { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_numbers_with_a_unit() {
        let size = |text| size(text).and_then(|quantity| quantity.value);
        let duration = |text| duration(text).and_then(|quantity| quantity.value);
        assert_eq!(size("0B"), Some(0));
        assert_eq!(size("2GiB"), Some(2_147_483_648));
        assert_eq!(size("64MiB"), Some(67_108_864));
        assert_eq!(duration("500ms"), Some(500));
        assert_eq!(duration("60s"), Some(60_000));
        assert_eq!(duration("5min"), Some(300_000));
        assert_eq!(duration("2h"), Some(7_200_000));
        assert_eq!(duration("1d"), Some(86_400_000));
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "", "1", "GiB", "1GB", "1gib", "1 GiB", "1.5GiB", "-1B", "+1B", "01B", "1GiB ", "１B",
        ] {
            assert!(size(text).is_none(), "{text:?}");
        }
        for text in ["", "60", "1m", "1S", "1 s", "1.5s", "-1s", "1min30s", "00s"] {
            assert!(duration(text).is_none(), "{text:?}");
        }
        assert_eq!(size("18446744073709551615TiB").and_then(|q| q.value), None);
        assert_eq!(size("99999999999999999999999B").and_then(|q| q.value), None);
    }
}
