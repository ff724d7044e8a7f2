//! Receipts: the file as it arrives, and any payload with a signature that is right, so that the
//! comparison with the policy is reached.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::SigningKey;
use veracruz_evidence::cbor::Writer;
use veracruz_evidence::cose::{SPKI_HEADER, Unsigned, sign1};
use veracruz_evidence::{Evidence, Technology, spki};
use veracruz_policy::Policy;
use veracruz_receipt::{EvidenceFindings, Receipt, verify};

const TYP: i64 = 16;
const MEDIA_TYPE: &str = "application/vnd.veracruz.receipt+cbor";

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let document = include_bytes!("../../common/receipt/tests/fixtures/policy.json");
    Policy::parse(document).expect("the fixture is a policy")
});
/// The isolate of the fixture.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_slice(&[9; 32]).expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // Signing is slow: only what would be read is signed.
    let unsigned = Unsigned::new(headers, bytes).signed(&[1; 64]);
    if Receipt::parse(&file(&unsigned)).is_ok() {
        check(&file(&sign1(headers, bytes, &KEY)));
    }
});

fn check(bytes: &[u8]) {
    let Ok(receipt) = Receipt::parse(bytes) else {
        assert!(
            verify(bytes, &POLICY, &[], |_, _| -> Result<_, Infallible> {
                unreachable!("evidence of what is no receipt")
            })
            .is_err()
        );
        return;
    };
    // One encoding for one receipt.
    assert_eq!(receipt.encode(), bytes);
    let measurement = receipt.unverified_payload().measurement;
    let verified = verify(bytes, &POLICY, &[], |_, _| {
        Ok::<_, Infallible>(EvidenceFindings {
            measurement,
            protects_from_host: false,
            words: String::new(),
        })
    });
    if let Ok(verified) = verified {
        assert_eq!(verified.payload.policy, POLICY.hash());
        assert!((1..=POLICY.approval().runs).contains(&verified.payload.run));
        for participant in &POLICY.approval().required {
            assert!(verified.payload.approvals.contains_key(participant));
        }
        let lists = verified.proved.iter().map(ToString::to_string);
        assert!(
            lists
                .chain(verified.not_proved.iter().map(ToString::to_string))
                .all(|line| !line.is_empty())
        );
    }
}

fn headers(headers: &mut veracruz_evidence::cbor::MapWriter) {
    headers.int(TYP, |w| w.text(MEDIA_TYPE));
    headers.int(SPKI_HEADER, |w| {
        w.bytes(&spki::of_p256(KEY.verifying_key()))
    });
}

fn file(signed: &[u8]) -> Vec<u8> {
    let evidence = Evidence::new(Technology::SoftwareRootOfTrust, Vec::new());
    Writer::encode(|w| {
        w.array(3);
        w.unsigned(1);
        w.bytes(signed);
        w.bytes(&evidence.encode());
    })
}
