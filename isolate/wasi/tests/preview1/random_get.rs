//! `random_get`: the stream of ChaCha20 under the seed.

use crate::common::{DATA, call, config, guest, start};
use veracruz_wasi::Errno;

/// The key stream of ChaCha20 under the key 07…07 and a zero nonce, as openssl gives it:
/// `openssl enc -chacha20 -K 07…07 -iv 00…00 -in /dev/zero`.
const STREAM: &str = "f400927857aaf64114f561baacb379708c79a1dc1476ab573216a4020764bde545c143dbb9609c22ab855d60925a997603d78a3f20d154abd8ddfa6974eedf6b";

#[test]
fn randomness_is_the_stream_of_chacha20_under_the_seed() {
    let mut guest = guest();
    // In pieces, since no call may lose any of the stream.
    for (at, len) in [(0, 20), (20, 0), (20, 44)] {
        assert_eq!(call!(guest, random_get, DATA + at, len), Ok(()));
    }
    let hex: String = guest
        .bytes(DATA, 64)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, STREAM);
}

#[test]
fn another_seed_gives_other_bytes_and_a_large_buffer_is_filled() {
    let (mut one, mut other) = (guest(), config(&[]));
    other.seed = [8; 32];
    let mut other = start(other);
    assert_eq!(call!(one, random_get, 0, 1 << 20), Ok(()));
    assert_eq!(call!(other, random_get, 0, 1 << 20), Ok(()));
    assert_ne!(one.memory, other.memory);
    assert!(
        one.memory
            .chunks(64)
            .all(|chunk| chunk.iter().any(|byte| *byte != 0))
    );
    assert_eq!(call!(one, random_get, 1, 1 << 20), Err(Errno::Fault));
    assert_eq!(
        call!(one, random_get, u32::MAX, u32::MAX),
        Err(Errno::Fault)
    );
}
