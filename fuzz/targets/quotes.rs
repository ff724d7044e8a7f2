//! Quotes of SGX and TDX, files that are said to hold one, and files of collateral.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veracruz_appraisal::{Collateral, sgx, tdx};
use veracruz_policy::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_795_161_600);

fuzz_target!(|bytes: &[u8]| {
    let mut collateral = Collateral::none();
    let _ = collateral.add(bytes);
    // Nobody has the keys that a good quote needs, and no collateral says what a platform is worth.
    assert!(sgx::examine(bytes, &collateral, None, NOW).is_err());
    assert!(tdx::examine(bytes, &collateral, None, NOW).is_err());
    if let Ok(quote) = sgx::import(bytes, &mut collateral) {
        assert!(sgx::examine(&quote, &collateral, None, NOW).is_err());
    }
    if let Ok(quote) = tdx::import(bytes, &mut collateral) {
        assert!(tdx::examine(&quote, &collateral, None, NOW).is_err());
    }
});
