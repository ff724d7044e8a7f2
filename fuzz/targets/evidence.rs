//! Evidence: strict CBOR, the envelope, the token of the software root of trust, its appraisal, and
//! what attester and isolate say to each other.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::SigningKey;
use veracruz_evidence::channel::{self, Reply};
use veracruz_evidence::cose::{SPKI_HEADER, Unsigned};
use veracruz_evidence::{Evidence, ReportData, Technology, cbor, spki, sw_rot};
use veracruz_policy::{KeyDigest, PolicyHash, ProcessIsolate, Sha256, Timestamp};

static SPKI: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = SigningKey::from_slice(&[7; 32]).expect("a key");
    spki::of_p256(key.verifying_key()).to_vec()
});

fuzz_target!(|bytes: &[u8]| {
    cbor(bytes);
    envelope(bytes);
    if let Ok(reply) = Reply::parse(bytes) {
        assert_eq!(reply.encode(), bytes);
    }
    let _ = channel::parse_request(bytes);
    // As a token, and as the claims of a token that is right but for its signature.
    token(bytes);
    let headers = |headers: &mut cbor::MapWriter| headers.int(SPKI_HEADER, |w| w.bytes(&SPKI));
    token(&Unsigned::new(headers, bytes).signed(&[1; 64]));
});

/// What the strict check lets pass, a reader can step over as one item.
fn cbor(bytes: &[u8]) {
    assert_eq!(cbor::check(bytes).is_ok(), cbor::Reader::new(bytes).is_ok());
    if let Ok(mut reader) = cbor::Reader::new(bytes) {
        assert_eq!(reader.item(), Ok(bytes));
    }
}

/// One encoding for one envelope.
fn envelope(bytes: &[u8]) {
    if let Ok(evidence) = Evidence::parse(bytes) {
        assert_eq!(evidence.encode(), bytes);
        token(evidence.content());
    }
}

/// Nobody trusts this key, and a signature that fits was made by nobody here: all is refused.
fn token(bytes: &[u8]) {
    let parsed = sw_rot::parse(bytes);
    if let Ok(token) = &parsed {
        let token = token.peek();
        let _ = (
            token.lifecycle(),
            token.names_its_attester(),
            token.claims(),
        );
    }
    let trusted = KeyDigest::from_bytes([1; 32]);
    let reference = ProcessIsolate::new(vec![Sha256::from_bytes([2; 32])], vec![trusted]);
    let refused = veracruz_appraisal::sw_rot::verify(
        &Evidence::new(Technology::SoftwareRootOfTrust, bytes.into()),
        &reference,
        &PolicyHash::from_bytes([3; 32]),
        &ReportData::from_bytes([4; 64]),
        Timestamp::from_seconds(1_800_000_000),
    );
    assert!(refused.is_err());
}
