//! The control channel between host and isolate: frames that arrive in pieces of any size.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use veracruz_protocol::control::{Decoder, Message, ToHost, ToIsolate, encode};

/// What arrives, and after how many bytes each piece ends.
#[derive(Arbitrary, Debug)]
struct Arriving<'a> {
    pieces: Vec<u8>,
    bytes: &'a [u8],
}

fuzz_target!(|arriving: Arriving| {
    check::<ToIsolate>(&arriving);
    check::<ToHost>(&arriving);
});

/// The pieces do not matter, and what was read is written as the same bytes.
fn check<M: Message + PartialEq + std::fmt::Debug>(arriving: &Arriving) {
    let whole = read::<M>([arriving.bytes]);
    let mut rest = arriving.bytes;
    let pieces = arriving.pieces.iter().map(|size| {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*size)));
        rest = after;
        piece
    });
    let mut pieces: Vec<&[u8]> = pieces.collect();
    pieces.push(rest);
    assert_eq!(read::<M>(pieces), whole);

    let written: Vec<u8> = whole.iter().filter_map(encode).flatten().collect();
    assert!(arriving.bytes.starts_with(&written));
}

/// All messages up to the first that is refused.
fn read<'a, M: Message>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<M> {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for piece in pieces {
        // Also after a push that was refused: what came before it is still a message.
        let pushed = decoder.push(piece);
        while let Ok(Some(message)) = decoder.next() {
            messages.push(message);
        }
        if pushed.is_err() || decoder.next::<M>().is_err() {
            break;
        }
    }
    messages
}
