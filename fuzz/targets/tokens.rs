//! Tokens of Arm CCA and PSA, quotes of a TPM, and files that are said to hold one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_appraisal::{Collateral, cca, psa, tpm};
use veracruz_policy::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);

/// The public key of nobody, on P-256: a key is looked for before a signature is.
const KEY: &[u8] = br#"{"kty":"EC","crv":"P-256",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

fuzz_target!(|bytes: &[u8]| {
    let mut collateral = Collateral::none();
    collateral.add(KEY).expect("a public key");
    assert!(cca::examine(bytes, &collateral, None, NOW).is_err());
    assert!(psa::examine(bytes, &collateral, None, NOW).is_err());
    assert!(tpm::examine(bytes, &collateral, None, NOW).is_err());
    if let Ok(token) = cca::import(bytes, &mut collateral) {
        assert!(cca::examine(&token, &collateral, None, NOW).is_err());
    }
    if let Ok(token) = psa::import(bytes, &mut collateral) {
        assert!(psa::examine(&token, &collateral, None, NOW).is_err());
    }
    if let Ok(content) = tpm::import(bytes, &mut collateral) {
        assert!(tpm::examine(&content, &collateral, None, NOW).is_err());
    }
});
