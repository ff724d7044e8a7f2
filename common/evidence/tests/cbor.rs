//! The strict reader on what nobody wrote for it.

use proptest::prelude::*;
use veracruz_evidence::cbor::{CborError, Reader, Writer, check};

/// Writes an arbitrary value, nested at most twice.
fn write(w: &mut Writer, seed: &[u8], depth: usize) {
    match seed {
        [] => w.null(),
        [kind, rest @ ..] => match kind % 7 {
            0 => w.unsigned(rest.iter().fold(0, |n, b| n << 8 | u64::from(*b))),
            1 => w.integer(-i64::from(*kind)),
            2 => w.bytes(rest),
            3 => w.text(&rest.iter().map(|b| char::from(*b)).collect::<String>()),
            4 => w.boolean(rest.is_empty()),
            5 if depth < 2 => {
                w.array(rest.len());
                rest.iter().for_each(|b| write(w, &[*b], depth + 1));
            }
            _ if depth < 2 => w.map(|m| {
                rest.iter()
                    .for_each(|b| m.int(i64::from(*b) - 128, |w| write(w, rest, depth + 2)));
            }),
            _ => w.null(),
        },
    }
}

proptest! {
    #[test]
    fn takes_whatever_the_writer_writes(seed in prop::collection::vec(any::<u8>(), 0..40)) {
        let bytes = Writer::encode(|w| write(w, &seed, 0));
        prop_assert_eq!(check(&bytes), Ok(()));
        // The second reader agrees on where the item ends.
        prop_assert_eq!(Reader::new(&bytes).unwrap().item(), Ok(&bytes[..]));
    }

    #[test]
    fn refuses_every_truncation_and_one_byte_more(seed in prop::collection::vec(any::<u8>(), 0..40)) {
        let bytes = Writer::encode(|w| write(w, &seed, 0));
        for length in 0..bytes.len() {
            let is_truncated = matches!(check(&bytes[..length]), Err(CborError::Truncated { .. }));
            prop_assert!(is_truncated, "cut to {} bytes", length);
        }
        let more = [&bytes[..], &[0]].concat();
        prop_assert_eq!(check(&more), Err(CborError::TrailingBytes { count: 1 }));
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // minicbor is the second opinion: what passes here, it reads to its end.
        if check(&bytes).is_ok() {
            let mut decoder = minicbor::Decoder::new(&bytes);
            prop_assert!(decoder.skip().is_ok());
            prop_assert_eq!(decoder.position(), bytes.len());
        }
    }
}
