//! What isolates of a quorum say to each other, carried by whoever likes: the message as it arrives,
//! and any payload with a signature that is right.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::SigningKey;
use veracruz_computation::Unheard;
use veracruz_evidence::cose::{SPKI_HEADER, Unsigned, sign1};
use veracruz_evidence::spki;
use veracruz_policy::{InstanceId, KeyDigest};
use veracruz_protocol::media;

const TYP: i64 = 16;

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_slice(&[9; 32]).expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let headers = |headers: &mut veracruz_evidence::cbor::MapWriter| {
        headers.int(TYP, |w| w.text(media::AGREEMENT));
        headers.int(SPKI_HEADER, |w| {
            w.bytes(&spki::of_p256(KEY.verifying_key()));
        });
    };
    // Signing is slow: only what would be read is signed.
    if Unheard::parse(&Unsigned::new(headers, bytes).signed(&[1; 64])).is_ok() {
        check(&sign1(headers, bytes, &KEY));
    }
});

fn check(bytes: &[u8]) {
    let Ok(unheard) = Unheard::parse(bytes) else {
        return;
    };
    let said = unheard.unverified().clone();
    // Whoever is believed to have said it is the key that signed it.
    if let Ok(verified) = unheard.verify() {
        assert_eq!(verified, said);
        let own = KeyDigest::of_spki(&spki::of_p256(KEY.verifying_key()));
        if said.instance == InstanceId::from(own) {
            // One encoding for one agreement, but for its signature.
            let again = said
                .unsigned(&spki::of_p256(KEY.verifying_key()))
                .signed(&[0; 64]);
            let end = bytes.len() - 64;
            assert_eq!(again[..end], bytes[..end]);
        }
    }
}
