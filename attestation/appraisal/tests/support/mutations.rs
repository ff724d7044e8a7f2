//! Changes of good evidence that must not pass.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a failure"
)]

/// Each bit of each byte (or one bit of each), each truncation, a further byte, and eight bytes at
/// a time from a fixed sequence.
pub(crate) fn mutations(good: &[u8], every_bit: bool) -> impl Iterator<Item = Vec<u8>> + '_ {
    let bits = if every_bit { 8 } else { 1 };
    let flips = (0..good.len()).flat_map(move |index| {
        (0..bits).map(move |bit| {
            let mut changed = good.to_vec();
            changed[index] ^= 1 << ((bit + index * 3) % 8);
            changed
        })
    });
    let cuts = (0..good.len()).map(|length| good[..length].to_vec());
    let longer = [[good, &[0]].concat()];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let random = (0..200).map(move |_| {
        let mut changed = good.to_vec();
        for _ in 0..8 {
            // xorshift64: a fixed sequence is enough.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let bytes = state.to_le_bytes();
            let index = usize::from(u16::from_le_bytes([bytes[0], bytes[1]])) % changed.len();
            changed[index] = changed[index].wrapping_add(bytes[2] | 1);
        }
        changed
    });
    flips.chain(cuts).chain(longer).chain(random)
}
