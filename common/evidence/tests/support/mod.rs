//! What several test files need.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

/// Bytes from hexadecimal, ignoring a line's end.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.trim().bytes().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Calls `is_refused` with every proper prefix, and with one byte more.
pub(crate) fn every_truncation(bytes: &[u8], is_refused: impl Fn(&[u8]) -> bool) {
    for length in 0..bytes.len() {
        assert!(is_refused(&bytes[..length]), "cut to {length} bytes");
    }
    assert!(is_refused(&[bytes, &[0]].concat()), "one byte more");
}

/// Calls `is_refused` with every message that differs by one bit.
pub(crate) fn every_flipped_bit(bytes: &[u8], is_refused: impl Fn(&[u8]) -> bool) {
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&changed), "bit {bit}");
    }
}
